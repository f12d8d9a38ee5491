"""The shape of the network, as data: importable, checkable and comparable without PyTorch."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from townlet.api import ObservationSpec

__all__ = ["Activation", "ConflictAwarePolicyConfig", "Critic", "MapEncoderName", "Memory", "Width"]

MapEncoderName = Literal["flat", "codes", "patch", "embedding", "conv"]
"""How the map becomes a vector; ``docs/adr/0006-network.md`` compares them."""

Activation = Literal["relu", "tanh", "silu"]

Critic = Literal["shared", "separate"]
"""A shared critic costs half as much; a separate one cannot disturb a policy that was cloned (ADR 0006)."""

Memory = Literal["none", "gru"]
"""Whether the network remembers: a gated recurrent unit (Cho et al. 2014) after the policy's layers."""

Width = Annotated[int, Field(ge=1, le=8192)]


class ConflictAwarePolicyConfig(BaseModel):
    """Everything that decides the shapes of :class:`ConflictAwarePolicyNetwork`'s weights.

    Features and map are encoded apart and joined: ``features -> hidden[0]``, ``map -> map_width``, then
    ``hidden[1:]`` (at least one layer, of width ``hidden[-1]``), then a linear policy head and a value head with
    one hidden layer. A separate critic has such layers of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    map_shape: tuple[int, int, int] = Field(description="(C, H, W) of the observation; zeros without a map.")
    features: int = Field(ge=0, description="F, the number of features.")
    actions: int = Field(ge=1, description="K, the number of actions.")
    hidden: tuple[Width, ...] = Field(
        (256, 256, 256), min_length=1, description="Widths of the fully connected layers."
    )
    map_encoder: MapEncoderName = Field("flat", description="How the map becomes a vector.")
    map_width: int = Field(128, ge=1, le=8192, description="Width of the encoded map.")
    value_hidden: int = Field(128, ge=1, le=8192, description="Width of the value head's hidden layer.")
    activation: Activation = Field("relu", description="Nonlinearity of every hidden layer.")
    critic: Critic = Field("separate", description="Whether the value reads the policy's layers or has its own.")
    memory: Memory = Field("none", description="Whether the network remembers, and by which cell.")
    memory_width: int = Field(64, ge=1, le=8192, description="Numbers a row that are remembered, with a memory.")

    @property
    def has_map(self) -> bool:
        """Whether the observation has a map."""
        return self.map_shape[0] > 0

    @property
    def remembers(self) -> bool:
        """Whether the network has a memory."""
        return self.memory != "none"

    @property
    def least_weights(self) -> int:
        """Weights that a network of this shape has at least: to refuse one before it is built."""
        channels, height, width = self.map_shape
        cells = -(-height // 3) * -(-width // 3) if self.has_map else 0  # the coarsest encoder sees patches of 3x3
        last, memory = self.hidden[-1], self.memory_width if self.remembers else 0
        return (
            channels + cells * self.map_width
            + self.features * self.hidden[0] + sum(a * b for a, b in pairwise(self.hidden))
            + 3 * memory * (memory + last)
            + (self.actions + self.value_hidden) * (last + memory)
        )  # fmt: skip

    @classmethod
    def for_spec(cls, spec: ObservationSpec, **choices: object) -> ConflictAwarePolicyConfig:
        """The config for observations of ``spec`` with some of the other fields chosen."""
        return cls.model_validate(
            {"map_shape": spec.map_shape, "features": spec.feature_count, "actions": spec.action_count, **choices}
        )

    def first_difference(self, other: ConflictAwarePolicyConfig) -> str | None:
        """The first field in which ``other`` differs, in words, or None where the two are equal."""
        mine, theirs = self.model_dump(), other.model_dump()
        for name, value in mine.items():
            if value != theirs[name]:
                return f"{name} is {value!r} here and {theirs[name]!r} there"
        return None
