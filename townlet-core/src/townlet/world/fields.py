"""Ways over a map: which object a tile serves, and breadth-first fields that lead to facilities and places."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet.errors import MapError
from townlet.world.compiled import compiled
from townlet.world.maps import OPEN_GROUND, MapSource
from townlet.world.names import BED, DESK, DIRECTION_X, DIRECTION_Y, FACILITY_KINDS, WALKABLE_KINDS
from townlet.world.tables import UNREACHABLE

__all__ = ["Field", "Ground", "check_reachable", "flood", "read_ground"]

# Where `use` looks for an object: under oneself, then beside (N, E, S, W), then across the corners.
REACH = ((0, 0), (-1, 0), (0, 1), (1, 0), (0, -1), (-1, -1), (-1, 1), (1, 1), (1, -1))


class Ground(NamedTuple):
    """Arrays of a map, as in :class:`~townlet.world.tables.MapTable`."""

    walkable: NDArray[np.uint8]
    wall: NDArray[np.uint8]
    object_at: NDArray[np.int16]
    use_object: NDArray[np.int16]
    place_at: NDArray[np.int16]
    object_kind: NDArray[np.int8]
    object_y: NDArray[np.int16]
    object_x: NDArray[np.int16]
    object_place: NDArray[np.int16]


class Field(NamedTuple):
    """A breadth-first field: uint16 distance, uint8 steps, int16 nearest object; each ``[H, X]``."""

    distance: NDArray[np.uint16]
    steps: NDArray[np.uint8]
    nearest: NDArray[np.int16]


def read_ground(source: MapSource) -> Ground:
    """Number the objects (row by row) and find what each tile serves."""
    shape = (source.height, source.width)
    walkable, wall = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    object_at, place_at = np.full(shape, -1, np.int16), np.full(shape, -1, np.int16)
    for number, place in enumerate(source.places):
        place_at[place.rows[0] - 1 : place.rows[1], place.columns[0] - 1 : place.columns[1]] = number
    kinds, nearest = np.full(shape, -1, np.int8), np.full(shape, len(REACH), np.int8)
    for kind, name in enumerate(FACILITY_KINDS):
        kinds[source.tiles(name)] = kind
    at_y, at_x = np.nonzero(kinds >= 0)
    kind_column = kinds[at_y, at_x]
    object_at[at_y, at_x] = np.arange(len(at_y))
    open_ground = source.tiles(*OPEN_GROUND)
    walkable[...] = open_ground | np.isin(kinds, WALKABLE_KINDS)
    wall[...] = ~open_ground & (kinds < 0)
    owned = np.isin(kind_column, (BED, DESK))
    place_column = np.where(owned, place_at[at_y, at_x], -1)
    ground = Ground(
        walkable,
        wall,
        object_at,
        np.full(shape, -1, np.int16),
        place_at,
        np.ascontiguousarray(kind_column),
        at_y.astype(np.int16),
        at_x.astype(np.int16),
        place_column.astype(np.int16),
    )
    for y, x in zip(at_y.tolist(), at_x.tolist(), strict=True):  # each object to the tiles that might reach for it
        for rank, (dy, dx) in enumerate(REACH):
            ty, tx = y - dy, x - dx
            if 0 <= ty < shape[0] and 0 <= tx < shape[1] and walkable[ty, tx] and rank < nearest[ty, tx]:
                nearest[ty, tx] = rank
                ground.use_object[ty, tx] = object_at[y, x]
    return ground


def check_reachable(source: MapSource, ground: Ground) -> None:
    """Every object must serve a tile that one can walk to from the first bed.

    Raises:
        MapError: naming row and column of the first facility that nobody can reach.
    """
    bed = FACILITY_KINDS.index("bed")
    beds = np.flatnonzero(ground.object_kind == bed)
    start = np.full(ground.walkable.shape, -1, np.int16)
    start[ground.object_y[beds[0]], ground.object_x[beds[0]]] = 0
    reached = flood(ground.walkable, start).distance != UNREACHABLE
    served = set(np.unique(ground.use_object[reached]).tolist())
    for number, (kind, y, x) in enumerate(zip(ground.object_kind, ground.object_y, ground.object_x, strict=True)):
        if number not in served:
            raise MapError(
                f"nobody can reach this {FACILITY_KINDS[kind]}",
                where=source.spot(int(y), int(x)),
                details=[
                    "a facility needs a tile under or beside it that one can walk to and that serves no nearer one "
                    "(beside comes before across a corner)"
                ],
            )


def flood(walkable: NDArray[np.uint8], sources: NDArray[np.int16]) -> Field:
    """Breadth-first from the tiles whose ``sources`` (int16 ``[H, X]``) is not negative; its value is `nearest`."""
    distance = np.full(walkable.shape, UNREACHABLE, np.uint16)
    steps = np.zeros(walkable.shape, np.uint8)
    nearest = np.full(walkable.shape, -1, np.int16)
    queue = np.zeros((walkable.size, 2), np.int16)
    _flood(walkable, sources, distance, steps, nearest, queue)
    return Field(distance, steps, nearest)


@compiled
def _flood(walkable: Any, sources: Any, distance: Any, steps: Any, nearest: Any, queue: Any) -> None:
    height, width = walkable.shape
    head, tail = 0, 0
    for y in range(height):
        for x in range(width):
            if sources[y, x] >= 0 and walkable[y, x]:
                distance[y, x] = 0
                nearest[y, x] = sources[y, x]
                queue[tail, 0], queue[tail, 1] = y, x
                tail += 1
    while head < tail:
        y, x = int(queue[head, 0]), int(queue[head, 1])
        head += 1
        for d in range(4):
            v, u = y + DIRECTION_Y[d], x + DIRECTION_X[d]
            if v < 0 or u < 0 or v >= height or u >= width or not walkable[v, u]:
                continue
            if distance[v, u] == UNREACHABLE and int(distance[y, x]) < UNREACHABLE - 1:
                distance[v, u] = int(distance[y, x]) + 1
                nearest[v, u] = nearest[y, x]
                queue[tail, 0], queue[tail, 1] = v, u
                tail += 1
            if int(distance[v, u]) + 1 == int(distance[y, x]):
                steps[y, x] |= np.uint8(1 << d)
