"""The table of the documentation: rules, minds that learned, Stable-Baselines3's mind and chance among strangers.

    python benchmarks/learning/steps.py --seed 1 --out build/table/steps
    python benchmarks/arena/sb3.py --minutes 6 --out build/table/sb3.onnx
    python benchmarks/arena/table.py --minutes 9        # as often as it takes; each scenario is kept when it was played
    python benchmarks/arena/table.py --write            # writes docs/reference/strangers.md

The first commands make the minds, the next plays both suites with them, the last writes the page: the words in
``benchmarks/arena/words.md``, and the numbers. The ONNX backend is the one in ``docs/examples``. The minds of
``steps.py`` see no map; the one that chooses goals is led by them. What was played is used again
only for the very same minds and suite; remove the folder where the rules have changed. ``anchors.py --played`` raises
the anchors to what is found here; write the page after it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from played import Group, play, side_by_side
from wording import axis, filled, over, table

from townlet.arena import ArenaResult, load_suite
from townlet.arena.naming import RANDOM
from townlet.config import load_config
from townlet.evaluation import Estimate
from townlet.play import Casting, MindSpec

SUITES = ("public", "held-out")
PAGE = Path("docs/reference/strangers.md")
WORDS = Path(__file__).with_name("words.md")
FOLDER = Path("build/table/results")


def rules(name: str, **options: str) -> MindSpec:
    """The scripted mind, by the name that stands in the table."""
    return MindSpec(requested=name, backend="scripted", options=options)


def chosen(steps: Path, name: str) -> Path:
    """The checkpoint that steps.py chose in the step of that name."""
    done = json.loads((steps / "steps.json").read_text())["steps"]
    (checkpoint,) = (step["chosen"]["checkpoint"] for step in done if step["step"] == name)
    return steps / name / "checkpoints" / checkpoint


def groups(steps: Path, sb3: str, only: Sequence[str] | None) -> list[Group]:
    """Who is in the table, by the names that stand there; ``only`` these groups, for what is not there yet."""
    casting = Casting.of(load_config())

    def learned(name: str, mind: str) -> Group:
        return Group(name, (replace(casting.mind(mind), requested=name),))

    plain = (
        rules("rules"),
        rules("old rules", preset="classic"),
        rules("crowded", preset="crowded"),
        RANDOM,
    )
    made: dict[str, Callable[[], Group]] = {
        "rules": lambda: Group("rules", plain),
        "taught": lambda: learned("taught", f"pytorch:{chosen(steps, 'taught')}"),
        "imitated": lambda: learned("imitated", f"pytorch:{chosen(steps, 'imitated')}"),
        "SB3": lambda: learned("SB3", f"onnx:{sb3}"),
    }
    return [make() for name, make in made.items() if only is None or name in only]


def told(found: Estimate | None, form: str = ".3f") -> str:
    """A mean with its interval."""
    return "-" if found is None else f"{found.mean:{form}} [{found.low:{form}}, {found.high:{form}}]"


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
    words = filled(WORDS.read_text(encoding="utf-8").strip(), results)
    numbers = "\n\n".join(section(result) for result in results)
    warnings = [f"!!! warning\n    {line[0].upper()}{line[1:]}." for result in results for line in result.warnings]
    return "\n\n".join([words, *warnings, numbers]) + "\n"


def main() -> None:
    """Play what is missing, and write the page once nothing is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=Path, default=Path("build/table/steps"), help="folder of steps.py")
    parser.add_argument("--sb3", default="build/table/sb3.onnx", help="Stable-Baselines3's mind")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where results are kept")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="minutes after which no scenario is begun")
    parser.add_argument("--only", nargs="+", metavar="GROUP", help="play these groups only, and write nothing")
    parser.add_argument("--workers", type=int, default=1, help="processes that play")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE} once all is there")
    given = parser.parse_args()
    until = time.monotonic() + 60 * given.minutes
    suites = [load_suite(name) for name in SUITES]
    who = groups(given.steps, given.sb3, given.only)
    missing, results = 0, []
    for suite in suites:
        parts = [play(suite, group, given.folder, until, given.workers) for group in who]
        missing += sum(len(suite.scenarios) - len(part) for part in parts)
        whole = [part for part in parts if len(part) == len(suite.scenarios)]
        if whole:
            results.append(side_by_side(suite, whole))
    print(f"{missing} scenarios to go" if missing else "all is there")
    if (
        given.write and given.only is None and len(results) == len(suites)
    ):  # groups that were not played in the whole of a suite are left out
        PAGE.write_text(page(results), encoding="utf-8")
        print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
