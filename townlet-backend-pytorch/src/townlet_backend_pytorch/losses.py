"""The losses, each a small function of tensors. Averages are over the leading axis ``B``."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = [
    "PolicyLoss",
    "clipped_value_loss",
    "entropy",
    "kl_divergence",
    "masked_log_softmax",
    "normalise",
    "policy_surrogate",
    "smoothed_cross_entropy",
]

_IMPOSSIBLE = -1e9
"""Score of an impossible action: far below any other, yet finite, so that no gradient becomes NaN."""


def usable_actions(mask: Tensor) -> Tensor:
    """The mask, with action 0 possible in rows where nothing is; bool ``[B, K]``, a copy."""
    usable = mask.clone()
    usable[:, 0] |= ~mask.any(1)
    return usable


def masked_log_softmax(logits: Tensor, mask: Tensor) -> Tensor:
    """Log-probabilities over the possible actions, float32 ``[B, K]``; about -1e9 for the impossible ones.

    A row with nothing possible puts all its probability on action 0.
    """
    return torch.log_softmax(torch.where(usable_actions(mask), logits.float(), _IMPOSSIBLE), 1)


def entropy(log_probs: Tensor) -> Tensor:
    """Entropy of each row, nats, ``[B]``, of what :func:`masked_log_softmax` gave."""
    return -(log_probs.exp() * log_probs).sum(1)


class PolicyLoss(NamedTuple):
    """What :func:`policy_surrogate` gives; scalars. Only ``loss`` carries a gradient."""

    loss: Tensor
    approx_kl: Tensor
    clip_fraction: Tensor


def policy_surrogate(
    log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, clip_range: float = 0.2
) -> PolicyLoss:
    """PPO's clipped surrogate, to be minimised (Schulman et al. 2017, equation 7); all arguments ``[B]``.

    ``approx_kl`` is the mean of ``(ratio - 1) - log ratio``, nats (Schulman, "Approximating KL divergence", 2020).
    """
    log_ratio = log_probs - old_log_probs
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1.0 - clip_range, 1.0 + clip_range)
    loss = -torch.minimum(ratio * advantages, clipped * advantages).mean()
    with torch.no_grad():
        approx_kl = ((ratio - 1.0) - log_ratio).mean()
        clip_fraction = ((ratio - 1.0).abs() > clip_range).float().mean()
    return PolicyLoss(loss, approx_kl, clip_fraction)


def clipped_value_loss(values: Tensor, returns: Tensor, old_values: Tensor, clip_range: float | None = 0.2) -> Tensor:
    """Half the mean squared error of ``values``, not rewarded for moving beyond ``clip_range`` of ``old_values``."""
    error = (values - returns).square()
    if clip_range is not None:
        clipped = old_values + (values - old_values).clamp(-clip_range, clip_range)
        error = torch.maximum(error, (clipped - returns).square())
    return 0.5 * error.mean()


def kl_divergence(log_probs: Tensor, reference_log_probs: Tensor) -> Tensor:
    """KL(policy || reference) of each row, nats, ``[B]``, both from :func:`masked_log_softmax` with one mask."""
    return (log_probs.exp() * (log_probs - reference_log_probs)).sum(1)


def normalise(advantages: Tensor) -> Tensor:
    """Zero mean, unit deviation over ``[B]``; a single number or equal ones become zeros."""
    centred = advantages - advantages.mean()
    return centred / (centred.square().mean().sqrt() + 1e-8)


def smoothed_cross_entropy(log_probs: Tensor, actions: Tensor, mask: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy of each row with a target of ``1 - smoothing`` on its action, the rest over the possible ones.

    Args:
        log_probs: ``[B, K]`` from :func:`masked_log_softmax`.
        actions: int64 ``[B]``, each possible in its row.
        mask: bool ``[B, K]``.
        smoothing: share in [0, 1).

    Returns:
        Nats, ``[B]``.
    """
    loss = -log_probs.gather(1, actions.unsqueeze(1)).squeeze(1)
    if smoothing:
        usable = usable_actions(mask)
        spread = -torch.where(usable, log_probs, 0.0).sum(1) / usable.sum(1)
        loss = (1.0 - smoothing) * loss + smoothing * spread
    return loss
