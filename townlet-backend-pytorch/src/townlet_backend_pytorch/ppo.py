"""One update of proximal policy optimisation (Schulman et al. 2017).

The details are those of "The 37 Implementation Details of Proximal Policy Optimization" (Huang et al. 2022) that
concern this kind of task; its list in order:

* present: vectorised rows; orthogonal weights, zero biases, gains sqrt(2), 0.01 and 1; Adam's epsilon 1e-5; the
  learning rate annealed (by core, through ``settings.learning_rate``); GAE; minibatches drawn by shuffling; advantages
  normalised per minibatch; clipped surrogate; clipped value loss; entropy bonus; global norm of gradients clipped;
  debug metrics (KL, clip fraction, explained variance); the optional early stop on KL; invalid actions masked;
  separate networks for policy and value (``critic: separate``; a shared trunk halves the time of an update, but the
  errors of a fresh critic then unteach what was cloned).
* absent, with the reason: scaling of rewards by running statistics (the critic's units do the same
  without changing what is maximised); observations normalised by running statistics (Townlet's features are scaled at
  the source, and a frozen scale cannot drift between training and use); frame stacking (the recurrent
  cell of ``memory: gru`` is in :mod:`~townlet_backend_pytorch.recurrent`); everything about Atari wrappers, continuous
  actions, tanh squashing and several discrete heads (there is one head); environments are reset by the town itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from townlet.api import PPOSettings
from townlet.errors import TrainingError
from townlet_backend_pytorch.devices import autocast
from townlet_backend_pytorch.experience import Examples, Experience
from townlet_backend_pytorch.losses import (
    clipped_value_loss,
    entropy,
    kl_divergence,
    masked_log_softmax,
    normalise,
    policy_surrogate,
    smoothed_cross_entropy,
)
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork

__all__ = [
    "KL_TOLERANCE",
    "Forward",
    "Losses",
    "MeanLosses",
    "Optimise",
    "decision_losses",
    "mean_losses",
    "minibatch_losses",
    "minibatches",
    "not_finite",
    "optimise",
    "reference_log_probs",
]

Forward = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""The network, or its compiled form: codes and features to scores and normalised values."""

KL_TOLERANCE = 1.5  # an update stops beyond this many times the target, as its setting says
_AT_ONCE = 8192


class Losses(NamedTuple):
    """Terms of one minibatch, scalars on the device; ``total`` carries the gradient."""

    total: Tensor
    policy: Tensor
    value: Tensor
    entropy: Tensor
    clip_fraction: Tensor
    approx_kl: Tensor
    bc: Tensor
    reference_kl: Tensor


class MeanLosses(NamedTuple):
    """Means over the minibatches done, and how far the update came."""

    total: float
    policy: float
    value: float
    entropy: float
    clip_fraction: float
    approx_kl: float
    bc: float
    reference_kl: float
    grad_norm: float
    grad_norm_max: float
    epochs: float


Optimise = Callable[
    [
        ConflictAwarePolicyNetwork,
        torch.optim.Adam,
        Callable[[Tensor, Tensor | None], Losses],
        tuple[int, int],
        PPOSettings,
        torch.Generator,
    ],
    MeanLosses,
]
"""Epochs of gradient steps, as :func:`optimise` takes them."""


def minibatches(size: int, count: int, generator: torch.Generator, device: torch.device) -> Iterator[Tensor]:
    """Indices of one pass in random order, int64, in ``count`` nearly equal parts (fewer where size is less)."""
    order = torch.randperm(size, generator=generator, device=generator.device).to(device)
    yield from order.tensor_split(min(count, size))


def reference_log_probs(
    reference: ConflictAwarePolicyNetwork, experience: Experience, device: torch.device, bfloat16: bool
) -> Tensor:
    """The reference policy's log-probabilities of all actions, float32 ``[B, K]``."""
    parts: list[Tensor] = []
    with torch.no_grad(), autocast(device, bfloat16):
        for codes, features, mask in experience.parts(_AT_ONCE):
            parts.append(masked_log_softmax(reference.actor(reference.trunk(codes, features)), mask))
    return torch.cat(parts)


def minibatch_losses(
    forward: Forward, batch: Experience, examples: Examples | None, settings: PPOSettings, *, clip_values: bool
) -> Losses:
    """The loss of one minibatch whose values and returns are in the critic's units."""
    logits, values = forward(batch.codes, batch.features)
    terms = decision_losses(logits, values, batch, settings, clip_values=clip_values)
    if examples is None:
        return terms
    scores, _ = forward(examples.codes, examples.features)
    taught = masked_log_softmax(scores, examples.mask)
    bc = smoothed_cross_entropy(taught, examples.actions, examples.mask).mean()
    return terms._replace(total=terms.total + settings.bc_coefficient * bc, bc=bc)


def decision_losses(
    logits: Tensor, values: Tensor, batch: Experience, settings: PPOSettings, *, clip_values: bool
) -> Losses:
    """The loss of some decisions, given what the network says of them, in the critic's units."""
    log_probs = masked_log_softmax(logits, batch.mask)
    chosen = log_probs.gather(1, batch.actions.unsqueeze(1)).squeeze(1)
    advantages = normalise(batch.advantages) if settings.normalise_advantages else batch.advantages
    policy = policy_surrogate(chosen, batch.log_probs, advantages, settings.clip_range)
    value = clipped_value_loss(values, batch.returns, batch.values, settings.value_clip_range if clip_values else None)
    bonus = entropy(log_probs).mean()
    total = policy.loss + settings.value_coefficient * value - settings.entropy_coefficient * bonus
    bc = reference_kl = torch.zeros((), device=total.device)
    if batch.reference.shape[1]:
        reference_kl = kl_divergence(log_probs, batch.reference).mean()
        total = total + settings.kl_coefficient * reference_kl
    return Losses(total, policy.loss, value, bonus, policy.clip_fraction, policy.approx_kl, bc, reference_kl)


def optimise(
    network: ConflictAwarePolicyNetwork,
    optimizer: torch.optim.Adam,
    losses: Callable[[Tensor, Tensor | None], Losses],
    sizes: tuple[int, int],
    settings: PPOSettings,
    generator: torch.Generator,
) -> MeanLosses:
    """Epochs of gradient steps.

    Args:
        network: whose gradients are clipped.
        optimizer: that steps.
        losses: the loss of the transitions and of the demonstrations at two index tensors.
        sizes: how many transitions and demonstrations there are.
        settings: of the update.
        generator: of the order.

    Raises:
        TrainingError: if a loss or a gradient is not finite; the caller puts the weights back.
    """
    device = network.value_head.weight.device
    parameters = [p for p in network.parameters() if p.requires_grad]
    for group in optimizer.param_groups:
        group["lr"], group["eps"] = settings.learning_rate, settings.adam_epsilon
    done: list[Tensor] = []
    norms: list[float] = []
    for epoch in range(settings.epochs):
        shown = minibatches(sizes[1], settings.minibatches, generator, device) if sizes[1] else None
        for number, index in enumerate(minibatches(sizes[0], settings.minibatches, generator, device)):
            where = f"epoch {epoch + 1} of {settings.epochs}, minibatch {number + 1} of {settings.minibatches}"
            terms = losses(index, next(shown, None) if shown is not None else None)
            record = torch.stack([term.detach() for term in terms])
            values = record.tolist()
            if not all(map(math.isfinite, values)):
                raise not_finite("loss", dict(zip(Losses._fields, values, strict=True)), where)
            done.append(record)
            if settings.target_kl is not None and values[5] > KL_TOLERANCE * settings.target_kl:
                return mean_losses(done, norms, settings)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(terms.total)
            norm = float(torch.nn.utils.clip_grad_norm_(parameters, settings.max_grad_norm))
            if not math.isfinite(norm):
                raise not_finite("gradient", dict(zip(Losses._fields, values, strict=True)), where)
            norms.append(norm)
            optimizer.step()
    return mean_losses(done, norms, settings)


def mean_losses(done: list[Tensor], norms: list[float], settings: PPOSettings) -> MeanLosses:
    """Means of the minibatches' losses, float ``[8]`` each, with the norms of the gradients stepped along."""
    means: list[float] = torch.stack(done).double().mean(0).tolist()
    means += [sum(norms) / len(norms) if norms else 0.0, max(norms, default=0.0), len(norms) / settings.minibatches]
    return MeanLosses._make(means)


def not_finite(what: str, values: dict[str, float], where: str) -> TrainingError:
    """The error of a loss or a gradient that is not finite."""
    listed = ", ".join(f"{name} {value:g}" for name, value in values.items())
    return TrainingError(
        f"a {what} of the PPO update is not finite",
        where=where,
        details=(
            listed,
            "the weights are as they were before the update",
            "a smaller learning_rate or max_grad_norm, or precision float32, may help",
        ),
    )
