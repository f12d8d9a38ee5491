"""Choosing actions where the scores are: the arithmetic of :mod:`townlet.api.sampling`, in the same order, on a device.

Numbers are float64 and sums are taken action by action, as NumPy takes them; a library's parallel sum would add in
another order. What may differ is the last bit of an exponential, so an action can differ only where a row's random
number lies within a rounding of the boundary between two actions.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from townlet_backend_pytorch.losses import usable_actions

__all__ = ["greedy_actions", "row_uniforms", "sample_actions"]

_UNIT = 2.0**-53


def _signed(number: int) -> int:
    """A number of 64 bits as the signed one with these bits: PyTorch multiplies those, and wraps around alike."""
    return number - 2**64 if number >= 2**63 else number


_GAMMA = _signed(0x9E3779B97F4A7C15)
_M1 = _signed(0xBF58476D1CE4E5B9)
_M2 = _signed(0x94D049BB133111EB)


def _shifted(bits: Tensor, places: int) -> Tensor:
    """Shift right, zeros coming in (PyTorch's own shift copies the sign)."""
    return (bits >> places) & ((1 << (64 - places)) - 1)


def row_uniforms(keys: Tensor, counters: Tensor) -> Tensor:
    """One number in [0, 1) a row, float64 ``[N]``, of keys and counters whose bits are int64 ``[N]``.

    SplitMix64 (Steele, Lea and Flood 2014), as :func:`townlet.rng.uniform` does it.
    """
    z = keys + counters * _GAMMA
    z = (z ^ _shifted(z, 30)) * _M1
    z = (z ^ _shifted(z, 27)) * _M2
    return _shifted(z ^ _shifted(z, 31), 11).double() * _UNIT


def greedy_actions(logits: Tensor, mask: Tensor) -> Tensor:
    """The possible action with the highest score, the first of equals; int64 ``[N]``."""
    return torch.where(mask, logits, -math.inf).argmax(1)


def sample_actions(logits: Tensor, mask: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor]:
    """Draw from the softmax of ``logits`` over the possible actions, by inversion.

    Args:
        logits: float32 ``[N, K]``.
        mask: bool ``[N, K]``. A row with nothing possible takes action 0.
        uniforms: float64 ``[N]`` in [0, 1).

    Returns:
        Actions int64 ``[N]`` and the logarithm of their probabilities float32 ``[N]``.
    """
    usable = usable_actions(mask)
    scores = torch.where(usable, logits.double(), -math.inf)
    scores = scores - scores.amax(1, keepdim=True)
    weights = scores.exp()
    total = torch.zeros_like(uniforms)
    totals = []
    for action in range(mask.shape[1]):
        total = total + weights[:, action]
        totals.append(total)
    aim = uniforms * total
    actions = torch.zeros_like(uniforms, dtype=torch.int64)
    for reached in totals:
        actions += reached <= aim
    # a number so close to 1 that its share of the total was rounded up to all of it
    last = mask.shape[1] - 1 - usable.flip(1).int().argmax(1)
    actions = torch.where(actions == mask.shape[1], last, actions)
    log_probs = scores.gather(1, actions.unsqueeze(1)).squeeze(1) - total.log()
    return actions, log_probs.float()
