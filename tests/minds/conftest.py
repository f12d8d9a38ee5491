"""Toy observations and minds that answer by rule."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from townlet.api import ArrayState, Decision, ObservationBatch, ObservationSpec, PolicyState, row_keys, row_uniforms
from townlet.api import sample_actions as draw

TOY = ObservationSpec.of_names("toy", features=("hunger",), actions=("wait", "north", "use"))


class Certain:
    """Always the same action, and nothing told but that."""

    def __init__(self, action: int) -> None:
        self.action = action
        self.closed = 0

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        return ArrayState({"asked": np.zeros(rows, np.int64)})

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        asked = state.arrays()["asked"] + 1
        return Decision(np.full(observations.rows, self.action, np.int64), ArrayState({"asked": asked}))

    def fingerprint(self) -> str:
        return f"certain-{self.action}"

    def close(self) -> None:
        self.closed += 1


class Softmax:
    """Draws from fixed logits; values are 7."""

    def __init__(self, logits: tuple[float, ...]) -> None:
        self.logits = np.array(logits, np.float32)

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        return ArrayState({"keys": row_keys(rows, seed), "counters": np.zeros(rows, np.uint64)})

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        held = state.arrays()
        logits = np.tile(self.logits, (observations.rows, 1))
        if explore:
            actions, log_probs = draw(logits, observations.action_mask, row_uniforms(held["keys"], held["counters"]))
        else:
            actions = np.where(observations.action_mask, logits, -np.inf).argmax(1)
            log_probs = np.zeros(observations.rows, np.float32)
        after = ArrayState({"keys": held["keys"], "counters": held["counters"] + np.uint64(1)})
        return Decision(actions, after, log_probs, np.full(observations.rows, 7, np.float32), logits)

    def fingerprint(self) -> str:
        return f"softmax-{self.logits.tolist()}"

    def close(self) -> None:
        pass


@pytest.fixture
def spec() -> ObservationSpec:
    return TOY


@pytest.fixture
def crowd() -> Callable[[int], ObservationBatch]:
    """Observations of N living rows for whom everything is possible."""

    def make(rows: int) -> ObservationBatch:
        batch = ObservationBatch.empty(TOY, rows)
        batch.active[:] = True
        batch.action_mask[:] = True
        return batch

    return make


@pytest.fixture
def certain() -> type[Certain]:
    return Certain


@pytest.fixture
def softmax() -> type[Softmax]:
    return Softmax
