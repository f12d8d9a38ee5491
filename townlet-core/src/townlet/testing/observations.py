"""Observations to ask a backend with: made up for any spec, seeded, with everything the contract allows.

They are not of a real town: features are numbers in [-1, 1], masks and flags are drawn. A backend has to follow
the contract on anything of the right shape. Checks that need a real town use ``townlet.envs``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from townlet.api import ObservationBatch, ObservationSpec

__all__ = ["draw_batch", "draw_episode", "read_only"]


def draw_batch(
    spec: ObservationSpec, rows: int, seed: int, *, starts: float = 0.0, empty: float = 0.0
) -> ObservationBatch:
    """``rows`` rows of made-up observations.

    Args:
        spec: what they must look like.
        rows: ``N``.
        seed: the same seed gives the same batch.
        starts: share of active rows on their first tick.
        empty: share of rows that nobody lives in; those may only take action 0.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    batch = ObservationBatch.empty(spec, rows)
    batch.map[:] = generator.integers(0, 256, batch.map.shape, np.uint8)
    batch.features[:] = generator.uniform(-1, 1, batch.features.shape)
    batch.action_mask[:] = generator.random(batch.action_mask.shape) < 0.6
    batch.action_mask[:, 0] = True
    batch.active[:] = generator.random(rows) >= empty
    batch.action_mask[~batch.active, 1:] = False
    batch.map[~batch.active] = 0
    batch.features[~batch.active] = 0
    batch.episode_start[:] = batch.active & (generator.random(rows) < starts)
    return batch


def draw_episode(spec: ObservationSpec, rows: int, ticks: int, seed: int) -> Iterator[ObservationBatch]:
    """``ticks`` batches in which lives begin, end, and slots stay empty for a while."""
    for tick in range(ticks):
        batch = draw_batch(spec, rows, seed * 100_003 + tick, starts=0.05, empty=0.15)
        if tick == 0:
            batch.episode_start[:] = batch.active
        yield batch


def read_only(batch: ObservationBatch) -> ObservationBatch:
    """The same observations in arrays that refuse to be written into."""
    copy = batch.copy()
    for array in (copy.map, copy.features, copy.action_mask, copy.active, copy.episode_start):
        array.flags.writeable = False
    return copy
