"""Putting episodes of different lengths into rows."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Arrangement", "Placed", "arrange"]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an episode goes: its number, row, and first tick there."""

    episode: int
    row: int
    start: int


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Where all episodes go.

    Attributes:
        placed: the placements, in order of their start.
        owners: int64 ``[rows]``, whose episodes each row holds.
        length: of the longest row.
    """

    placed: list[Placed]
    owners: NDArray[np.int64]
    length: int


def arrange(lengths: NDArray[np.int64], rows: int, owners: NDArray[np.int64] | None = None) -> Arrangement:
    """Put each episode, in the order given, into the row that is free first among those of its owner.

    Args:
        lengths: int64 ``[E]``, ticks.
        rows: among which owners share by their ticks. Each gets one at least, so there may be more in the end.
        owners: int64 ``[E]``, whose episodes they are; without, all of one.
    """
    owned = np.zeros(len(lengths), np.int64) if owners is None else owners
    names, owner = np.unique(owned, return_inverse=True)
    ticks = np.bincount(owner, lengths)
    shares = np.maximum(1, rows * ticks // ticks.sum()).astype(np.int64)
    first = np.cumsum(shares) - shares
    free = [[(0, int(row)) for row in range(at, at + share)] for at, share in zip(first, shares, strict=True)]
    placed = []
    for episode, (length, whose) in enumerate(zip(lengths, owner, strict=True)):
        start, row = heapq.heappop(free[whose])
        placed.append(Placed(episode, row, start))
        heapq.heappush(free[whose], (start + int(length), row))
    placed.sort(key=lambda each: (each.start, each.row))
    return Arrangement(placed, np.repeat(names, shares), max(stop for rows_of in free for stop, _ in rows_of))
