"""Core's own memory of a rollout: NumPy arrays, in parts for groups of towns."""

from __future__ import annotations

from dataclasses import dataclass

from townlet.api import ObservationBatch, RolloutArrays

__all__ = ["ArrayMemory"]


@dataclass(frozen=True, slots=True)
class ArrayMemory:
    """The default :class:`~townlet.api.RolloutMemory`.

    Attributes:
        arrays: where everything is written.
    """

    arrays: RolloutArrays

    def slot(self, tick: int, rows: slice) -> ObservationBatch:
        """The observations of some rows at ``tick``."""
        return self.arrays.slot(tick).take(rows)
