"""Recording what a teacher would do, while the teacher, a learner or chance decides what is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    ActionArray,
    ArrayState,
    BoolArray,
    Decision,
    FloatArray,
    ObservationBatch,
    PolicyBackendProtocol,
    PolicyState,
    row_keys,
    row_uniforms,
    sample_actions,
)
from townlet.rollout import Step, TrajectoryService

__all__ = ["LabelRecorder", "UniformPolicy", "Witness"]


@dataclass(frozen=True, slots=True)
class UniformPolicy:
    """Any possible action, with the same probability."""

    def initial_state(self, rows: int, seed: int) -> ArrayState:
        """A key and a counter a row."""
        return ArrayState({"keys": row_keys(rows, seed ^ 0x756E69), "counters": np.zeros(rows, np.uint64)})

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """Draw, whether or not ``explore``."""
        del explore
        arrays = state.arrays()
        keys: NDArray[np.uint64] = arrays["keys"]
        counters: NDArray[np.uint64] = arrays["counters"]
        logits: FloatArray = np.zeros(observations.action_mask.shape, np.float32)
        actions, log_probs = sample_actions(logits, observations.action_mask, row_uniforms(keys, counters))
        after = ArrayState({"keys": keys, "counters": counters + np.uint64(1)})
        return Decision(actions, after, log_probs=log_probs, logits=logits)

    def fingerprint(self) -> str:
        """It has no parts that could differ."""
        return "uniform-1"

    def close(self) -> None:
        """Nothing is held."""


class Witness:
    """A teacher whose last answer can be looked at. It always answers greedily: what is taught is what it would do.

    Attributes:
        actions: int64 ``[N]``, what it chose last; empty before.
    """

    def __init__(self, policy: PolicyBackendProtocol) -> None:
        self._policy = policy
        self.actions: ActionArray = np.zeros(0, np.int64)

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        """The policy's."""
        return self._policy.initial_state(rows, seed)

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """The policy's greedy decision, remembered, whether or not the lives around it ``explore``."""
        del explore
        decision = self._policy.decide(observations, state)
        self.actions = decision.actions
        return decision

    def fingerprint(self) -> str:
        """The policy's."""
        return self._policy.fingerprint()

    def close(self) -> None:
        """Close the policy."""
        self._policy.close()


class LabelRecorder(TrajectoryService):
    """Keeps each step with the actions that the teacher chose, whatever was done; see :class:`Witness`.

    Attributes:
        labels: rows that the teacher labels, bool ``[N]``, and the witness of its choices there.
    """

    labels: Sequence[tuple[BoolArray, Witness]] = ()

    def record(self, step: Step) -> None:
        """Keep a step under the teacher's labels; rows without one keep what was done."""
        actions = step.decision.actions.copy()
        for rows, witness in self.labels:
            if rows.any():  # else nobody asked it
                actions[rows] = witness.actions
        super().record(replace(step, decision=Decision(actions, step.decision.state)))
