"""From a map of codes, uint8 ``[B, C, H, W]``, to a vector, float ``[B, width]``.

A map is small and egocentric: a cell's place in it *is* its meaning ("the tile north of me"), so nothing is lost by
weights of its own for each cell, and one matrix multiplication costs a tenth of two convolutions.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from townlet_backend_pytorch.architecture import ConflictAwarePolicyConfig
from townlet_backend_pytorch.matrices import Linear

__all__ = ["ACTIVATIONS", "gated_unit", "initialise", "make_encoder", "orthogonal_linear"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "tanh": torch.tanh,
    "silu": functional.silu,
}

_UNIT = 1.0 / 255.0  # codes become 0..1; uint8 times a float is float32
_PATCH = 3  # cells along the side of a patch
_PATCH_WIDTH = 32  # numbers a patch
_EMBEDDING_WIDTH = 4  # numbers a cell
_CODE_CENTRES = (0.0, 0.25, 0.5, 0.75, 1.0)  # where the planes of the "codes" encoder peak, of 255
_CONV_WIDTHS = (16, 32)


def initialise(layer: nn.Module, gain: float, generator: torch.Generator) -> None:
    """Orthogonal weights times ``gain`` and no bias (Saxe et al. 2014), drawn from ``generator`` alone."""
    weight, bias = layer.weight, layer.bias
    if not isinstance(weight, Tensor) or not isinstance(bias, Tensor):
        raise TypeError("a layer with weight and bias is expected")
    with torch.no_grad():
        nn.init.orthogonal_(weight, gain, generator=generator)
        bias.zero_()


def orthogonal_linear(inputs: int, outputs: int, generator: torch.Generator, gain: float = math.sqrt(2.0)) -> nn.Linear:
    """A linear layer on the CPU, initialised by :func:`initialise`; PyTorch's global generator does not move."""
    layer = Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    initialise(layer, gain, generator)
    return layer


def gated_unit(inputs: int, width: int, generator: torch.Generator) -> nn.GRUCell:
    """A gated recurrent unit on the CPU, its matrices orthogonal and its biases 0, drawn from ``generator`` alone."""
    cell = nn.GRUCell(inputs, width, device="meta").to_empty(device="cpu")
    with torch.no_grad():
        for weight in (cell.weight_ih, cell.weight_hh):
            for gate in weight.chunk(3):
                nn.init.orthogonal_(gate, generator=generator)
        cell.bias_ih.zero_()
        cell.bias_hh.zero_()
    return cell


class _Flat(nn.Module):
    """One matrix over all cells, codes scaled to 0..1."""

    def __init__(self, config: ConflictAwarePolicyConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.act = ACTIVATIONS[config.activation]
        self.layer = orthogonal_linear(math.prod(config.map_shape), config.map_width, generator)

    def forward(self, codes: Tensor) -> Tensor:
        return self.act(self.layer(codes.flatten(1) * _UNIT))


class _Codes(nn.Module):
    """One matrix over planes: each code is spread over five triangular bumps, so that codes can be told apart."""

    centres: Tensor

    def __init__(self, config: ConflictAwarePolicyConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.act = ACTIVATIONS[config.activation]
        planes = len(_CODE_CENTRES) - 1  # the first bump is what the others leave of one: the bias has it
        self.register_buffer("centres", torch.tensor(_CODE_CENTRES[1:]).view(1, -1, 1), persistent=False)
        self.layer = orthogonal_linear(math.prod(config.map_shape) * planes, config.map_width, generator)

    def forward(self, codes: Tensor) -> Tensor:
        scaled = (codes.flatten(1) * _UNIT).unsqueeze(1)
        planes = (1.0 - (scaled - self.centres).abs() * (len(_CODE_CENTRES) - 1)).clamp_(min=0.0)
        return self.act(self.layer(planes.flatten(1)))


class _Patch(nn.Module):
    """Patches of 3x3 cells through one shared matrix, then one matrix over all patches."""

    def __init__(self, config: ConflictAwarePolicyConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.act = ACTIVATIONS[config.activation]
        channels, height, width = config.map_shape
        self.down, self.across = -(-height // _PATCH), -(-width // _PATCH)
        self.padding = (0, self.across * _PATCH - width, 0, self.down * _PATCH - height)
        self.shared = orthogonal_linear(channels * _PATCH * _PATCH, _PATCH_WIDTH, generator)
        self.layer = orthogonal_linear(self.down * self.across * _PATCH_WIDTH, config.map_width, generator)

    def forward(self, codes: Tensor) -> Tensor:
        channels = codes.shape[1]
        cells = functional.pad(codes, self.padding)
        cells = cells.view(-1, channels, self.down, _PATCH, self.across, _PATCH).permute(0, 2, 4, 1, 3, 5)
        patches = cells.reshape(-1, self.down * self.across, channels * _PATCH * _PATCH) * _UNIT
        return self.act(self.layer(self.act(self.shared(patches)).flatten(1)))


class _Embedding(nn.Module):
    """A learned vector for each code of each channel, summed over the channels of a cell; then one matrix."""

    offsets: Tensor

    def __init__(self, config: ConflictAwarePolicyConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.act = ACTIVATIONS[config.activation]
        channels, height, width = config.map_shape
        self.table = nn.Parameter(torch.randn(channels * 256, _EMBEDDING_WIDTH, generator=generator) * 0.1)
        with torch.no_grad():  # neighbouring codes begin alike
            self.table[:, 0] += torch.arange(256).repeat(channels) / 255.0
        self.register_buffer("offsets", (torch.arange(channels) * 256).view(1, -1, 1).int(), persistent=False)
        self.layer = orthogonal_linear(height * width * _EMBEDDING_WIDTH, config.map_width, generator)

    def forward(self, codes: Tensor) -> Tensor:
        cells = functional.embedding(codes.flatten(2).int() + self.offsets, self.table).sum(1)
        return self.act(self.layer(cells.flatten(1)))


class _Conv(nn.Module):
    """Two convolutions of stride one, the field's habit; kept for comparison."""

    def __init__(self, config: ConflictAwarePolicyConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.act = ACTIVATIONS[config.activation]
        channels, height, width = config.map_shape
        first, second = _CONV_WIDTHS
        self.first = nn.Conv2d(channels, first, 3, padding=1, device="meta").to_empty(device="cpu")
        self.second = nn.Conv2d(first, second, 3, padding=1, device="meta").to_empty(device="cpu")
        initialise(self.first, math.sqrt(2.0), generator)
        initialise(self.second, math.sqrt(2.0), generator)
        self.layer = orthogonal_linear(second * height * width, config.map_width, generator)

    def forward(self, codes: Tensor) -> Tensor:
        planes = self.act(self.second(self.act(self.first(codes * _UNIT))))
        return self.act(self.layer(planes.flatten(1)))


_ENCODERS: dict[str, Callable[[ConflictAwarePolicyConfig, torch.Generator], nn.Module]] = {
    "flat": _Flat,
    "codes": _Codes,
    "patch": _Patch,
    "embedding": _Embedding,
    "conv": _Conv,
}


def make_encoder(config: ConflictAwarePolicyConfig, generator: torch.Generator) -> nn.Module:
    """The encoder that ``config.map_encoder`` names: uint8 ``[B, C, H, W]`` to float ``[B, map_width]``."""
    return _ENCODERS[config.map_encoder](config, generator)
