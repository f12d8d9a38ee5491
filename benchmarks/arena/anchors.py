"""Measures the anchors of a suite: what acts at random, and the best rules that a search finds for each scenario.

    python benchmarks/arena/anchors.py public --trials 12 --write
    python benchmarks/arena/anchors.py public --trials 12 --write --minutes 8    # as often as it takes

The search plays towns of other seeds than the suite's. It starts from the scripted mind's defaults and steps from the
best so far; the winner, the defaults and chance are then measured on the suite's own towns, and the best of the two is
the upper anchor. Each scenario goes into ``build/anchors/SUITE.json`` when it is measured, with a digest of all that it
depends on; what is there, or beside the suite, for that digest is not measured again. ``--write`` puts the file beside
the suite once it is whole.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import townlet.arena
from townlet.arena.anchors import AnchorFile, KeptAnchor, people_of
from townlet.arena.matches import Setting
from townlet.arena.measures import measured
from townlet.arena.naming import RANDOM
from townlet.arena.suites import Suite, load_suite
from townlet.play import MindSpec, play
from townlet_backend_scripted import ScriptedOptions

TUNING = 40_000
"""Towns that are searched on lie so far behind the suite's."""


def returned(setting: Setting, mind: MindSpec) -> float:
    """Mean return of the people under test."""
    outcome = play(setting.job(mind))
    return float(measured(outcome, outcome)["focal_return"].mean())


def rules(options: dict[str, Any], name: str = "rules") -> MindSpec:
    return MindSpec(requested=name, backend="scripted", options=options)


def step(options: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Other options, near these, that the backend takes."""
    here = ScriptedOptions(**options)
    while True:
        found = dict(options)
        for name in rng.sample(sorted(varied()), rng.choice([1, 2, 3, 4])):
            low, high, whole = varied()[name]
            value = getattr(here, name) + rng.gauss(0, 1) * (high - low) * rng.choice([0.05, 0.15])
            value = min(max(value, low), high)
            found[name] = round(value) if whole else round(value, 4)
        try:
            ScriptedOptions(**found)
        except ValueError:
            continue
        return found


def varied() -> dict[str, tuple[float, float, bool]]:
    """Options that are numbers, with the range that is searched."""
    found = {}
    for name, field in ScriptedOptions.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        if extra.get("tune") is False or isinstance(field.default, bool | str):
            continue
        bounds = extra.get("tune") or [next(m.ge for m in field.metadata if hasattr(m, "ge")),
                                       next(m.le for m in field.metadata if hasattr(m, "le"))]  # fmt: skip
        found[name] = (float(bounds[0]), float(bounds[1]), isinstance(field.default, int))
    return found


def anchor(setting: Setting, digest: str, trials: int) -> KeptAnchor:
    """The anchor of one scenario, whose digest is ``digest``."""
    rng = random.Random(setting.seeds[0])
    practice = replace(setting, seeds=tuple(seed + TUNING for seed in setting.seeds))
    best: dict[str, Any] = {}
    best_return = returned(practice, rules(best))
    for _ in range(trials):
        options = step(best, rng)
        found = returned(practice, rules(options))
        if found > best_return:
            best, best_return = options, found
    plain, tuned = returned(setting, rules({})), returned(setting, rules(best))
    won = tuned > plain
    return KeptAnchor(
        scenario_digest=digest,
        people=people(setting),
        zero=round(returned(setting, RANDOM), 6),
        one=round(max(plain, tuned), 6),
        one_is=f"scripted, tuned for the scenario in {trials} trials" if won else "scripted, as it comes",
        options=best if won else {},
    )


def main() -> None:
    """Measure what is missing, as far as time allows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite")
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="minutes after which no scenario is begun")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    until = time.monotonic() + 60 * given.minutes
    suite = load_suite(given.suite)
    state = Path("build/anchors") / f"{suite.name}.json"
    shipped = Path(townlet.arena.__file__).parent / "data" / f"{suite.name}.anchors.json"
    before = {**kept(shipped), **kept(state)}
    found: dict[str, KeptAnchor] = {}
    for scenario in suite.scenarios:
        digest, there = suite.digest_of(scenario), before.get(scenario.name)
        if (
            there is not None
            and there.scenario_digest == digest
            and there.people == people(Setting.of(suite, scenario))
        ):
            found[scenario.name] = there
        elif time.monotonic() < until:
            one = found[scenario.name] = anchor(Setting.of(suite, scenario), digest, given.trials)
            write(state, suite, {**before, **found}, given.trials)
            print(f"{scenario.name:24}{one.zero:8.3f}{one.one:8.3f}  {one.one_is}", flush=True)
    missing = len(suite.scenarios) - len(found)
    print(f"{suite.name}: {missing} to go" if missing else f"{suite.name}: whole")
    if given.write and not missing:
        write(shipped, suite, found, given.trials)


def people(setting: Setting) -> dict[str, str | None]:
    """Who lives there now."""
    return people_of(play(replace(setting, seeds=(0,), ticks=1).baseline()))


def write(file: Path, suite: Suite, anchors: dict[str, KeptAnchor], trials: int) -> None:
    """Write a file of anchors."""
    how = f"a search of {trials} trials a scenario over the scripted mind's options, on towns of other seeds"
    whole = AnchorFile(suite=suite.name, how=how, anchors=anchors)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(whole.model_dump_json(indent=1) + "\n", encoding="utf-8")


def kept(file: Path) -> dict[str, KeptAnchor]:
    """The anchors of a file, where there is one."""
    return AnchorFile.model_validate_json(file.read_text(encoding="utf-8")).anchors if file.is_file() else {}


if __name__ == "__main__":
    main()
