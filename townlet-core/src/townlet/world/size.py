"""What a map takes before its town is compiled: memory and time, estimated from its size."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np

from townlet.errors import MapError
from townlet.storage import machine_bytes
from townlet.world.maps import MapSource
from townlet.world.names import FACILITY_KINDS

__all__ = ["LargeMapWarning", "MapSize", "refuse_towns_too_large"]

_GROUND_BYTES = 8
"""Of a tile: walkable, wall, object, what it serves, place."""
_FIELD_BYTES = 5
"""Of a tile in a way that leads somewhere: distance, steps, nearest; a local one has no nearest."""
_WORK_BYTES = 24
"""Of a tile while ways are found: a queue, an order, what is tried."""
_TILES_A_SECOND = 10e6
"""Tiles of a way that are flooded and copied in a second; measured on one core (Sapphire Rapids class)."""


_NOTED_BYTES = 1 << 30
_NOTED_SECONDS = 5.0


class LargeMapWarning(UserWarning):
    """What a large map takes, said before the work."""


@dataclass(frozen=True, slots=True)
class MapSize:
    """An estimate.

    Attributes:
        rows: ``H``.
        columns: ``X``.
        places: homes and sites.
        memory: bytes at the worst moment.
        seconds: of one core.
    """

    rows: int
    columns: int
    places: int
    memory: int
    seconds: float

    @classmethod
    def of(cls, source: MapSource) -> Self:
        """The estimate of a map that was read and checked."""
        tiles = source.height * source.width
        spans = [(p.rows[1] - p.rows[0] + 1) * (p.columns[1] - p.columns[0] + 1) for p in source.places]
        owned = int(np.count_nonzero(source.tiles("bed", "desk")))
        local = owned * max(spans, default=1) * (_FIELD_BYTES - 2)
        fields = len(FACILITY_KINDS) + len(source.places)
        memory = tiles * (_GROUND_BYTES + _WORK_BYTES + 2 * fields * _FIELD_BYTES) + local  # made, then stacked
        return cls(source.height, source.width, len(spans), memory, (tiles * fields + local / 3) / _TILES_A_SECOND)

    def words(self) -> str:
        """Such as ``a map of 4,096 x 4,096 tiles with 12 places takes 3.7 GiB of memory and about 17 s``."""
        return (
            f"a map of {self.rows:,} x {self.columns:,} tiles with {self.places:,} places takes "
            f"{self.memory / 2**30:,.1f} GiB of memory and about {self.seconds:,.0f} s to prepare"
        )


def refuse_towns_too_large(source: MapSource) -> None:
    """Say before the work what a large map takes, with a :class:`LargeMapWarning`.

    Raises:
        MapError: it takes more memory than there is; with both, and what to lower.
    """
    size, there = MapSize.of(source), machine_bytes()
    if there is not None and size.memory > there:
        raise MapError(
            f"{size.words()}; this machine has {there / 2**30:,.1f} GiB",
            where=source.where,
            details=("draw fewer rows, columns or places, or make the largest place smaller",),
        )
    if size.memory > _NOTED_BYTES or size.seconds > _NOTED_SECONDS:
        warnings.warn(size.words(), LargeMapWarning, stacklevel=3)
