"""The whole config of a town."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Literal, Self

from pydantic import Field, model_validator

from townlet.config.evaluation import EvaluationConfig
from townlet.config.execution import ExecutionConfig
from townlet.config.model import Section
from townlet.config.observation import ObservationConfig
from townlet.config.policy import PolicyConfig
from townlet.config.rewards import RewardsConfig
from townlet.config.town import TownConfig
from townlet.config.training import TrainingConfig
from townlet.config.tuning import TuningConfig

__all__ = ["TownletConfig", "canonical_json", "config_digest"]


class TownletConfig(Section):
    """Everything that decides what happens in a town. Frozen; without arguments it is the default town.

    ``config_id`` names it: the same values give the same id on every platform, whatever the order of the keys.
    """

    schema_version: Literal[1] = Field(1, description="Version of this file's layout.")
    name: str = Field(
        "riverside",
        min_length=1,
        max_length=60,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Name of the town (default: the name of its map); part of file names and of the config's id.",
    )
    seed: int = Field(0, ge=0, lt=2**62, description="Seed of the first world; world w of a run uses seed + w.")
    town: TownConfig = Field(default_factory=TownConfig, description="The town and the rules of its life.")
    observation: ObservationConfig = Field(default_factory=ObservationConfig, description="What agents see.")
    rewards: RewardsConfig = Field(default_factory=RewardsConfig, description="What agents are rewarded for.")
    policy: PolicyConfig = Field(default_factory=PolicyConfig, description="Which minds the agents have.")
    training: TrainingConfig = Field(default_factory=TrainingConfig, description="How minds are trained.")
    evaluation: EvaluationConfig = Field(default_factory=EvaluationConfig, description="How a policy is judged.")
    tuning: TuningConfig = Field(default_factory=TuningConfig, description="How to search for better settings.")
    execution: ExecutionConfig = Field(
        default_factory=ExecutionConfig,
        exclude=True,  # where something ran is no part of what it is: no digest, dataset or run keeps it
        description="Where towns run; nothing that comes of them depends on it.",
    )

    @model_validator(mode="after")
    def _called_after_its_map(self) -> Self:
        """A town without a name of its own: else every one would be called riverside, whatever its map."""
        if "name" not in self.model_fields_set:
            self.__dict__["name"] = _name_of(self.town.map)
        return self

    @property
    def config_id(self) -> str:
        """``<name>-<first 12 hex digits of the digest>``."""
        return f"{self.name}-{config_digest(self)[:12]}"


def _name_of(town_map: str) -> str:
    """A name made of that of a map or of its file, alike on every platform."""
    stem = re.split(r"[/\\]", town_map.removesuffix(".yaml").removesuffix(".yml"))[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("._-")[:60] or "town"


def canonical_json(config: Section) -> str:
    """One text for equal configs: JSON with sorted keys, no spaces, ASCII only, shortest exact floats."""
    return json.dumps(
        config.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def config_digest(config: Section) -> str:
    """SHA-256 of :func:`canonical_json`, 64 hex digits."""
    return hashlib.sha256(canonical_json(config).encode("ascii")).hexdigest()
