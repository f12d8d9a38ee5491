"""A counter-based random generator: the n-th number of a stream is a function of (key, n) and nothing else.

The generator is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA
2014): number ``n`` of stream ``key`` is ``mix(key + n * GAMMA)``. It passes BigCrush, needs one addition and
two multiplications, and has no hidden state, so results do not depend on threads or on batch size.

The functions work on uint64 arrays of any shape, and the same source compiles under numba for scalars (the
world does that). For scalars in plain Python, wrap them in arrays: NumPy warns of overflow in scalars only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["GAMMA", "STREAMS", "derive", "mix", "uniform"]

STREAMS: tuple[str, ...] = ("world", "events", "policy")
"""The named streams of one world, in the order of their stream numbers."""

GAMMA = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = np.float64(1.0 / 9007199254740992.0)  # 2**-53


def mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: uint64 in, well-mixed uint64 of the same shape out."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


def derive(key: NDArray[np.uint64], stream: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A key for the sub-stream ``stream`` of ``key``; both uint64, broadcast against each other."""
    return mix(mix(key + GAMMA) ^ (stream * _M2 + GAMMA))


def uniform(key: NDArray[np.uint64], counter: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Number ``counter`` of stream ``key``, as float64 in [0, 1) with 53 random bits."""
    return (mix(key + counter * GAMMA) >> _S11) * _UNIT
