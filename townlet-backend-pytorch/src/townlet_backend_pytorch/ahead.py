"""Gradient steps that nobody waits for: a device is told what to do in a whole update, then asked what came of it.

The rules are those of :func:`~.ppo.optimise`. The target of the KL is kept on the device: from the minibatch on that
goes beyond it, steps change nothing. Whether a loss or a gradient was not finite is seen at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from townlet.api import PPOSettings
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.ppo import KL_TOLERANCE, Losses, MeanLosses, mean_losses, minibatches, not_finite

__all__ = ["optimise_ahead"]

_KL = Losses._fields.index("approx_kl")


def optimise_ahead(
    network: ConflictAwarePolicyNetwork,
    optimizer: torch.optim.Adam,
    losses: Callable[[Tensor, Tensor | None], Losses],
    sizes: tuple[int, int],
    settings: PPOSettings,
    generator: torch.Generator,
) -> MeanLosses:
    """Epochs of gradient steps with one wait at the end; with a target of the KL, one after each epoch.

    Args and errors as of :func:`~townlet_backend_pytorch.ppo.optimise`.
    """
    device = network.value_head.weight.device
    parameters = [p for p in network.parameters() if p.requires_grad]
    for group in optimizer.param_groups:
        group["lr"], group["eps"] = settings.learning_rate, settings.adam_epsilon
    target = settings.target_kl
    stopped = torch.zeros((), device=device)
    rows: list[Tensor] = []
    try:
        for _ in range(settings.epochs):
            shown = minibatches(sizes[1], settings.minibatches, generator, device) if sizes[1] else None
            for index in minibatches(sizes[0], settings.minibatches, generator, device):
                terms = losses(index, next(shown, None) if shown is not None else None)
                record = torch.stack([term.detach() for term in terms])
                counted = 1.0 - stopped
                if target is not None:
                    stopped = torch.maximum(stopped, (record[_KL] > KL_TOLERANCE * target).float())
                    vars(optimizer)["found_inf"] = stopped  # where it is 1 a fused step does nothing
                optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(terms.total)
                norm = torch.nn.utils.clip_grad_norm_(parameters, settings.max_grad_norm)
                rows.append(torch.cat([record, torch.stack([norm, counted, 1.0 - stopped])]))
                optimizer.step()
            if target is not None and bool(stopped):
                break
    finally:
        if target is not None:
            vars(optimizer).pop("found_inf", None)
    return _summed_up(torch.stack(rows), settings, min(settings.minibatches, sizes[0]))


def _summed_up(table: Tensor, settings: PPOSettings, per_epoch: int) -> MeanLosses:
    """The means, or the first thing that was not finite. Columns: losses, norm, whether counted, whether stepped."""
    width = len(Losses._fields)
    norms: list[float] = []
    counted = 0
    for number, (*values, norm, counts, stepped) in enumerate(table.tolist()):
        if not counts:
            break
        counted += 1
        epoch, minibatch = divmod(number, per_epoch)
        where = f"epoch {epoch + 1} of {settings.epochs}, minibatch {minibatch + 1} of {settings.minibatches}"
        told = dict(zip(Losses._fields, values, strict=True))
        if not all(map(math.isfinite, values)):
            raise not_finite("loss", told, where)
        if stepped:
            if not math.isfinite(norm):
                raise not_finite("gradient", told, where)
            norms.append(norm)
    return mean_losses(list(table[:counted, :width]), norms, settings)
