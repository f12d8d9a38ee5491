"""The index of episodes: which ticks of which row belong to one life."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from townlet.data.block import TrajectoryBlock
from townlet.data.dataset import Dataset

__all__ = ["OUTCOMES", "EpisodeTable", "index_episodes"]

OUTCOMES = ("cut", "terminated", "truncated")
"""How an episode ends: with the recording (or a gap in it), with the life, or cut by whoever ran the town."""

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EpisodeTable:
    """``E`` episodes, in the order in which they begin. An episode is a stretch of active ticks of one row.

    Attributes:
        start: int64 ``[E]``, its first tick, counted from the first tick of the dataset.
        length: int64 ``[E]``, ticks.
        row: int64 ``[E]``.
        segment: int64 ``[E]``.
        returns: float64 ``[E]``, undiscounted sum of its rewards.
        part_returns: float64 ``[E, P]``, the same of each reward part.
        outcome: int64 ``[E]``, index into :data:`OUTCOMES`.
        from_birth: bool ``[E]``, whether the recording holds its beginning.
    """

    start: Integers
    length: Integers
    row: Integers
    segment: Integers
    returns: NDArray[np.float64]
    part_returns: NDArray[np.float64]
    outcome: Integers
    from_birth: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.start)

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> EpisodeTable:
        """Some of the episodes, by index or by mask."""
        return EpisodeTable(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def index_episodes(dataset: Dataset) -> EpisodeTable:
    """Find the episodes of a dataset in one pass, with memory for one shard and the table.

    An episode begins where a row becomes active, where ``episode_start`` is true, after ``terminated`` or
    ``truncated``, and at the beginning of a segment.
    """
    indexer = _Indexer(dataset.rows, len(dataset.manifest.reward_parts))
    for index, block in dataset.shard_blocks():
        indexer.add(block, dataset.manifest.shards[index].segment)
    return indexer.table()


class _Indexer:
    def __init__(self, rows: int, parts: int) -> None:
        self._segment = -1
        self._tick = 0
        self._count = 0
        self._open = np.full(rows, -1, np.int64)  # the episode that goes on in each row, or -1
        self._known: dict[str, NDArray[np.float64] | Integers | NDArray[np.bool_]] = {
            "start": np.zeros(0, np.int64),
            "length": np.zeros(0, np.int64),
            "row": np.zeros(0, np.int64),
            "segment": np.zeros(0, np.int64),
            "returns": np.zeros(0, np.float64),
            "part_returns": np.zeros((0, parts), np.float64),
            "outcome": np.zeros(0, np.int64),
            "from_birth": np.zeros(0, np.bool_),
        }

    def add(self, block: TrajectoryBlock, segment: int) -> None:
        """Count the episodes of a block that follows those before."""
        if segment != self._segment:
            self._segment = segment
            self._open[:] = -1
        # From here on row first: [N, T].
        active, ends = block.active.T, (block.terminated | block.truncated).T
        before = np.empty_like(active)
        before[:, 1:] = active[:, :-1] & ~ends[:, :-1]
        before[:, 0] = self._open >= 0
        begins = active & (block.episode_start.T | ~before)
        row, tick = np.nonzero(begins)
        first = self._count + np.concatenate([[0], np.cumsum(begins.sum(axis=1))[:-1]])
        nth = np.cumsum(begins, axis=1)
        ids = np.where(nth == 0, self._open[:, None], first[:, None] + nth - 1)
        self._count += len(row)
        fresh = {
            "start": self._tick + tick,
            "length": np.zeros(len(row), np.int64),
            "row": row,
            "segment": np.full(len(row), segment, np.int64),
            "returns": np.zeros(len(row), np.float64),
            "part_returns": np.zeros((len(row), block.reward_parts.shape[2]), np.float64),
            "outcome": np.zeros(len(row), np.int64),
            "from_birth": block.episode_start.T[begins],
        }
        self._known = {name: np.concatenate([self._known[name], fresh[name]]) for name in fresh}
        self._count_ticks(block, active, ids)
        last_goes_on = active[:, -1] & ~ends[:, -1]
        self._open = np.where(last_goes_on, ids[:, -1], -1)
        self._tick += block.ticks

    def _count_ticks(self, block: TrajectoryBlock, active: NDArray[np.bool_], ids: Integers) -> None:
        mine = ids[active]
        self._known["length"] += np.bincount(mine, minlength=self._count)
        self._known["returns"] += np.bincount(mine, block.rewards.T[active], self._count)
        for part in range(block.reward_parts.shape[2]):
            sums = np.bincount(mine, block.reward_parts[:, :, part].T[active], self._count)
            self._known["part_returns"][:, part] += sums
        self._known["outcome"][ids[active & block.truncated.T]] = OUTCOMES.index("truncated")
        self._known["outcome"][ids[active & block.terminated.T]] = OUTCOMES.index("terminated")

    def table(self) -> EpisodeTable:
        """The episodes, in the order in which they begin, then by row."""
        order = np.lexsort((self._known["row"], self._known["start"]))
        return EpisodeTable(**{name: column[order] for name, column in self._known.items()})  # type: ignore[arg-type]
