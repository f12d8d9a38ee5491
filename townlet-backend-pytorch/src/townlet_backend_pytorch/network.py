"""The network: observations in, scores of the actions and a value out."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from townlet_backend_pytorch.architecture import ConflictAwarePolicyConfig
from townlet_backend_pytorch.encoders import ACTIVATIONS, gated_unit, make_encoder, orthogonal_linear

__all__ = ["ConflictAwarePolicyConfig", "ConflictAwarePolicyNetwork", "Trunk"]


class Trunk(nn.Module):
    """Map and features joined into a vector that heads read.

    Args:
        config: the shapes.
        generator: draws the initial weights.
    """

    def __init__(self, config: ConflictAwarePolicyConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        self._act = ACTIVATIONS[config.activation]
        first, rest = config.hidden[0], config.hidden[1:] or config.hidden
        joined = 0
        self.encoder = make_encoder(config, generator) if config.has_map else None
        joined += config.map_width if config.has_map else 0
        self.features: nn.Linear | None = None
        if config.features:
            self.features = orthogonal_linear(config.features, first, generator)
            joined += first
        widths = (max(joined, 1), *rest)
        self.joint = nn.ModuleList(orthogonal_linear(a, b, generator) for a, b in pairwise(widths))

    def trunk(self, codes: Tensor, features: Tensor) -> Tensor:
        """uint8 ``[B, C, H, W]`` and float32 ``[B, F]`` to float ``[B, hidden[-1]]``."""
        parts: list[Tensor] = []
        if self.encoder is not None:
            parts.append(self.encoder(codes))
        if self.features is not None:
            parts.append(self._act(self.features(features)))
        if not parts:
            parts.append(features.new_ones((len(features), 1)))
        x = parts[0] if len(parts) == 1 else torch.cat(parts, 1)
        for layer in self.joint:
            x = self._act(layer(x))
        return x


class ConflictAwarePolicyNetwork(Trunk):
    """An actor-critic over one row's observation; rows do not see each other.

    The critic works in normalised units: ``value_mean + value_scale * output`` is the value in units of reward.
    Both numbers are buffers, saved with the weights, so that weights alone make a whole policy.

    Args:
        config: the shapes.
        seed: seed of the initial weights; PyTorch's global generator is neither read nor moved.
    """

    value_mean: Tensor
    value_scale: Tensor

    def __init__(self, config: ConflictAwarePolicyConfig, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed % 2**63)
        super().__init__(config, generator)
        width = config.hidden[-1]
        self.memory = gated_unit(width, config.memory_width, generator) if config.remembers else None
        width += config.memory_width if config.remembers else 0
        self.value_hidden = orthogonal_linear(width, config.value_hidden, generator)
        self.value_head = orthogonal_linear(config.value_hidden, 1, generator, gain=1.0)
        # Scores close to each other at first: exploration begins nearly uniform (Andrychowicz et al. 2021).
        self.policy_head = orthogonal_linear(width, config.actions, generator, gain=0.01)
        self.critic_trunk = Trunk(config, generator) if config.critic == "separate" else None
        self.register_buffer("value_mean", torch.zeros((), dtype=torch.float64))
        self.register_buffer("value_scale", torch.ones((), dtype=torch.float64))

    def critic(self, trunk: Tensor) -> Tensor:
        """Normalised values, float32 ``[B]``, of what :meth:`trunk` (of the separate critic, if there is one) gave."""
        values: Tensor = self.value_head(self._act(self.value_hidden(trunk)))
        return values.squeeze(1).float()

    def actor(self, trunk: Tensor) -> Tensor:
        """Scores before masking, float32 ``[B, K]``, of what :meth:`trunk` gave."""
        scores: Tensor = self.policy_head(trunk)
        return scores.float()

    def forward(self, codes: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Scores float32 ``[B, K]`` and normalised values float32 ``[B]``, of a network without memory."""
        x = self.trunk(codes, features)
        seen = x if self.critic_trunk is None else self.critic_trunk.trunk(codes, features)
        return self.actor(x), self.critic(seen)

    def step(self, codes: Tensor, features: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One tick of a network with memory.

        Args:
            codes: uint8 ``[B, C, H, W]``.
            features: float32 ``[B, F]``.
            memory: float32 ``[B, M]``, before the tick; zeros at the beginning of a life.

        Returns:
            Scores float32 ``[B, K]``, normalised values float32 ``[B]``, and the memory after the tick.
        """
        scores, values, memory = self.unroll(
            codes.unsqueeze(0), features.unsqueeze(0), memory, codes.new_zeros((1, len(memory)), dtype=torch.bool), None
        )
        return scores[0], values[0], memory

    def unroll(
        self, codes: Tensor, features: Tensor, memory: Tensor, starts: Tensor, moves: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """``L`` ticks of a network with memory.

        Args:
            codes: uint8 ``[L, B, C, H, W]``.
            features: float32 ``[L, B, F]``.
            memory: float32 ``[B, M]``, before the first tick.
            starts: bool ``[L, B]``: the memory is zeros before this tick.
            moves: bool ``[L, B]``: the memory changes on this tick; None: on all of them.

        Returns:
            Scores float32 ``[L, B, K]``, normalised values float32 ``[L, B]``, the memory after the last tick.
        """
        assert self.memory is not None
        ticks, rows = starts.shape
        x = self.trunk(codes.flatten(0, 1), features.flatten(0, 1))
        held: list[Tensor] = []
        for seen, fresh, t in zip(x.reshape(ticks, rows, -1), starts, range(ticks), strict=True):
            memory = memory.masked_fill(fresh.unsqueeze(1), 0.0)
            after = self.memory(seen, memory.to(seen.dtype)).float()
            memory = after if moves is None else torch.where(moves[t].unsqueeze(1), after, memory)
            held.append(memory)
        recalled = torch.stack(held).flatten(0, 1).to(x.dtype)
        if self.critic_trunk is None:
            valued = joined = torch.cat([x, recalled], 1)
        else:  # a critic of its own does not teach the policy what to remember
            joined = torch.cat([x, recalled], 1)
            own = self.critic_trunk.trunk(codes.flatten(0, 1), features.flatten(0, 1))
            valued = torch.cat([own, recalled.detach()], 1)
        scores, values = self.actor(joined), self.critic(valued)
        return scores.reshape(ticks, rows, -1), values.reshape(ticks, rows), memory

    def critic_parameters(self) -> list[nn.Parameter]:
        """The weights that the value alone depends on."""
        own = [] if self.critic_trunk is None else [*self.critic_trunk.parameters()]
        return [*own, *self.value_hidden.parameters(), *self.value_head.parameters()]

    def policy_parameters(self) -> list[nn.Parameter]:
        """All other weights: what the policy depends on."""
        critic = {id(p) for p in self.critic_parameters()}
        return [p for p in self.parameters() if p.requires_grad and id(p) not in critic]

    @torch.no_grad()
    def rescale_values(self, mean: float, scale: float) -> None:
        """Change the units of the critic and its last layer with them, so that no value changes.

        This is the "preserving outputs precisely" of PopArt (van Hasselt et al. 2016, section 2.2).
        """
        old_mean, old_scale = float(self.value_mean), float(self.value_scale)
        weight, bias = self.value_head.weight, self.value_head.bias
        weight.mul_(old_scale / scale)
        bias.mul_(old_scale / scale).add_((old_mean - mean) / scale)
        self.value_mean.fill_(mean)
        self.value_scale.fill_(scale)
