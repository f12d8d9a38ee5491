"""One fully connected layer, compiled: each output is summed in the order of the inputs, on every machine.

A library's product of matrices adds in an order that depends on its version, on the processor and on the number of
rows, so that a near tie between two actions is decided otherwise elsewhere. Here the inputs are the outer loop and the
outputs the inner one: that is one order, and it still uses the processor's vectors, each of whose lanes is another
output. A product of two float32 numbers is exact in float64, so it makes no difference either whether a processor
rounds between multiplying and adding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from townlet_backend_scripted.compiling import kept

__all__ = ["dense"]


@kept
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
