"""Forward passes of a fixed number of rows: a row's answer does not depend on its company.

Matrix libraries choose their kernels, and with them the order of additions, by the number of rows. On the CPU the
answer of a row is therefore defined as that of a pass of ``unit`` rows, filled up with zeros where there are fewer. A
pass of another size may stand in for it only after it was seen, on this machine and with these weights' shapes, to
give the same bits: the first one is computed both ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork

__all__ = ["ROWS_PER_PASS", "Passes", "to_tensor"]

ROWS_PER_PASS = 64
"""Rows of a pass on the CPU, where options do not say otherwise."""

_SIZES = (16, 64, 256, 1024)
"""Passes that may stand in for those of a unit: small for one town, large for many."""

_CUDA_BLOCK, _CUDA_MOST = 16, 65536

Answer = tuple[Tensor, Tensor, Tensor | None]
"""Scores ``[B, K]``, normalised values ``[B]``, and the memory after the tick ``[B, M]`` of a network that has one."""


def to_tensor(array: NDArray[np.generic]) -> Tensor:
    """A tensor that shares the array's memory where PyTorch can (it warns of arrays it may not write)."""
    return torch.from_numpy(array if array.flags.writeable else array.copy())


class Passes:
    """Sends rows through a network, some at a time.

    Args:
        network: what they go through, on ``device``.
        device: elsewhere than on the CPU passes are as large as they can be, and answers may depend on their size.
        unit: rows of the pass that defines an answer on the CPU.
    """

    def __init__(self, network: ConflictAwarePolicyNetwork, device: torch.device, unit: int = ROWS_PER_PASS) -> None:
        self._network = network
        self._device = device
        self.unit = unit
        self._trusted = {unit}
        self._untried = set(_SIZES) - {unit}

    def run(
        self,
        codes: NDArray[np.uint8] | Tensor,
        features: NDArray[np.float32] | Tensor,
        memory: NDArray[np.float32] | None,
    ) -> Iterator[tuple[slice, Answer]]:
        """Rows and their answers, piece by piece. Arrays cross to the device; tensors may lie there already.

        Args:
            codes: uint8 ``[N, C, H, W]``.
            features: float32 ``[N, F]``.
            memory: float32 ``[N, M]`` before the tick, for a network that has one.
        """
        arrays: list[Tensor] = [
            array if isinstance(array, Tensor) else to_tensor(array)
            for array in (codes, features, memory)
            if array is not None
        ]
        rows, start = len(features), 0
        while start < rows:
            size = self._size(rows - start)
            part = slice(start, min(start + size, rows))
            piece = [array[part] for array in arrays]
            if size in self._untried:
                self._try(size, piece)
                continue
            yield part, self._pass(size, piece)
            start = part.stop

    def _size(self, left: int) -> int:
        """Rows of the next pass: no more than half of it is filled up with zeros, if possible."""
        if self._device.type != "cpu":
            return min(_CUDA_MOST, -(-left // _CUDA_BLOCK) * _CUDA_BLOCK)
        sizes = sorted(self._trusted | self._untried)
        for smaller, larger in pairwise(sizes):
            if left <= smaller or left <= larger // 2:
                return smaller
        return sizes[-1]

    def _try(self, size: int, piece: list[Tensor]) -> None:
        """Find out whether passes of ``size`` rows give what those of a unit give."""
        self._untried.remove(size)
        one = self._pass(size, piece)
        defined = [
            self._pass(self.unit, [array[start : start + self.unit] for array in piece])
            for start in range(0, len(piece[0]), self.unit)
        ]
        for number, answer in enumerate(one):
            if answer is not None and not torch.equal(
                answer, torch.cat([told for each in defined if (told := each[number]) is not None])
            ):
                return
        self._trusted.add(size)

    def _pass(self, size: int, piece: list[Tensor]) -> Answer:
        rows = len(piece[0])
        seen = [self._filled(array, size) for array in piece]
        if len(seen) == 2:
            scores, values = self._network(*seen)
            return scores[:rows], values[:rows], None
        scores, values, memory = self._network.step(*seen)
        return scores[:rows], values[:rows], memory[:rows]

    def _filled(self, piece: Tensor, size: int) -> Tensor:
        """The rows on the device, filled up with zeros to ``size``."""
        rows = len(piece)
        if rows < size:
            filled = torch.zeros((size, *piece.shape[1:]), dtype=piece.dtype, device=piece.device)
            filled[:rows] = piece
            piece = filled
        return piece.to(self._device)
