"""The schema of ``policy.options`` for this backend. Importable without PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from townlet.api import BCSettings, ObservationSpec
from townlet_backend_pytorch.architecture import (
    Activation,
    ConflictAwarePolicyConfig,
    Critic,
    MapEncoderName,
    Memory,
    Width,
)

__all__ = ["BCTrainingConfig", "ConflictAwarePolicyConfig", "Precision", "PyTorchOptions"]

Precision = Literal["auto", "float32", "bfloat16"]


class PyTorchOptions(BaseModel):
    """What a user can choose about the network and how it is computed."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    hidden: tuple[Width, ...] = Field(
        (256, 256, 256), min_length=1, max_length=8, description="Widths of the fully connected layers."
    )
    map_encoder: MapEncoderName = Field(
        "flat",
        description="How the map becomes a vector: flat (one matrix), codes (the same over planes of codes), "
        "patch (3x3 patches), embedding (a learned vector per code), conv (two convolutions).",
    )
    map_width: int = Field(128, ge=1, le=8192, description="Width of the encoded map.")
    value_hidden: int = Field(128, ge=1, le=8192, description="Width of the value head's hidden layer.")
    activation: Activation = Field("relu", description="Nonlinearity of every hidden layer.")
    critic: Critic = Field(
        "separate",
        description="separate: the value has layers of its own, which cannot disturb what was cloned; shared: it reads "
        "the policy's, at half the cost.",
    )
    memory: Memory = Field(
        "none",
        description="none: a decision follows from what is seen now; gru: also from what was seen before (a gated "
        "recurrent unit after the fully connected layers).",
    )
    memory_width: int = Field(64, ge=1, le=8192, description="Numbers remembered of each agent, with a memory.")
    memory_ticks: int = Field(
        32, ge=2, le=4096, description="Ticks through which an error is traced back while learning, with a memory."
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="Where to compute: auto (cuda where there is one), cpu, cuda or cuda:N.",
    )
    threads: int = Field(
        0, ge=0, le=1024, description="CPU threads of learning; 0: PyTorch's own number, but one for small batches."
    )
    decision_threads: int = Field(
        1, ge=1, le=1024, description="CPU threads of deciding; more than one pays only for thousands of rows."
    )
    rows_per_pass: int = Field(
        64,
        ge=8,
        le=4096,
        description="On the CPU, what a row is answered is what a forward pass of so many rows gives, whatever the "
        "number of towns that are played together; larger passes are used where they were seen to give the same bits.",
    )
    precision: Precision = Field(
        "auto", description="Arithmetic of learning where its settings say auto; auto: bfloat16 where it is native."
    )
    resident: bool | None = Field(
        None,
        description="Whether a learner keeps its experience on the device: observations cross once, actions are drawn "
        "and advantages computed there. Left out: on CUDA yes, on the CPU no. Not with a memory.",
    )
    resident_features: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="How features are kept there; bfloat16 takes half the room, and decides from what is kept.",
    )
    compile: bool = Field(False, description="Compile the network for learning (torch.compile; needs a C++ compiler).")
    graphs: bool = Field(
        False,
        description="Record the kernels of a decision once, and replay them in one launch (CUDA graphs). Needs a "
        "learner that keeps its experience on a CUDA device; every bit stays.",
    )

    @model_validator(mode="after")
    def _no_resident_memory(self) -> Self:
        if self.resident and self.memory != "none":
            raise ValueError("a network with a memory learns from pieces of lives: leave resident out, or memory: none")
        return self

    def is_resident(self, device_type: str) -> bool:
        """Whether a learner on a device of this type (``cpu``, ``cuda``) keeps its experience there."""
        if self.memory != "none":
            return False
        return device_type != "cpu" if self.resident is None else self.resident

    def network(self, spec: ObservationSpec) -> ConflictAwarePolicyConfig:
        """The network that these options ask for, on observations of ``spec``."""
        return ConflictAwarePolicyConfig.for_spec(
            spec,
            hidden=self.hidden,
            map_encoder=self.map_encoder,
            map_width=self.map_width,
            value_hidden=self.value_hidden,
            activation=self.activation,
            critic=self.critic,
            memory=self.memory,
            memory_width=self.memory_width,
        )

    def first_refusal(self, network: ConflictAwarePolicyConfig) -> str | None:
        """The first choice written by the user that ``network`` does not have, in words, or None."""
        for name in (
            "hidden",
            "map_encoder",
            "map_width",
            "value_hidden",
            "activation",
            "critic",
            "memory",
            "memory_width",
        ):
            if name in self.model_fields_set and getattr(self, name) != getattr(network, name):
                return f"{name} is {getattr(self, name)!r} in the options and {getattr(network, name)!r} there"
        return None


@dataclass(frozen=True, slots=True)
class BCTrainingConfig:
    """What a ``BCTrainer`` is made of.

    Attributes:
        settings: of behaviour cloning.
        options: of the network and the device.
        seed: of the initial weights.
    """

    settings: BCSettings = field(default_factory=BCSettings)
    options: PyTorchOptions = field(default_factory=PyTorchOptions)
    seed: int = 0
