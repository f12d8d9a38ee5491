"""The table of the documentation: rules, a trained mind, Stable-Baselines3's mind and chance among strangers.

    townlet train benchmarks/arena/trained.yaml --mode anneal --out build/table/trained
    python benchmarks/arena/sb3.py --minutes 8 --out build/table/sb3.onnx
    python benchmarks/arena/table.py --minutes 9        # as often as it takes; each scenario is kept when it was played
    python benchmarks/arena/table.py --write            # writes docs/reference/strangers.md

The first two commands make the minds, the third plays both suites with them, the last writes the page: the words in
``benchmarks/arena/words.md``, and the numbers. The ONNX backend is the one in ``docs/examples``.
What was played is used again only for the very same minds and suite; remove the folder where the rules have changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from townlet.arena import ArenaResult, ScenarioResult, Suite, join_results, load_suite, meet
from townlet.arena.measures import stratified
from townlet.arena.naming import RANDOM
from townlet.config import load_config
from townlet.config.execution import ExecutionConfig
from townlet.evaluation import Estimate
from townlet.executors import open_executor
from townlet.play import Casting, MindSpec

SUITES = ("public", "held-out")
PAGE = Path("docs/reference/strangers.md")
WORDS = Path(__file__).with_name("words.md")


def minds(trained: str, sb3: str) -> list[MindSpec]:
    """Who is in the table, by the names that stand there."""
    casting = Casting.of(load_config())
    named = {
        "rules": casting.mind("scripted"),
        "old rules": MindSpec(requested="old rules", backend="scripted", options={"preset": "classic"}),
        "trained": casting.mind(f"pytorch:{trained}"),
        "SB3": casting.mind(f"onnx:{sb3}"),
        "random": RANDOM,
    }
    return [replace(mind, requested=name) for name, mind in named.items()]


def key(suite: Suite, played: Sequence[MindSpec]) -> str:
    """What was played: another key, other results."""
    told = [suite.digest, *(json.dumps(mind.to_json(), sort_keys=True) for mind in played)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def play(suite: Suite, played: Sequence[MindSpec], folder: Path, until: float, workers: int) -> list[ArenaResult]:
    """The scenarios that were played already, and as many more as there is time for."""
    found, mine = [], key(suite, played)
    with open_executor(ExecutionConfig(workers=workers)) as executor:
        for scenario in suite.scenarios:
            file = folder / suite.name / f"{scenario.name}.json"
            there = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
            if there.get("key") != mine:
                if time.monotonic() > until:
                    continue
                result = meet(played, suite, scenarios=[scenario.name], matrix=False, executor=executor)
                there = {"key": mine, "result": result.model_dump(mode="json")}
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps(there), encoding="utf-8")
                told = "  ".join(
                    f"{s.mind} {s.measures['focal_return'].mean:.3f}" for s in result.scenarios[0].standings
                )
                print(f"{suite.name} {scenario.name}: {told} ({result.timing.seconds:.0f} s)", flush=True)
            found.append(ArenaResult.model_validate(there["result"]))
    return found


def told(found: Estimate | None, form: str = ".3f") -> str:
    """A mean with its interval."""
    return "-" if found is None else f"{found.mean:{form}} [{found.low:{form}}, {found.high:{form}}]"


def over(scenarios: Sequence[ScenarioResult], number: int, name: str) -> Estimate:
    """A measure of a mind over some scenarios, each weighing the same."""
    return stratified([np.array(scenario.standings[number].per_seed[name]) for scenario in scenarios])


def axis(scenario: ScenarioResult) -> str:
    """The row of the table by axes that a scenario belongs to."""
    return f"{scenario.axes[0]} alone" if len(scenario.axes) == 1 else "crossed"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def section(result: ArenaResult) -> str:
    """The numbers of one suite."""
    names, all_of_them = result.minds, result.scenarios
    standings = [
        (
            total.mind,
            told(total.score),
            told(total.focal_return),
            told(over(all_of_them, number, "background_return")),
            told(total.presence, "+.3f"),
            told(over(all_of_them, number, "focal_exits"), ".4f"),
            f"{over(all_of_them, number, 'gini_needs').mean:.3f}",
        )
        for number, total in enumerate(result.totals)
    ]
    kinds = [f"{name} alone" for name in ("minds", "maps", "rules")] + ["crossed"]
    by_axis = []
    for kind in kinds:
        some = [scenario for scenario in all_of_them if axis(scenario) == kind]
        by_axis.append((kind, str(len(some)), *(told(over(some, n, "focal_return")) for n in range(len(names)))))
    each = [
        (s.name, ", ".join(s.axes), s.role, *(f"{one.measures['focal_return'].mean:.3f}" for one in s.standings))
        for s in all_of_them
    ]
    towns = sum(len(scenario.seeds) for scenario in all_of_them)
    return "\n\n".join(
        [
            f"## Suite `{result.suite}`",
            f"{len(all_of_them)} scenarios, {towns} towns for each mind, digest `{result.suite_digest[:12]}`.",
            table(("mind", "score", "return", "others' return", "presence", "exits a day", "Gini of needs"), standings),
            "Return of the people under test, by what differs from the default town:",
            table(("what differs", "scenarios", *names), by_axis),
            "And scenario by scenario:",
            table(("scenario", "differs in", "role", *names), each),
        ]
    )


def page(results: Sequence[ArenaResult]) -> str:
    """The whole page."""
    words = WORDS.read_text(encoding="utf-8").strip()
    numbers = "\n\n".join(section(result) for result in results)
    warnings = [f"!!! warning\n    {line[0].upper()}{line[1:]}." for result in results for line in result.warnings]
    return "\n\n".join([words, *warnings, numbers]) + "\n"


def main() -> None:
    """Play what is missing, and write the page once nothing is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trained", default="build/table/trained", help="run or checkpoint of the trained mind")
    parser.add_argument("--sb3", default="build/table/sb3.onnx", help="Stable-Baselines3's mind")
    parser.add_argument("--folder", type=Path, default=Path("build/table/results"), help="where results are kept")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="minutes after which no scenario is begun")
    parser.add_argument("--workers", type=int, default=1, help="processes that play")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE} once all is there")
    given = parser.parse_args()
    until = time.monotonic() + 60 * given.minutes
    played = minds(given.trained, given.sb3)
    suites = [load_suite(name) for name in SUITES]
    parts = [play(suite, played, given.folder, until, given.workers) for suite in suites]
    missing = sum(len(suite.scenarios) - len(part) for suite, part in zip(suites, parts, strict=True))
    print(f"{missing} scenarios to go" if missing else "all is there")
    if given.write and not missing:
        PAGE.write_text(page([join_results(part) for part in parts]), encoding="utf-8")
        print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
