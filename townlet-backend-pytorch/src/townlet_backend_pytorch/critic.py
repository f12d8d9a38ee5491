"""The critic's warm-up: the value learns alone; a shared trunk stays as it is and is computed once."""

from __future__ import annotations

import torch
from torch import Tensor

from townlet.api import PPOSettings
from townlet_backend_pytorch.devices import autocast
from townlet_backend_pytorch.experience import Experience
from townlet_backend_pytorch.losses import clipped_value_loss, entropy, masked_log_softmax
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.ppo import Losses, MeanLosses, Optimise, optimise

__all__ = ["train_critic"]

_AT_ONCE = 8192


def train_critic(
    network: ConflictAwarePolicyNetwork,
    optimizer: torch.optim.Adam,
    experience: Experience,
    settings: PPOSettings,
    generator: torch.Generator,
    *,
    bfloat16: bool,
    clip_values: bool,
    step: Optimise = optimise,
) -> MeanLosses:
    """Epochs of gradient steps on what the value alone depends on; the policy stays exactly as it is.

    A trunk that is shared with the policy may not be moved, which makes it cheap: it runs once.

    Raises:
        TrainingError: as :func:`optimise`.
    """
    device = experience.actions.device
    trunks: list[Tensor] = []
    spread: list[Tensor] = []
    with torch.no_grad(), autocast(device, bfloat16):
        for codes, features, mask in experience.parts(_AT_ONCE):
            trunk = network.trunk(codes, features)
            if network.critic_trunk is None:
                trunks.append(trunk)
            spread.append(entropy(masked_log_softmax(network.actor(trunk), mask)))
    seen = torch.cat(trunks) if trunks else None
    bonus = torch.cat(spread).mean()
    nothing = torch.zeros((), device=device)

    def losses(index: Tensor, _: Tensor | None) -> Losses:
        with autocast(device, bfloat16):
            values = network.critic(_critic_input(network, experience, seen, index))
        value = clipped_value_loss(
            values,
            experience.returns.index_select(0, index),
            experience.values.index_select(0, index),
            settings.value_clip_range if clip_values else None,
        )
        return Losses(settings.value_coefficient * value, nothing, value, bonus, *[nothing] * 4)

    frozen = network.policy_parameters()
    try:
        for parameter in frozen:
            parameter.requires_grad_(False)
        return step(network, optimizer, losses, (len(experience.actions), 0), settings, generator)
    finally:
        for parameter in frozen:
            parameter.requires_grad_(True)


def _critic_input(
    network: ConflictAwarePolicyNetwork, experience: Experience, shared: Tensor | None, index: Tensor
) -> Tensor:
    if shared is not None:
        return shared.index_select(0, index)
    assert network.critic_trunk is not None
    codes, features, _ = experience.seen(index)
    return network.critic_trunk.trunk(codes, features)
