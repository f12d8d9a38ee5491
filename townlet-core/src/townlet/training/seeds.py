"""Seeds of the towns that training plays in, and of its updates."""

from __future__ import annotations

import numpy as np

from townlet.rng import derive

__all__ = ["town_seeds"]

_PURPOSES = ("demonstrations", "rollout", "update")


def town_seeds(seed: int, purpose: str, count: int, generation: int = 0) -> tuple[int, ...]:
    """Seeds for ``count`` towns, a function of the arguments alone.

    Training draws from 2**52 up to 2**53, evaluation counts from small numbers, so no town is in both.

    Args:
        seed: the seed of the config.
        purpose: ``demonstrations``, ``rollout`` or ``update``.
        count: how many.
        generation: how often towns of this purpose have been replaced by fresh ones.
    """
    key = np.asarray([seed & 0xFFFFFFFFFFFFFFFF], np.uint64)
    key = derive(key, np.asarray([_PURPOSES.index(purpose) + 1], np.uint64))
    key = derive(key, np.asarray([generation], np.uint64))
    drawn = derive(np.repeat(key, count), np.arange(count, dtype=np.uint64))
    return tuple(int(value) for value in (drawn >> np.uint64(12)) | np.uint64(1 << 52))
