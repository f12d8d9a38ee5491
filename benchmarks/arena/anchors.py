"""Measures the anchors of a suite: what acts at random, and the best mind that is known for each scenario.

    python benchmarks/arena/anchors.py public held-out --exploiter pytorch:runs/goals-1 --write
    python benchmarks/arena/anchors.py public held-out --exploiter ... --write --minutes 8    # as often as it takes
    python benchmarks/arena/anchors.py public held-out --new --write    # only scenarios without an anchor

Rules are searched on towns of other seeds than the suite's. The search starts from the scripted mind's presets and from
what was found for other scenarios of the same map, steps from the best so far, and races all of them over more and more
towns (``search.py``). The winner and every preset are then measured on the suite's own towns, so that the upper anchor
is at least as good as each mind that is shipped.

Minds that have learned and do better than these rules are *exploiters*. They see what they were taught to see, and
those that choose goals are led by them. Their returns are kept, with the digests of their checkpoints, and not their
weights.

What ``table.py`` has played raises an anchor, too, at no cost:
``anchors.py public held-out --played build/table/results --minutes 0 --write``.

Each scenario goes into ``build/anchors/SUITE.json`` when it is measured, with a digest of all that it depends on; what
is there for that digest and from a search as long as this one is not measured again, and with ``--new`` nothing that is
there for that digest. ``--write`` puts the file beside the suite once it is whole.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from search import Course, Options, search

import townlet.arena
from townlet.arena import ArenaResult
from townlet.arena.anchors import AnchorFile, KeptAnchor, people_of
from townlet.arena.interface import Interface
from townlet.arena.matches import Setting
from townlet.arena.measures import measured
from townlet.arena.naming import RANDOM
from townlet.arena.suites import MatchScenario, Suite, load_suite
from townlet.checkpoints import read_checkpoint
from townlet.config import load_config
from townlet.play import Casting, MindSpec, play
from townlet_backend_scripted.options import Preset

TUNING = 40_000
"""Towns that are searched on lie so far behind the suite's."""
COURSE = Course(rounds=2, width=10, rungs=(16, 40))
"""With three to start from, thirteen trials at least, and so more than an earlier search had."""
MARGIN = 0.005
"""Tuned rules and exploiters must be better by so much than what is simpler to say."""
PRESETS = tuple(name for name in get_args(Preset) if name != "random")
STARTS: tuple[Options, ...] = ({}, {"preset": "classic"}, {"preset": "crowded"})
FOUND_BEFORE = 3
EARLIER = 12
"""Trials of an earlier search, on fewer towns and from the defaults alone."""
PLAYED = {"rules": "tuned", "old rules": "classic", "crowded": "crowded"}
"""Presets by their names in ``table.py``."""
UNSEEING = Interface(variant="compact")
"""The scripted mind does not look at the map: towns are played faster without, and are the same."""


@dataclass(frozen=True)
class Exploiter:
    """A mind that has learned, with the interface that it was taught in."""

    mind: MindSpec
    interface: Interface

    @classmethod
    def named(cls, name: str) -> Exploiter:
        """From a checkpoint by its name."""
        mind = Casting.of(load_config()).mind(name)
        assert mind.checkpoint is not None, f"{name} has no checkpoint"
        return cls(mind, Interface.taught(read_checkpoint(mind.checkpoint.path).manifest, led=True))

    @property
    def digest(self) -> str:
        """Of its checkpoint."""
        assert self.mind.checkpoint is not None
        return self.mind.checkpoint.digest


def returns(setting: Setting, mind: MindSpec) -> list[float]:
    """Return of the people under test in each town."""
    outcome = play(setting.job(mind))
    return [float(value) for value in measured(outcome, outcome)["focal_return"]]


def mean(setting: Setting, mind: MindSpec) -> float:
    """Their mean."""
    found = returns(setting, mind)
    return sum(found) / len(found)


def rules(options: Mapping[str, Any]) -> MindSpec:
    """The scripted mind with these options."""
    return MindSpec(requested="rules", backend="scripted", options=dict(options))


def anchor(
    suite: Suite, scenario: MatchScenario, begun: Sequence[Options], exploiters: Sequence[Exploiter]
) -> KeptAnchor:
    """The anchor of one scenario; the search begins with ``begun``."""
    setting = Setting.of(suite.lived_by(UNSEEING), scenario)
    first = setting.seeds[0] + TUNING

    def played(options: Options, begin: int, end: int) -> list[float]:
        practice = replace(setting, seeds=tuple(range(first + begin, first + end)))
        return returns(practice, rules(options))

    best, trials = search(begun, played, COURSE, random.Random(setting.seeds[0]))
    presets = {name: mean(setting, rules({"preset": name})) for name in PRESETS}
    preset = max(presets, key=lambda name: presets[name])
    tuned = mean(setting, rules(best.options))
    won = tuned > presets[preset] + MARGIN
    kept = KeptAnchor(
        scenario_digest=suite.digest_of(scenario),
        people=people(suite, scenario),
        zero=round(mean(setting, RANDOM), 6),
        one=round(max(tuned, presets[preset]), 6),
        one_is=f"scripted, tuned for the scenario in {trials} trials" if won else f"scripted, preset {preset}",
        rules=round(max(tuned, presets[preset]), 6),
        trials=trials,
        options=best.options if won else {"preset": preset},
    )
    return exploited(kept, suite, scenario, exploiters)


def exploited(kept: KeptAnchor, suite: Suite, scenario: MatchScenario, exploiters: Sequence[Exploiter]) -> KeptAnchor:
    """The anchor with the best of the exploiters as its upper end, where one is better than the rules."""
    for one in exploiters:
        found = mean(Setting.of(suite.lived_by(one.interface), scenario), one.mind)
        if found > kept.one + MARGIN:
            kept = by_exploiter(kept, round(found, 6), one.mind.backend, one.digest)
    return kept


def main() -> None:
    """Measure what is missing, as far as time allows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="+")
    parser.add_argument("--exploiter", action="append", default=[], metavar="MIND", help="a trained mind, or several")
    parser.add_argument("--played", type=Path, help="folder with results of table.py, which raise anchors")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="minutes after which no scenario is begun")
    parser.add_argument("--new", action="store_true", help="measure no scenario again whose anchor fits it")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    until = time.monotonic() + 60 * given.minutes
    exploiters = [Exploiter.named(name) for name in given.exploiter]
    for name in given.suites:
        suite = load_suite(name)
        found = measure(suite, exploiters, until, kept_is_enough=given.new)
        if given.played is not None:
            found = {name: raised(kept, suite, suite.scenario(name), given.played) for name, kept in found.items()}
        missing = len(suite.scenarios) - len(found)
        print(f"{suite.name}: {missing} to go" if missing else f"{suite.name}: whole")
        if given.write and not missing:
            write(beside(suite), suite, found)


def measure(
    suite: Suite, exploiters: Sequence[Exploiter], until: float, *, kept_is_enough: bool
) -> dict[str, KeptAnchor]:
    """The anchors of a suite, as far as there was time."""
    state = Path("build/anchors") / f"{suite.name}.json"
    before, found = {**kept_in(beside(suite)), **kept_in(state)}, dict[str, KeptAnchor]()
    for scenario in suite.scenarios:
        there, over = before.get(scenario.name), time.monotonic() > until
        enough = kept_is_enough or over or (there is not None and there.trials > EARLIER)
        if there is not None and enough and fits(there, suite, scenario):
            found[scenario.name] = there
        elif not over:
            begun = starts(suite, scenario, {**before, **found})
            one = found[scenario.name] = anchor(suite, scenario, begun, exploiters)
            write(state, suite, {**kept_in(state), **found})
            print(f"{scenario.name:24}{one.zero:8.3f}{one.rules or 0:8.3f}{one.one:8.3f}  {one.one_is}", flush=True)
    return found


def beside(suite: Suite) -> Path:
    """Where the file of a shipped suite is."""
    return Path(townlet.arena.__file__).parent / "data" / f"{suite.name}.anchors.json"


def fits(kept: KeptAnchor, suite: Suite, scenario: MatchScenario) -> bool:
    """Whether it was measured on this scenario and these people."""
    return kept.scenario_digest == suite.digest_of(scenario) and kept.people == people(suite, scenario)


def raised(kept: KeptAnchor, suite: Suite, scenario: MatchScenario, folder: Path) -> KeptAnchor:
    """The anchor, at least as good as presets and minds that learned were in the results of ``table.py``."""
    if kept.rules is None:
        kept = kept.model_copy(update={"rules": kept.one, "trials": EARLIER})
    for file in sorted(folder.glob(f"*/{suite.name}/{scenario.name}.json")):
        result = ArenaResult.model_validate(json.loads(file.read_text(encoding="utf-8"))["result"])
        lived = Interface.model_validate({key.split(".")[1]: value for key, value in result.interface.items()})
        if result.suite_digest != suite.lived_by(lived).digest:
            continue
        for standing in result.scenarios[0].standings:
            found, told = round(standing.measures["focal_return"].mean, 6), result.provenance[standing.mind]
            preset, digest = PLAYED.get(standing.mind), told.get("checkpoint_digest")
            if preset is not None and lived.plain and found > (kept.rules or 0.0):
                kept = by_preset(kept, found, preset)
            elif digest is not None and found > kept.one + MARGIN:
                kept = by_exploiter(kept, found, str(told["active"]), str(digest))
    return kept


def by_preset(kept: KeptAnchor, found: float, preset: str) -> KeptAnchor:
    """The anchor with a preset as the best rules."""
    update: dict[str, Any] = {"rules": found, "options": {"preset": preset}}
    if found > kept.one:
        update |= {"one": found, "one_is": f"scripted, preset {preset}", "kind": "rules", "checkpoint": None}
    return kept.model_copy(update=update)


def by_exploiter(kept: KeptAnchor, found: float, backend: str, digest: str) -> KeptAnchor:
    """The anchor with an exploiter as its upper end."""
    told = f"{backend}, a mind that learned, checkpoint {digest[:12]}"
    return kept.model_copy(update={"one": found, "one_is": told, "kind": "exploiter", "checkpoint": digest})


def starts(suite: Suite, scenario: MatchScenario, known: Mapping[str, KeptAnchor]) -> list[Options]:
    """What to begin with: presets, what was found for this scenario before, and for others of its map."""
    here = scenario.config.get("town", {}).get("map")
    others = [
        known[other.name].options
        for other in suite.scenarios
        if other.name in known and other.name != scenario.name and other.config.get("town", {}).get("map") == here
    ]
    own = [known[scenario.name].options] if scenario.name in known else []
    return [*STARTS, *own, *others[-FOUND_BEFORE:]]


def people(suite: Suite, scenario: MatchScenario) -> dict[str, str | None]:
    """Who lives there now."""
    return people_of(play(replace(Setting.of(suite, scenario), seeds=(0,), ticks=1).baseline()))


def write(file: Path, suite: Suite, anchors: Mapping[str, KeptAnchor]) -> None:
    """Write a file of anchors, in the order of the suite."""
    how = (
        "scripted rules, searched on towns of other seeds from the presets and from what other scenarios of the map "
        "found; every preset; minds that learned, where they do better"
    )
    names = [scenario.name for scenario in suite.scenarios if scenario.name in anchors]
    whole = AnchorFile(suite=suite.name, how=how, anchors={name: anchors[name] for name in names})
    file.parent.mkdir(parents=True, exist_ok=True)
    told = {"schema_version": whole.schema_version, **whole.model_dump(mode="json", exclude_defaults=True)}
    file.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def kept_in(file: Path) -> dict[str, KeptAnchor]:
    """The anchors of a file, where there is one."""
    return dict(AnchorFile.model_validate_json(file.read_text(encoding="utf-8")).anchors) if file.is_file() else {}


if __name__ == "__main__":
    main()
