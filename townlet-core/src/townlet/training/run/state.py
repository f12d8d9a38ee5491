"""Where a run stands, as values that a checkpoint keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from townlet.api import PPOMetrics
from townlet.training.experience.source import Gathered
from townlet.training.results import AnnealStageResult, BCTrainingResult

__all__ = ["TRACKED", "PPOState", "TrainingState"]

TRACKED = ("reward_mean", "loss", "queue_conflicts", "queue_conflict_intensity")
"""Numbers of each update that are kept for the gates and the result."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PPOState(_Frozen):
    """Where a phase of PPO stands."""

    update: int = Field(0, ge=0, description="Updates done.")
    samples: int = Field(0, ge=0, description="Active transitions learned from.")
    initial_fingerprint: str = Field(description="Digest of the weights before the first update.")
    price: float | None = Field(None, ge=0, description="Price of a lost day in the next update; None: no limit.")
    history: dict[str, tuple[float, ...]] = Field(default_factory=dict, description="Tracked numbers, by update.")
    last: PPOMetrics | None = Field(None, description="The last update.")

    def after(
        self, gathered: Gathered, metrics: PPOMetrics, value_coefficient: float, price: float | None = None
    ) -> PPOState:
        """The state after one more update."""
        numbers = dict(gathered.metrics)
        if metrics.policy_loss is not None and metrics.value_loss is not None:
            # The weights of the other terms follow schedules, so only these two are comparable between stages.
            numbers["loss"] = metrics.policy_loss + value_coefficient * metrics.value_loss
        history = {name: (*self.history.get(name, ()), float(numbers[name])) for name in TRACKED if name in numbers}
        return PPOState(
            update=self.update + 1,
            samples=self.samples + gathered.samples,
            initial_fingerprint=self.initial_fingerprint,
            price=price,
            history=history,
            last=metrics,
        )

    def first(self, updates: int) -> dict[str, float]:
        """Means of the tracked numbers over the first updates."""
        return {name: _mean(values[: max(1, updates)]) for name, values in self.history.items() if values}

    def recent(self) -> dict[str, float]:
        """Means of the tracked numbers over the last tenth of the updates."""
        return {name: _mean(values[-max(1, len(values) // 10) :]) for name, values in self.history.items() if values}


def _mean(values: Sequence[float]) -> float:
    return float(sum(values) / len(values))


class TrainingState(_Frozen):
    """Where a run stands; kept in each checkpoint. What comes next is stage ``stage``, update ``ppo.update``."""

    schema_version: Literal[1] = 1
    stage: int = Field(0, ge=0, description="Index of the anneal stage that comes next or is under way.")
    lines: int = Field(0, ge=0, description="Lines of metrics.jsonl that belong to this checkpoint.")
    cloned: bool = Field(False, description="Whether the weights come from cloning.")
    towns: bool = Field(False, description="Whether the checkpoint holds the towns to continue in.")
    ppo: PPOState | None = Field(None, description="The phase of PPO under way, if any.")
    bc: BCTrainingResult | None = Field(None, description="What cloning reached, once it is done.")
    stages: tuple[AnnealStageResult, ...] = Field((), description="Anneal stages done.")
