"""Values and returns in the units that the critic works in, and facts about the experience in units of reward."""

from __future__ import annotations

from townlet.api import PPOSettings
from townlet_backend_pytorch.experience import Experience
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.trainer_state import TrainerState

__all__ = ["describe", "in_critic_units"]


def in_critic_units(
    network: ConflictAwarePolicyNetwork, state: TrainerState, experience: Experience, settings: PPOSettings
) -> tuple[Experience, bool]:
    """Values and returns in the critic's units, after those followed the running statistics.

    A critic that has seen no returns yet keeps its outputs and gets their units: it starts at the mean return.
    Its old values then mean nothing, so their clipping is left out of that update: the second thing returned says
    whether they are clipped.
    """
    fresh = state.values.updates == 0
    if settings.normalise_values:
        state.values = state.values.seen(experience.returns)
        mean, scale = state.values.mean, state.values.scale
        if fresh:
            network.value_mean.fill_(mean)
            network.value_scale.fill_(scale)
        else:
            network.rescale_values(mean, scale)
    else:
        network.rescale_values(0.0, 1.0)
    mean, scale = float(network.value_mean), float(network.value_scale)
    scaled = experience._replace(values=(experience.values - mean) / scale, returns=(experience.returns - mean) / scale)
    return scaled, not (fresh and settings.normalise_values)


def describe(experience: Experience) -> dict[str, float]:
    """Facts about the experience before the update, in units of reward."""
    advantages, returns = experience.advantages.double(), experience.returns.double()
    spread = returns.var(correction=0).item()
    left = (returns - experience.values.double()).var(correction=0).item()
    return {
        "advantage_mean": advantages.mean().item(),
        "advantage_std": advantages.std(correction=0).item(),
        "explained_variance": 1.0 - left / spread if spread > 0 else 0.0,
    }
