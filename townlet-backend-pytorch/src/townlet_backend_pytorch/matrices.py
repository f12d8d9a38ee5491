"""Linear layers in single precision through the quicker of two libraries.

PyTorch multiplies float32 matrices on x86 processors through Intel's MKL, which on those of other makers leaves
AVX-512 alone. oneDNN, which PyTorch brings along and uses for bfloat16, does not: on an AMD EPYC of the fifth
generation it multiplies the matrices of this network 2.3 times as fast. The fourth takes an instruction of 512 bits in
two halves, so nothing is gained there. Which one computes follows from the processor and never from a measurement: a
resumed training must add in the order in which the first half did.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional

__all__ = ["Linear", "onednn_pays"]

_NARROW = 32
"""Layers with fewer inputs or outputs gain nothing."""


@cache
def onednn_pays() -> bool:
    """Whether the processor has AVX-512 in full width, MKL leaves it alone, and this PyTorch can be asked for oneDNN.

    On AMD's processors AVX-VNNI came with the full width, in the fifth generation.
    """
    libraries: tuple[Callable[[], bool], ...] = (torch.backends.mkldnn.is_available, torch.backends.mkl.is_available)
    if not all(there() for there in libraries):
        return False
    if not hasattr(torch.ops.mkldnn, "_linear_pointwise") or not hasattr(torch.cpu, "get_capabilities"):
        return False
    told = torch.cpu.get_capabilities()
    full_width = bool(told.get("avx512_f", False)) and bool(told.get("avx_vnni", False))
    return full_width and "AMD" in str(told.get("cpu_name", ""))


class Linear(nn.Linear):
    """A linear layer, float ``[B, inputs]`` to ``[B, outputs]``; in float32 on a CPU through oneDNN where that pays.

    Inside autocast, on other devices, and where it is compiled or exported it is PyTorch's own.
    """

    def forward(self, input: Tensor) -> Tensor:
        """``input`` times the weights, and the bias."""
        if torch.compiler.is_compiling() or not self._through_onednn(input):
            return functional.linear(input, self.weight, self.bias)
        multiplied: Callable[..., Tensor] = _Multiplied.apply if torch.is_grad_enabled() else _product
        return multiplied(input, self.weight, self.bias)

    def _through_onednn(self, x: Tensor) -> bool:
        return (
            min(self.in_features, self.out_features) >= _NARROW
            and onednn_pays()
            and x.dim() == 2
            and x.dtype is torch.float32
            and x.device.type == "cpu"
            and not torch.is_autocast_enabled("cpu")
        )


class _Multiplied(torch.autograd.Function):
    """:func:`_product` with its gradients, which are products of the same kind."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad
        gradient = gradient.contiguous()
        return (
            _product(gradient, weight.t(), None) if of_x else None,
            _product(gradient.t(), x.t(), None) if of_weight else None,
            gradient.sum(0) if of_bias else None,
        )


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise.default(x, weight, bias, "none", [], "")
    return product
