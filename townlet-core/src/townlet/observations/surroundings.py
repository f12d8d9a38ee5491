"""What the compiled writers of observations need beside state and tables: static maps with a rim, a clock, scratch."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet.config.observation import Variant
from townlet.observations.channels import KIND_STEP, PATH_SCALE, YES, map_channels
from townlet.world.names import FACILITY_KINDS
from townlet.world.tables import UNREACHABLE, Tables

__all__ = ["COMPACT", "FULL", "HYBRID", "KINDS", "Surroundings", "build_surroundings"]

COMPACT, HYBRID, FULL = range(3)
KINDS = len(FACILITY_KINDS)

I16 = NDArray[np.int16]
U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]


class Surroundings(NamedTuple):
    """Made once a run. ``H2 X2`` are the map's rows and columns with a rim of ``radius`` cells on every side.

    The rim is wall, so that the window of an agent at the edge is a plain copy like any other.
    """

    variant: int
    radius: int
    ground: Annotated[U8, "S H2 X2", "the static channels: hybrid wall, facility; full wall, one a kind"]
    paths: Annotated[U8, "P H2 X2", "full: closeness of kinds, then of places; else empty"]
    post_place: Annotated[I16, "J", "site of each post"]
    time: Annotated[F32, "D 2", "sine and cosine of each tick of the day"]
    best_wage: float
    people: Annotated[U8, "T H2 X2", "scratch, one a thread: where agents stand in the world being written"]
    busy: Annotated[U8, "T H2 X2", "scratch, one a thread: use and queues of the facilities"]


def build_surroundings(tables: Tables, variant: Variant, window: int, threads: int) -> Surroundings:
    """Compute them. ``window`` is odd; ``threads`` is how many may write at once."""
    ground, radius = tables.map, window // 2
    height, width = ground.walkable.shape
    rim = ((radius, radius), (radius, radius))
    number = {"compact": COMPACT, "hybrid": HYBRID, "full": FULL}[variant]
    kinds = np.where(ground.object_at >= 0, ground.object_kind[ground.object_at], -1).astype(np.int16)
    wall = np.pad((ground.wall > 0) * np.uint8(YES), rim, constant_values=YES).astype(np.uint8)
    if number == FULL:
        layers = [wall, *(np.pad((kinds == k) * np.uint8(YES), rim) for k in range(KINDS))]
    else:
        layers = [wall, np.pad(((kinds + 1) * KIND_STEP).astype(np.uint8), rim)]
    paths = np.zeros((0, height + 2 * radius, width + 2 * radius), np.uint8)
    if number == FULL:
        fields = np.concatenate([ground.kind_distance.transpose(2, 0, 1), ground.place_distance])
        far = fields == UNREACHABLE
        near = np.where(far, 0, 255 * PATH_SCALE // (fields.astype(np.int64) + PATH_SCALE)).astype(np.uint8)
        paths = np.pad(near, ((0, 0), *rim))
    day = tables.rules.day_ticks
    angle = 2 * np.pi * np.arange(day) / day
    scratch = (max(threads, 1), height + 2 * radius, width + 2 * radius)
    assert len(map_channels(variant)) in (0, len(layers) + 2 + (KINDS if number == FULL else 0))
    return Surroundings(
        variant=number,
        radius=radius,
        ground=np.ascontiguousarray(np.stack(layers), np.uint8),
        paths=np.ascontiguousarray(paths),
        post_place=np.ascontiguousarray(tables.posts.place),
        time=np.stack([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32),
        best_wage=float(max(tables.posts.wage.max(initial=0.0), 1e-6)),
        people=np.zeros(scratch, np.uint8),
        busy=np.zeros(scratch, np.uint8),
    )
