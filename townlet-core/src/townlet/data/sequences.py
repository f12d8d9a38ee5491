"""A recording in pieces of lives, in the order they were lived, for learners with memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from townlet.api import DemonstrationSequences
from townlet.data.block import TrajectoryBlock
from townlet.data.dataset import Dataset

__all__ = ["life_pieces"]

Chooser = Callable[[int, TrajectoryBlock], NDArray[np.bool_]]
"""Which transitions count: from a block's first tick in the dataset and itself to bool ``[T, N]``."""


def life_pieces(
    dataset: Dataset, counted: Chooser, length: int, batch_size: int, rng: np.random.Generator | None
) -> Iterator[DemonstrationSequences]:
    """One pass over a recording, in pieces of ``length`` ticks that cross no gap in time.

    Some stretches of ticks are read at a time, at random with ``rng``, as many as fill a batch; the pieces of their
    rows are shuffled among each other. A row in which nothing counts is left out.
    """
    most = max(1, batch_size // length)
    windows = _windows(dataset, length)
    order = np.arange(len(windows)) if rng is None else rng.permutation(len(windows))
    at_once = max(1, -(-most // dataset.rows))
    waiting: dict[int, list[tuple[int, int]]] = {}
    for number in order.tolist():
        start, stop = windows[number]
        group = waiting.setdefault(stop - start, [])
        group.append((start, stop))
        if len(group) == at_once:
            yield from _batches(dataset, counted, waiting.pop(stop - start), most, rng)
    for group in waiting.values():
        yield from _batches(dataset, counted, group, most, rng)


def _windows(dataset: Dataset, length: int) -> list[tuple[int, int]]:
    windows, begin = [], 0
    for segment in dataset.manifest.segments:
        end = begin + segment.ticks
        windows += [(start, min(start + length, end)) for start in range(begin, end, length)]
        begin = end
    return windows


def _batches(
    dataset: Dataset,
    counted: Chooser,
    windows: list[tuple[int, int]],
    most: int,
    rng: np.random.Generator | None,
) -> Iterator[DemonstrationSequences]:
    blocks = [dataset.read(start, stop) for start, stop in windows]
    counts = np.concatenate([counted(w[0], block) for w, block in zip(windows, blocks, strict=True)], axis=1)
    arrays = {
        name: np.concatenate([getattr(block, name) for block in blocks], axis=1)
        for name in ("map", "features", "action_mask", "actions", "episode_start")
    }
    starts = arrays.pop("episode_start").copy()
    starts[0] = True
    rows = np.flatnonzero(counts.any(axis=0))
    if rng is not None:
        rows = rng.permutation(rows)
    for first in range(0, len(rows), most):
        some = rows[first : first + most]
        cut = {name: array[:, some] for name, array in arrays.items()}
        yield DemonstrationSequences(**cut, starts=starts[:, some], counts=counts[:, some])
