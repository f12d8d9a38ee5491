"""One fully connected layer, compiled: each output is summed in the order of the inputs, on every machine.

A library's product of matrices adds in an order that depends on its version, on the processor and on the number of
rows, so that a near tie between two actions is decided otherwise elsewhere. Here the inputs are the outer loop and the
outputs the inner one: that is one order, and it still uses the processor's vectors, each of whose lanes is another
output. A product of two float32 numbers is exact in float64, so it makes no difference either whether a processor
rounds between multiplying and adding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["dense"]

F = TypeVar("F", bound=Callable[..., Any])


def _kept(function: F) -> F:
    """Compile, and keep the machine code where a folder can be written."""
    # By numba's version: two environments that share the sources would run each other's.
    function.__qualname__ += f"-{numba.__version__}"
    try:
        compiled: F = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:
        compiled = numba.njit(nogil=True, error_model="numpy")(function)
    return compiled


@_kept
def dense(
    inputs: NDArray[np.float32],
    weights: NDArray[np.float64],
    biases: NDArray[np.float64],
    rectify: bool,
    outputs: NDArray[np.float32],
) -> None:
    """``outputs = inputs @ weights + biases``, below 0 cut to 0 if ``rectify``.

    Args:
        inputs: float32 ``[N, I]``, contiguous.
        weights: float64 ``[I, O]``, contiguous; numbers that float32 holds.
        biases: float64 ``[O]``.
        rectify: whether a ReLU follows.
        outputs: float32 ``[N, O]``, written: the sums, rounded once.
    """
    sums = np.empty_like(biases)
    for row in range(inputs.shape[0]):
        for output in range(sums.shape[0]):
            sums[output] = biases[output]
        for number in range(inputs.shape[1]):
            value = np.float64(inputs[row, number])
            if value != 0.0:  # half of what a ReLU gives, and most features
                for output in range(sums.shape[0]):
                    sums[output] += value * weights[number, output]
        for output in range(sums.shape[0]):
            rounded = np.float32(sums[output])
            outputs[row, output] = np.float32(0.0) if rectify and rounded < 0.0 else rounded
