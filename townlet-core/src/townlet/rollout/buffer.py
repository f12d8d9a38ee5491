"""A piece of experience in preallocated arrays; the engine writes its observations straight into them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    BoolArray,
    DemonstrationBatch,
    FloatArray,
    ObservationBatch,
    ObservationSpec,
    RolloutArrays,
    RolloutBatch,
    RolloutMemory,
)
from townlet.errors import ContractError
from townlet.rollout.memory import ArrayMemory, refuse_what_does_not_fit
from townlet.rollout.spans import decisions_only, gather_spans
from townlet.rollout.step import Step

__all__ = ["RolloutBuffer"]


class RolloutBuffer:
    """``T`` ticks of ``N`` rows, and the observations that came after the last of them.

    Observations are ``[T + 1, N, ...]``, everything else ``[T, N]`` (``reward_parts`` ``[T, N, P]``). What a policy
    does not report (log-probabilities, values) is NaN. It is a :class:`~townlet.rollout.step.Recorder`.

    Args:
        spec: what the observations mean.
        ticks: ``T``.
        rows: ``N``.
        reward_parts: ``P``, number of parts that the reward is the sum of.
        spans: decisions span ticks: observations say who is asked in an array of its own; None: as in the spec's
            action space.
        memory: where the arrays lie; fresh NumPy arrays without.
        part: the rows of ``memory`` that are this buffer's; all of them without.
        logits: keep what the policy weighed, too: float32 ``[T, N, K]``.

    Raises:
        ContractError: if a size is not positive, or the memory is of another size.
        ConfigError: if it takes more memory than the machine has.
    """

    def __init__(
        self,
        spec: ObservationSpec,
        ticks: int,
        rows: int,
        *,
        reward_parts: int = 0,
        spans: bool | None = None,
        memory: RolloutMemory | None = None,
        part: slice | None = None,
        logits: bool = False,
    ) -> None:
        if ticks < 1 or rows < 1:
            raise ContractError(f"a rollout buffer needs at least one tick and one row, found {ticks} and {rows}")
        self.spec = spec
        self.ticks = ticks
        self.rows = rows
        self.length = 0
        self.state: Mapping[str, NDArray[Any]] | None = None
        """The policy's state before the first tick, where whoever fills the buffer says it."""
        self._memory = memory
        self._spans = spans = spec.spans if spans is None else spans
        if memory is None:
            refuse_what_does_not_fit(spec, ticks, rows)
        held = ArrayMemory(RolloutArrays.empty(spec, ticks, rows, spans=spans)) if memory is None else memory
        part = slice(0, held.arrays.rows) if part is None else part
        self._arrays = held.arrays.part(part)
        if (self._arrays.ticks, self._arrays.rows) != (ticks, rows):
            raise ContractError(
                f"a memory of {self._arrays.ticks} ticks and {self._arrays.rows} rows cannot hold {ticks} and {rows}"
            )
        self._reward_parts = np.zeros((ticks, rows, reward_parts), np.float32)
        self._logits = np.zeros((ticks, rows, spec.action_count if logits else 0), np.float32)
        self._slots = tuple(held.slot(t, part) for t in range(ticks + 1))

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
        t, arrays = self.length, self._arrays
        arrays.actions[t] = step.decision.actions
        arrays.log_probs[t] = np.nan if step.decision.log_probs is None else step.decision.log_probs
        arrays.values[t] = np.nan if step.decision.values is None else step.decision.values
        arrays.rewards[t] = step.result.rewards
        if self._reward_parts.shape[2]:
            self._reward_parts[t] = step.result.reward_parts
        if self._logits.shape[2]:
            self._logits[t] = np.nan if step.decision.logits is None else step.decision.logits
        arrays.terminated[t] = step.result.terminated
        arrays.truncated[t] = False
        arrays.bootstrap[t] = 0.0
        self.length = t + 1

    def finish(self, next_values: FloatArray | None) -> None:
        """Set the value of what follows the last tick, for the rows that go on.

        Args:
            next_values: float32 ``[N]``, the value of ``current()``, NaN where a mind tells none; None leaves zeros.
        """
        last, arrays = self.length - 1, self._arrays
        if last < 0 or next_values is None:
            return
        goes_on = arrays.active[last] & ~arrays.terminated[last] & ~np.isnan(next_values)
        arrays.bootstrap[last][goes_on] = next_values[goes_on]

    def rewind(self) -> None:
        """Start again with the first tick; what was recorded is written over."""
        self.length = 0
        self.state = None

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Views ``[length, N, ...]`` of all that is recorded, by name; the next rollout writes over them.

        ``asked`` is among them only where decisions span ticks, ``logits`` only where they are kept.
        """
        t = slice(0, self.length)
        names = [field.name for field in fields(RolloutArrays) if self._spans or field.name != "asked"]
        found = {name: getattr(self._arrays, name)[t] for name in names}
        kept = {"logits": self._logits[t]} if self._logits.shape[2] else {}
        return {**found, "reward_parts": self._reward_parts[t], **kept}

    def batch(
        self,
        demonstrations: DemonstrationBatch | None = None,
        *,
        gamma: float = 1.0,
        played: BoolArray | None = None,
    ) -> RolloutBatch:
        """What is recorded, for a learner's update.

        Where each agent decides on each tick these are views, not copies. Where decisions span ticks they are the
        decisions alone, one after the other, copied out of core's own memory; a memory that a learner made itself
        keeps them on the ticks on which they were taken.

        Args:
            demonstrations: handed on.
            gamma: discount per tick of the update, by which the rewards of a decision of several ticks are summed.
            played: bool ``[N]``, the rows that the learner plays; the others are not active in the batch.

        Raises:
            ContractError: if nothing is recorded, or the policy told no log-probabilities or values.
        """
        if not self.length:
            raise ContractError("the rollout buffer is empty")
        arrays: dict[str, Any] = dict(self.arrays())
        del arrays["reward_parts"]
        arrays.pop("logits", None)
        if played is not None and not played.all():
            arrays["active"] = arrays["active"] & played
            if self._spans:
                arrays["asked"] = arrays["asked"] & played
        _fill_unknown(arrays)
        memory = self._memory
        if self._spans:
            arrays.update(gather_spans(self._arrays, self.length, gamma)._asdict())
            if memory is None or isinstance(memory, ArrayMemory):
                arrays, memory = decisions_only(arrays), None
        return RolloutBatch(**arrays, demonstrations=demonstrations, state=self.state, memory=memory)


def _fill_unknown(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Zeros for what a policy did not say where nothing is learned: a learner gives no weight, but 0 * NaN is NaN."""
    learned = arrays.get("asked", arrays["active"])
    for name in ("log_probs", "values"):
        unknown = np.isnan(arrays[name])
        if (unknown & learned).any():
            raise ContractError(
                f"the rollout has no {name}: the policy that acted does not report them",
                details=("on-policy learning needs a learner's own policy, asked with explore=True",),
            )
        if unknown.any():
            arrays[name][unknown] = 0.0
