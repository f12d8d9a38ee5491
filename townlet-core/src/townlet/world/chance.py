"""Numbers from a world's own streams (see townlet.rng): the only chance there is in a town."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from townlet import rng
from townlet.world.compiled import compiled
from townlet.world.state import Streams

__all__ = ["draw", "draw_index", "stream_keys"]

_GAMMA = rng.GAMMA
_S11 = np.uint64(11)
_UNIT = 1.0 / 9007199254740992.0  # 2**-53

mix = compiled(rng.mix)


@compiled
def draw(streams: Streams, w: int, stream: int) -> float:
    """The next number of a world's stream, in [0, 1). Equals ``townlet.rng.uniform(key, counter)``."""
    counter = streams.counter[w, stream]
    streams.counter[w, stream] = counter + np.uint64(1)
    return float(mix(streams.key[w, stream] + counter * _GAMMA) >> _S11) * _UNIT


@compiled
def draw_index(streams: Streams, w: int, stream: int, count: int) -> int:
    """The next number of a world's stream, as an index below ``count`` (which must be positive)."""
    return min(int(draw(streams, w, stream) * count), count - 1)


def stream_keys(seeds: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Keys uint64 ``[W, S]`` of the streams of worlds with these seeds (uint64 ``[W]``)."""
    numbers = np.arange(len(rng.STREAMS), dtype=np.uint64)
    return np.ascontiguousarray(rng.derive(seeds[:, None], numbers[None, :]))
