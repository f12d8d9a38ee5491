"""What a learner knows beside the weights: optimiser, counters, statistics of values, the reference policy."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork

__all__ = ["Snapshot", "TrainerState", "ValueStatistics", "make_adam"]

_SLOWEST = 0.05
"""Weight of the newest rollout in the running statistics once there have been twenty of them."""

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True, slots=True)
class ValueStatistics:
    """Running mean and mean square of returns: a plain average at first, an exponential one later.

    Attributes:
        updates: rollouts seen.
        mean: in units of reward.
        square: mean square, in units of reward squared.
    """

    updates: int = 0
    mean: float = 0.0
    square: float = 1.0

    def seen(self, returns: Tensor) -> ValueStatistics:
        """The statistics after one more rollout with these returns, float ``[B]``."""
        wide = returns.double()
        weight = max(1.0 / (self.updates + 1), _SLOWEST)
        return ValueStatistics(
            self.updates + 1,
            self.mean + weight * (wide.mean().item() - self.mean),
            self.square + weight * (wide.square().mean().item() - self.square),
        )

    @property
    def scale(self) -> float:
        """Deviation of the returns, in units of reward; never below a ten-thousandth."""
        return math.sqrt(max(self.square - self.mean * self.mean, 1e-8))


def make_adam(network: ConflictAwarePolicyNetwork) -> torch.optim.Adam:
    """Adam over all weights; step size and epsilon come with each update's settings."""
    return torch.optim.Adam(network.parameters(), fused=True)


@dataclass(slots=True)
class TrainerState:
    """The mutable rest of a learner.

    Attributes:
        optimizer: of PPO; behaviour cloning uses one of its own and empties this one.
        values: statistics behind the critic's units.
        updates: PPO updates done since the learner was made; part of the seed of each update.
        clonings: calls of behaviour cloning done.
        reference: the policy to stay near, or None.
    """

    optimizer: torch.optim.Adam
    values: ValueStatistics = field(default_factory=ValueStatistics)
    updates: int = 0
    clonings: int = 0
    reference: ConflictAwarePolicyNetwork | None = None


class Snapshot:
    """Weights and trainer state at one moment, to go back to when an update fails."""

    def __init__(self, network: ConflictAwarePolicyNetwork, state: TrainerState) -> None:
        self._network, self._state = network, state
        self._weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        self._moments = moments_of(network, state.optimizer, clone=True)
        self._values, self._updates, self._clonings = state.values, state.updates, state.clonings

    def restore(self) -> None:
        """Put everything back exactly."""
        self._network.load_state_dict(self._weights)
        set_moments(self._network, self._state.optimizer, self._moments)
        self._state.values, self._state.updates = self._values, self._updates
        self._state.clonings = self._clonings


def moments_of(
    network: ConflictAwarePolicyNetwork, optimizer: torch.optim.Adam, *, clone: bool = False
) -> dict[str, Tensor]:
    """Adam's state by weight: ``"<moment>.<name of the weight>"`` to tensor; empty before the first step."""
    found: dict[str, Tensor] = {}
    for name, parameter in network.named_parameters():
        for moment, tensor in optimizer.state.get(parameter, {}).items():
            found[f"{moment}.{name}"] = tensor.clone() if clone else tensor
    return found


def set_moments(network: ConflictAwarePolicyNetwork, optimizer: torch.optim.Adam, moments: dict[str, Tensor]) -> None:
    """Make Adam's state exactly ``moments``, as :func:`moments_of` names them."""
    optimizer.state.clear()
    for name, parameter in network.named_parameters():
        if f"step.{name}" in moments:
            optimizer.state[parameter] = {
                # the counter of steps is where the weight is: the fused step asks for it
                moment: moments[f"{moment}.{name}"].clone().to(parameter.device)
                for moment in _MOMENTS
            }


def frozen_copy(network: ConflictAwarePolicyNetwork) -> ConflictAwarePolicyNetwork:
    """A copy whose weights learn no more."""
    twin = copy.deepcopy(network)
    twin.requires_grad_(False)
    twin.zero_grad(set_to_none=True)
    return twin
