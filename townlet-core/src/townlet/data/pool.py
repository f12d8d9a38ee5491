"""Transitions in random order without holding a whole dataset in memory.

A dataset that fits the budget is gathered once and permuted. A larger one is cut into pieces, stretches of ticks
of one shard; each epoch draws the pieces in random order, fills the pool with as many as fit, and permutes the
transitions in it. With ``m`` pieces in the pool, a batch mixes transitions of all ``m``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.data.block import ARRAY_DTYPES, TrajectoryBlock, array_shapes, merge_rows
from townlet.data.dataset import Dataset

__all__ = ["TransitionPool", "flat_blocks"]

Flat = dict[str, NDArray[Any]]
Chooser = Callable[[int, TrajectoryBlock], NDArray[np.bool_]]
"""Which transitions of a block count: from its first tick in the dataset and itself to bool ``[T, N]``."""

Piece = tuple[int, int, int, int]
"""Shard, first and last tick in it, and the shard's first tick in the dataset."""

PIECES_IN_POOL = 32


def _active(_first_tick: int, block: TrajectoryBlock) -> NDArray[np.bool_]:
    return block.active


def flatten(block: TrajectoryBlock, chosen: NDArray[np.bool_], names: Sequence[str] = tuple(ARRAY_DTYPES)) -> Flat:
    """The chosen transitions of a block, time before row: ``[B, ...]``. Views where all are chosen."""
    merged = {name: merge_rows(getattr(block, name)) for name in names}
    if chosen.all():
        return merged
    index = np.flatnonzero(chosen)
    return {name: array.take(index, axis=0) for name, array in merged.items()}


def flat_blocks(dataset: Dataset) -> Iterator[Flat]:
    """The active transitions of each shard, in recorded order."""
    for _, block in dataset.shard_blocks():
        step = max(1, block.ticks // 8) if not block.active.all() else block.ticks
        for start in range(0, block.ticks, step):
            part = block.ticks_between(start, start + step)
            yield flatten(part, part.active)


class TransitionPool:
    """The transitions of a dataset that a chooser picks, in stored or in random order.

    Args:
        dataset: where they come from.
        memory_bytes: budget for the pool.
        names: the arrays wanted.
        choose: which transitions count; the active ones by default.
        share: of the active transitions, about how many those are.
    """

    def __init__(
        self,
        dataset: Dataset,
        memory_bytes: int,
        names: Sequence[str],
        choose: Chooser = _active,
        *,
        share: float = 1.0,
    ) -> None:
        self._dataset = dataset
        self._names = tuple(names)
        self._choose = choose
        shapes = array_shapes(dataset.spec, len(dataset.manifest.reward_parts))
        self._bytes_each = sum(
            int(np.prod(shapes[name])) * np.dtype(ARRAY_DTYPES[name]).itemsize for name in self._names
        )
        # Half of the budget for the pool, half for the batches and copies made from it.
        self._capacity = max(1, memory_bytes // (2 * self._bytes_each))
        self._share = share
        self._everything: Flat | None = None

    @property
    def fits(self) -> bool:
        """Whether the whole dataset is held in memory."""
        return self._dataset.transitions * self._share <= self._capacity

    def batches(self, size: int, rng: np.random.Generator | None) -> Iterator[Flat]:
        """One pass; the last batch may be short. In stored order without ``rng``."""
        rest: Flat = {}
        for pool in self._pools(rng):
            count = len(pool[self._names[0]])
            order = None if rng is None else rng.permutation(count)
            begin = min(count, size - len(rest[self._names[0]])) if rest else 0
            if rest:
                head = _take(pool, order, 0, begin)
                rest = {name: np.concatenate([rest[name], head[name]]) for name in head}
                if len(rest[self._names[0]]) < size:
                    del pool
                    continue
                yield rest
            whole = count - (count - begin) % size
            for start in range(begin, whole, size):
                yield _take(pool, order, start, start + size)
            short = _take(pool, order, whole, count)
            rest = {name: array.copy() for name, array in short.items()} if whole < count else {}
            del pool, short  # before the next pool is gathered, not after
        if rest:
            yield rest

    def _pools(self, rng: np.random.Generator | None) -> Iterator[Flat]:
        if self.fits:
            if self._everything is None:
                self._everything = self._gather(self._pieces(1 << 62))
            yield self._everything
            return
        if rng is None:
            for piece in self._pieces(self._capacity):
                yield self._gather([piece])
            return
        pieces = self._pieces(max(1, self._capacity // PIECES_IN_POOL))
        order = rng.permutation(len(pieces))
        drawn: list[Piece] = []
        held = 0
        for index in order:
            piece = pieces[int(index)]
            drawn.append(piece)
            held += int((piece[2] - piece[1]) * self._dataset.rows * self._share)
            if held >= self._capacity:
                yield self._gather(drawn)
                drawn, held = [], 0
        if drawn:
            yield self._gather(drawn)

    def _pieces(self, transitions: int) -> list[Piece]:
        """Shard, first tick and last tick in it, first tick of the shard in the dataset."""
        step = max(1, int(transitions / max(self._share, 1e-6)) // self._dataset.rows)
        pieces, first = [], 0
        for index, entry in enumerate(self._dataset.manifest.shards):
            for start in range(0, entry.ticks, step):
                pieces.append((index, start, min(start + step, entry.ticks), first))
            first += entry.ticks
        return pieces

    def _gather(self, pieces: Sequence[Piece]) -> Flat:
        """Copy the chosen transitions of some pieces into arrays that are allocated once, shard by shard."""
        pieces = sorted(pieces)
        found = []
        for piece, part in self._parts(pieces):
            found.append(np.flatnonzero(self._choose(piece[3] + piece[1], part)))
            del part  # with it goes the hold on its shard's map
        total = sum(len(index) for index in found)
        shapes = array_shapes(self._dataset.spec, len(self._dataset.manifest.reward_parts))
        out: Flat = {name: np.empty((total, *shapes[name]), ARRAY_DTYPES[name]) for name in self._names}
        position = 0
        chosen = iter(found)
        for _, part in self._parts(pieces):
            index = next(chosen)
            for name, array in out.items():
                room = array[position : position + len(index)]
                # Clipping spares the copy that take makes to leave `out` alone if an index is wrong.
                np.take(merge_rows(getattr(part, name)), index, axis=0, out=room, mode="clip")
            position += len(index)
            del part
        return out

    def _parts(self, pieces: Sequence[Piece]) -> Iterator[tuple[Piece, TrajectoryBlock]]:
        """Each piece with its ticks, one shard mapped at a time; the pieces are sorted."""
        shard, block = -1, None
        for piece in pieces:
            if piece[0] != shard or block is None:
                block = None  # the map of the shard before goes before the next one comes
                shard, block = piece[0], self._dataset.shard(piece[0])
            yield piece, block.ticks_between(piece[1], piece[2])


def _take(pool: Flat, order: NDArray[np.int64] | None, start: int, stop: int) -> Flat:
    """Views in stored order, copies in the given one."""
    if order is None:
        return {name: array[start:stop] for name, array in pool.items()}
    return {name: array.take(order[start:stop], axis=0) for name, array in pool.items()}
