"""Experience of towns of different ages at once: each group is replaced by fresh towns at another time.

Towns that all begin together show a learner their first day, then their second, and so on; each update then undoes a
part of the one before. Spread evenly over a life, every update sees all days and, where the spread is not a whole
number of days, all hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from townlet.api import RolloutBatch, RolloutMemory
from townlet.config.rewards import SocialStage
from townlet.errors import CheckpointError
from townlet.rollout import Side, TakingTurns, side_by_side
from townlet.training.experience.fresh import FreshExperience
from townlet.training.experience.source import Gathered

__all__ = ["StaggeredExperience", "merged_metrics"]

_AS_WRITTEN = ("map", "features", "action_mask", "episode_start", "actions", "log_probs", "values")
_WORKED_OUT = ("active", "rewards", "terminated", "truncated", "bootstrap")
_SUMMED = ("lives_ended", "deciding_seconds", "town_seconds")


class StaggeredExperience:
    """The rows of several supplies of experience side by side.

    Args:
        groups: each with towns of its own, as many ticks a piece as the others, and its part of ``memory``.
        memory: where all of them write: what they have gathered lies side by side in it already.
        named: whether the memory is the learner's own, which its batches then name.
        sides: the groups' loops, in the order of the groups: one side lives through its tick while the learner
            decides for the other. By default each group is a side of its own.
    """

    def __init__(
        self,
        groups: Sequence[FreshExperience],
        memory: RolloutMemory,
        *,
        named: bool = False,
        sides: Sequence[Side] | None = None,
    ) -> None:
        self._groups = tuple(groups)
        self._memory = memory
        self._named = named
        self._turns = TakingTurns([Side([group.loop]) for group in self._groups] if sides is None else sides)

    def gather(self, gamma: float, price: float | None = None) -> Gathered:
        """A piece of each group, joined along the rows; rates are means over the samples."""
        for group in self._groups:
            group.begin()
        outcome = self._turns.run(self._memory.arrays.ticks, [group.watchers for group in self._groups])
        pieces = [group.finish(outcome, gamma, price) for group in self._groups]
        samples = [piece.samples for piece in pieces]
        metrics = merged_metrics(samples, [piece.metrics for piece in pieces])
        return Gathered(self._join([piece.batch for piece in pieces]), sum(samples), metrics)

    def set_social_stage(self, stage: SocialStage) -> None:
        """Reward by this stage from the next piece on."""
        for group in self._groups:
            group.set_social_stage(stage)

    def save(self, folder: Path) -> None:
        """Each group in a folder of its own."""
        for number, group in enumerate(self._groups):
            part = folder / f"group-{number:02d}"
            part.mkdir()
            group.save(part)

    def load(self, folder: Path) -> None:
        """Continue from what :meth:`save` wrote."""
        found = len(list(folder.glob("group-*")))
        if found != len(self._groups):
            raise CheckpointError(
                f"the checkpoint holds {found or 'no'} groups of towns, the config asks for {len(self._groups)}",
                where=str(folder),
            )
        for number, group in enumerate(self._groups):
            group.load(folder / f"group-{number:02d}")

    def _join(self, batches: Sequence[RolloutBatch]) -> RolloutBatch:
        if not (self._named or batches[0].every_tick):
            names = (*_AS_WRITTEN, *_WORKED_OUT, "asked", "duration")
            joined: dict[str, Any] = side_by_side([{n: getattr(batch, n) for n in names} for batch in batches])
            return RolloutBatch(**joined, **_state_of(batches))
        return self._where_written(batches)

    def _where_written(self, batches: Sequence[RolloutBatch]) -> RolloutBatch:
        arrays, ticks = self._memory.arrays, batches[0].ticks
        joined: dict[str, Any] = {name: getattr(arrays, name)[:ticks] for name in _AS_WRITTEN}
        if all(group.as_written for group in self._groups):
            joined |= {name: getattr(arrays, name)[:ticks] for name in _WORKED_OUT}
        else:
            for name in (*_WORKED_OUT, "asked", "duration"):
                joined[name] = np.concatenate([getattr(batch, name) for batch in batches], axis=1)
        return RolloutBatch(**joined, **_state_of(batches), memory=self._memory if self._named else None)


def _state_of(batches: Sequence[RolloutBatch]) -> dict[str, Any]:
    states = [batch.state for batch in batches if batch.state is not None]
    if len(states) < len(batches):
        return {}
    return {"state": {name: np.concatenate([state[name] for state in states]) for name in states[0]}}


def merged_metrics(samples: Sequence[int], metrics: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The metrics of several groups of towns as one's: ended lives and seconds are summed, the rest are means.

    Args:
        samples: of each group.
        metrics: of each group; not all need tell the same.
    """
    merged: dict[str, float] = {}
    for name in dict.fromkeys(name for each in metrics for name in each):
        told = [(each[name], max(1, count)) for each, count in zip(metrics, samples, strict=True) if name in each]
        values, weights = [value for value, _ in told], [weight for _, weight in told]
        merged[name] = sum(values) if name in _SUMMED else float(np.average(values, weights=weights))
    return merged
