"""What agents saw, in words: the same sentences that slow minds are told, each line kept once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from townlet.api import ObservationBatch, ObservationSpec, Words
from townlet.viewer.columns import pack

__all__ = ["MOST_WORDS", "WordNotes"]

MOST_WORDS: Final = 100_000
"""Agents times frames up to which what they saw is told in words, too: it takes a fifth of a millisecond each."""


class WordNotes:
    """Collects the lines of each agent, frame by frame.

    Args:
        spec: what the observations mean.
    """

    def __init__(self, spec: ObservationSpec) -> None:
        self._words = Words(spec)
        self._lines: dict[str, int] = {}
        self._rows: list[list[list[int]]] = []  # frame, agent, number of each line

    def note(self, observations: ObservationBatch) -> None:
        """Take what the agents of a town see now; nothing where nobody lives."""
        self._rows.append(
            [self._told(observations, a) if observations.active[a] else [] for a in range(observations.rows)]
        )

    def packed(self) -> dict[str, bytes]:
        """The part ``words``: ``lines`` int32 ``[T, A * M]``, -1 for none. Nothing where nothing was noted."""
        if not self._rows:
            return {}
        most = max(1, max(len(lines) for frame in self._rows for lines in frame))
        numbers: NDArray[np.int32] = np.full((len(self._rows), len(self._rows[0]), most), -1, np.int32)
        for t, frame in enumerate(self._rows):
            for a, lines in enumerate(frame):
                numbers[t, a, : len(lines)] = lines
        told = {"lines": list(self._lines), "perAgent": most}
        return {"words": pack({"lines": numbers.reshape(len(self._rows), -1)}, told)}

    def _told(self, observations: ObservationBatch, row: int) -> list[int]:
        lines = self._words.short(observations, row).split("\n")
        return [self._lines.setdefault(line, len(self._lines)) for line in lines]
