"""Putting episodes of different lengths into rows."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Placed", "arrange"]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an episode goes: its number, row, and first tick there."""

    episode: int
    row: int
    start: int


def arrange(lengths: NDArray[np.int64], rows: int) -> tuple[list[Placed], int]:
    """Put each episode, in the order given, into the row that is free first.

    Returns:
        The placements, in order of their start, and the length of the longest row.
    """
    free = [(0, row) for row in range(rows)]
    placed = []
    for episode, length in enumerate(lengths):
        start, row = heapq.heappop(free)
        placed.append(Placed(episode, row, start))
        heapq.heappush(free, (start + int(length), row))
    return placed, max(stop for stop, _ in free)
