"""Plays both suites with groups of minds, scenario by scenario, keeps the results, and puts the groups side by side.

A group is of minds that live by one interface (action space and observations), so that everybody beside them does, too.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from townlet.arena import Anchor, ArenaResult, ScenarioResult, Suite, meet
from townlet.arena.anchors import Anchors
from townlet.arena.interface import Interface
from townlet.arena.joining import total
from townlet.config.execution import ExecutionConfig
from townlet.evaluation import estimate
from townlet.executors import open_executor
from townlet.play import MindSpec


@dataclass(frozen=True)
class Group:
    """Minds that are played beside each other."""

    name: str
    minds: tuple[MindSpec, ...]
    interface: Interface = Interface()  # noqa: RUF009 (frozen)

    def key(self, suite: Suite) -> str:
        """What is played: another key, other results."""
        told = [suite.digest, *(json.dumps(mind.to_json(), sort_keys=True) for mind in self.minds)]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()


def play(suite: Suite, group: Group, folder: Path, until: float, workers: int) -> dict[str, ArenaResult]:
    """By scenario, what was played already, and as much more as there is time for."""
    found, lived = {}, suite.lived_by(group.interface)
    mine = group.key(lived)
    with open_executor(ExecutionConfig(workers=workers)) as executor:
        for scenario in lived.scenarios:
            file = folder / group.name / suite.name / f"{scenario.name}.json"
            there = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
            if there.get("key") != mine:
                if time.monotonic() > until:
                    continue
                result = meet(group.minds, lived, scenarios=[scenario.name], matrix=False, executor=executor)
                there = {"key": mine, "result": result.model_dump(mode="json")}
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps(there), encoding="utf-8")
                told = "  ".join(
                    f"{s.mind} {s.measures['focal_return'].mean:.3f}" for s in result.scenarios[0].standings
                )
                print(f"{suite.name} {scenario.name}: {told} ({result.timing.seconds:.0f} s)", flush=True)
            found[scenario.name] = ArenaResult.model_validate(there["result"])
    return found


def side_by_side(suite: Suite, groups: Sequence[dict[str, ArenaResult]]) -> ArenaResult:
    """One result of all groups, scored by the anchors that are kept now."""
    anchors = Anchors.of(suite)
    scenarios = [
        beside([group[scenario.name].scenarios[0] for group in groups], anchors.of_scenario(scenario.name))
        for scenario in suite.scenarios
    ]
    firsts = [next(iter(group.values())) for group in groups]
    names = tuple(name for first in firsts for name in first.minds)
    return firsts[0].model_copy(
        update={
            "suite_digest": suite.digest,
            "interface": {},
            "minds": names,
            "provenance": {name: told for first in firsts for name, told in first.provenance.items()},
            "totals": tuple(total(number, scenarios) for number in range(len(names))),
            "scenarios": tuple(scenarios),
            "warnings": anchors.warnings,
        }
    )


def beside(parts: Sequence[ScenarioResult], anchor: Anchor | None) -> ScenarioResult:
    """One scenario with the minds of several groups, on the scale of its anchor."""
    standings = []
    for standing in (standing for part in parts for standing in part.standings):
        values = {name: sample for name, sample in standing.per_seed.items() if name != "score"}
        score = None
        if anchor is not None:
            scores = (np.array(values["focal_return"]) - anchor.zero) / (anchor.one - anchor.zero)
            values["score"], score = tuple(scores.tolist()), estimate(scores)
        standings.append(standing.model_copy(update={"per_seed": values, "score": score}))
    return parts[0].model_copy(update={"standings": tuple(standings), "anchor": anchor})
