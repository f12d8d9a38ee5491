"""The compiled loop says what a plain reading of the tables says, name by name."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from townlet.api import ObservationBatch, ObservationSpec, Transform
from townlet.config import TownletConfig
from townlet.errors import ContractError
from townlet.observations import build_spec
from townlet_backend_scripted import ScriptedOptions, ScriptedPolicy, kernel
from townlet_backend_scripted.options import PRESETS
from townlet_backend_scripted.rules import RULES
from townlet_backend_scripted.situation import AT_LEAST, BELOW, CONCLUSIONS, Comparison


def some_town(space: str, rows: int, seed: int) -> tuple[ObservationSpec, ObservationBatch]:
    """Rows with any features at all, rounded, so that thresholds are met exactly, too."""
    spec = build_spec(TownletConfig.model_validate({"observation": {"variant": "compact"}, "town": {"actions": space}}))
    rng = np.random.default_rng(seed)
    batch = ObservationBatch.empty(spec, rows)
    batch.features[:] = np.round(rng.uniform(0, 1, batch.features.shape), 1)
    yes_or_no = [spec.feature_index(f.name) for f in spec.features if f.codes]
    batch.features[:, yes_or_no] = rng.random((rows, len(yes_or_no))) < 0.3
    batch.action_mask[:, 1:] = rng.random((rows, spec.action_count - 1)) < 0.5
    return spec, batch


class Plainly:
    """One row, read with names and sets instead of columns and bits."""

    def __init__(self, spec: ObservationSpec, options: ScriptedOptions, batch: ObservationBatch, row: int) -> None:
        self.spec, self.options = spec, options
        self.seen = dict(zip([f.name for f in spec.features], batch.features[row], strict=True))
        self.possible = {a.name for a, yes in zip(spec.actions, batch.action_mask[row], strict=True) if yes}

    def shown(self, feature: str, number: float) -> np.float32:
        return np.float32(self.spec.feature(feature).transform.apply(np.float32(number)))

    def told(self, feature: str) -> np.float32:
        return np.rint(self.spec.feature(feature).decode(np.float32(self.seen[feature])))

    def values(self, question: Comparison) -> tuple[list[np.float32], np.float32]:
        threshold = question.threshold(self.options)
        if not question.feature.startswith("doing_at_"):
            shown = self.spec.feature(question.feature).transform.apply(threshold)
            return [self.seen[question.feature]], np.float32(shown)
        things = self.spec.affordances_of(question.feature.removeprefix("doing_at_"))
        return [self.seen[f"doing_{thing}"] for thing in things], np.float32(threshold)

    def known(self) -> set[str]:
        so = {q.name for q in BELOW if any(v < self.values(q)[1] for v in self.values(q)[0])}
        so |= {q.name for q in AT_LEAST if any(v >= self.values(q)[1] for v in self.values(q)[0])}
        ticks = self.told("to_shift_start")
        if ticks <= self.told("desk_distance") + np.float32(self.options.arrival_buffer):
            so.add("must_go")
        if self.options.reserve_money:
            so -= {"poor", "rich"}
            kept = np.float32(self.options.reserve_money / self.spec.day_ticks) * ticks
            if self.seen["wallet"] < self.shown("wallet", kept + np.float32(self.options.thrift_money)):
                so.add("poor")
            if self.seen["wallet"] >= self.shown("wallet", kept + np.float32(self.options.dining_money)):
                so.add("rich")
        if self.possible & {"chat", "talk"}:
            so.add("may_chat")
        for conclusion in CONCLUSIONS:
            if any(self.holds(case, so) for case in conclusion.cases):
                so.add(conclusion.name)
        return so

    def holds(self, conditions: tuple[str, ...], so: set[str]) -> bool:
        return all((c.removeprefix("not ") in so) != c.startswith("not ") for c in conditions)

    def decide(self) -> tuple[str, str]:
        """The rule and the action."""
        so = self.known()
        for rule in RULES:
            if self.holds(rule.conditions, so) and not (self.spec.spans and rule.goal not in self.possible):
                return rule.name, rule.goal if self.spec.spans else self.pursue(rule.goal, so)
        raise AssertionError("the last rule always holds")

    def pursue(self, goal: str, so: set[str]) -> str:
        if goal in ("stay", "talk"):
            return "chat" if goal == "talk" and "chat" in self.possible else "wait"
        if self.seen[f"{goal}_here"]:
            starts = self.seen[f"{goal}_usable"] or "in_line" not in so or self.options.pushes
            return "use" if starts and "idle" in so and "use" in self.possible else "wait"
        score = {way: self.seen[f"{goal}_{way}"] for way in ("north", "east", "south", "west") if way in self.possible}
        best = max(score, key=lambda way: score[way], default="wait")
        return best if score.get(best, 0) > 0 else "wait"


@pytest.mark.parametrize("space", ["primitive", "goals"])
@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "random"])
def test_it_reads_the_tables(space, preset):
    spec, batch = some_town(space, 150, 7)
    options = ScriptedOptions(preset=preset)
    policy = ScriptedPolicy(spec, options)
    actions = policy.decide(batch, policy.initial_state(150, 0)).actions
    found = list(zip(policy.rules_of(batch), [spec.actions[a].name for a in actions], strict=True))
    assert found == [Plainly(spec, options, batch, row).decide() for row in range(150)]
    assert len(set(found)) > 8


def test_what_is_only_for_reading_is_read():
    spec, batch = some_town("primitive", 20, 1)
    shut = batch.copy()
    for array in (shut.features, shut.action_mask):
        array.flags.writeable = False
    policy = ScriptedPolicy(spec, ScriptedOptions())
    told = [policy.decide(one, policy.initial_state(20, 0)).actions.tolist() for one in (batch, shut)]
    assert told[0] == told[1]
    assert len(kernel.decide.signatures) <= 1, "another kind of array would be compiled for anew, seconds long"


def test_interpreted_it_says_the_same():
    code = (
        "from test_kernel import some_town;"
        "from townlet_backend_scripted import ScriptedOptions, ScriptedPolicy;"
        "spec, batch = some_town('primitive', 100, 3);"
        "policy = ScriptedPolicy(spec, ScriptedOptions());"
        "print(policy.decide(batch, policy.initial_state(100, 0)).actions.tolist())"
    )
    interpreted = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(__file__).parent)},
        check=True,
    )
    spec, batch = some_town("primitive", 100, 3)
    policy = ScriptedPolicy(spec, ScriptedOptions())
    compiled = policy.decide(batch, policy.initial_state(100, 0)).actions.tolist()
    assert interpreted.stdout.strip() == str(compiled)
    assert len(set(compiled)) > 4


def test_a_number_that_turns_round_is_refused():
    """Which tick a sine alone stands for is not known."""
    spec, _ = some_town("primitive", 1, 0)
    odd = replace(
        spec,
        features=tuple(
            replace(f, transform=Transform("sine", 9)) if f.name == "to_shift_start" else f for f in spec.features
        ),
    )
    with pytest.raises(ContractError, match=r"'to_shift_start' .* sine"):
        ScriptedPolicy(odd, ScriptedOptions())
