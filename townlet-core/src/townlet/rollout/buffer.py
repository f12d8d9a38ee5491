"""A piece of experience in preallocated arrays; the engine writes its observations straight into them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import DemonstrationBatch, FloatArray, ObservationBatch, ObservationSpec, RolloutBatch
from townlet.errors import ContractError
from townlet.rollout.step import Step

__all__ = ["RolloutBuffer"]


class RolloutBuffer:
    """``T`` ticks of ``N`` rows, and the observations that came after the last of them.

    Observations are ``[T + 1, N, ...]``, everything else ``[T, N]`` (``reward_parts`` ``[T, N, P]``). What a policy
    does not tell (log-probabilities, values) is NaN. It is a :class:`~townlet.rollout.step.Recorder`.

    Args:
        spec: what the observations mean.
        ticks: ``T``.
        rows: ``N``.
        reward_parts: ``P``, number of parts that the reward is the sum of.

    Raises:
        ContractError: if a size is not positive.
    """

    def __init__(self, spec: ObservationSpec, ticks: int, rows: int, *, reward_parts: int = 0) -> None:
        if ticks < 1 or rows < 1:
            raise ContractError(f"a rollout buffer needs at least one tick and one row, found {ticks} and {rows}")
        self.spec = spec
        self.ticks = ticks
        self.rows = rows
        self.length = 0
        shape = (ticks, rows)
        self._map = np.zeros((ticks + 1, rows, *spec.map_shape), np.uint8)
        self._features = np.zeros((ticks + 1, rows, spec.features), np.float32)
        self._action_mask = np.zeros((ticks + 1, rows, spec.actions), np.bool_)
        self._active = np.zeros((ticks + 1, rows), np.bool_)
        self._episode_start = np.zeros((ticks + 1, rows), np.bool_)
        self._actions = np.zeros(shape, np.int64)
        self._log_probs = np.full(shape, np.nan, np.float32)
        self._values = np.full(shape, np.nan, np.float32)
        self._rewards = np.zeros(shape, np.float32)
        self._reward_parts = np.zeros((*shape, reward_parts), np.float32)
        self._terminated = np.zeros(shape, np.bool_)
        self._truncated = np.zeros(shape, np.bool_)
        self._bootstrap = np.zeros(shape, np.float32)
        self._slots = tuple(
            ObservationBatch(
                self._map[t], self._features[t], self._action_mask[t], self._active[t], self._episode_start[t]
            )
            for t in range(ticks + 1)
        )

    @property
    def full(self) -> bool:
        """Whether all ``T`` ticks are recorded."""
        return self.length == self.ticks

    def current(self) -> ObservationBatch:
        """The slot of the tick to be recorded next; when full, that of the observations after the last tick."""
        return self._slots[self.length]

    def following(self) -> ObservationBatch:
        """The slot after it. Raises ContractError if the buffer is full."""
        if self.full:
            raise ContractError("the rollout buffer is full: read it, then call rewind()")
        return self._slots[self.length + 1]

    def record(self, step: Step) -> None:
        """Keep everything of ``step`` but its observations, which lie in their slots already."""
        t = self.length
        self._actions[t] = step.decision.actions
        self._log_probs[t] = np.nan if step.decision.log_probs is None else step.decision.log_probs
        self._values[t] = np.nan if step.decision.values is None else step.decision.values
        self._rewards[t] = step.result.rewards
        if self._reward_parts.shape[2]:
            self._reward_parts[t] = step.result.reward_parts
        self._terminated[t] = step.result.terminated
        self._truncated[t] = step.truncated
        if step.next_values is None:
            self._bootstrap[t] = 0.0
        else:
            np.multiply(step.next_values, step.truncated, out=self._bootstrap[t])
        self.length = t + 1

    def finish(self, next_values: FloatArray | None) -> None:
        """Set the value of what follows the last tick, for the rows that go on.

        Args:
            next_values: float32 ``[N]``, the policy's value of ``current()``; None leaves zeros.
        """
        last = self.length - 1
        if last < 0 or next_values is None:
            return
        goes_on = self._active[last] & ~self._terminated[last] & ~self._truncated[last]
        self._bootstrap[last][goes_on] = next_values[goes_on]

    def rewind(self) -> None:
        """Start again with the first tick; what was recorded is written over."""
        self.length = 0

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Views ``[length, N, ...]`` of all that is recorded, by name; the next rollout writes over them."""
        t = slice(0, self.length)
        return {
            "map": self._map[t],
            "features": self._features[t],
            "action_mask": self._action_mask[t],
            "active": self._active[t],
            "episode_start": self._episode_start[t],
            "actions": self._actions[t],
            "log_probs": self._log_probs[t],
            "values": self._values[t],
            "rewards": self._rewards[t],
            "reward_parts": self._reward_parts[t],
            "terminated": self._terminated[t],
            "truncated": self._truncated[t],
            "bootstrap": self._bootstrap[t],
        }

    def batch(self, demonstrations: DemonstrationBatch | None = None) -> RolloutBatch:
        """The recorded ticks for a learner's update: views, not copies.

        Raises:
            ContractError: if nothing is recorded, or the policy told no log-probabilities or values.
        """
        if not self.length:
            raise ContractError("the rollout buffer is empty")
        arrays: dict[str, Any] = dict(self.arrays())
        del arrays["reward_parts"]
        for name in ("log_probs", "values"):
            unknown = np.isnan(arrays[name])
            if (unknown & arrays["active"]).any():
                raise ContractError(
                    f"the rollout has no {name}: the policy that acted does not tell them",
                    details=("on-policy learning needs a learner's own policy, asked with explore=True",),
                )
            if unknown.any():  # rows that nobody lives in; a learner gives them no weight, but 0 * NaN is NaN
                arrays[name][unknown] = 0.0
        return RolloutBatch(**arrays, demonstrations=demonstrations)
