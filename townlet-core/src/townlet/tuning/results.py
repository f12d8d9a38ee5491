"""The outcome of a study: frozen, versioned, JSON-ready."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from townlet.evaluation import Difference, EvaluationResult
from townlet.tuning.journal import TrialValue

__all__ = ["JudgedSettings", "SearchedSetting", "StudyTowns", "TownRange", "TuningResult"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TownRange(_Frozen):
    """Towns by their seeds."""

    first_seed: int = Field(ge=0, description="Seed of the first town.")
    towns: int = Field(ge=1, description="How many, each with the next seed.")

    def seeds(self) -> tuple[int, ...]:
        """Every seed."""
        return tuple(range(self.first_seed, self.first_seed + self.towns))

    def overlaps(self, other: TownRange) -> bool:
        """Whether a town is in both."""
        return self.first_seed < other.first_seed + other.towns and other.first_seed < self.first_seed + self.towns


class StudyTowns(_Frozen):
    """Which towns decided what; no town is in two of the ranges."""

    tuned_on: TownRange = Field(description="Towns of every trial.")
    finals: TownRange = Field(description="Further towns that decided among the finalists.")
    judged_on: TownRange = Field(description="Towns that the winner was judged on; no trial has seen them.")
    days: float = Field(gt=0, description="Length of each town's life, days.")


class SearchedSetting(_Frozen):
    """One setting that varied."""

    key: str = Field(description="Its key in the config.")
    range: str = Field(description="Its range or its choices.")
    start: TrialValue = Field(description="Its value before.")
    best: TrialValue = Field(description="Its value in the best trial.")
    importance: float | None = Field(
        description="Share of the whole that it mattered (PED-ANOVA over the trials); None after too few trials."
    )


class JudgedSettings(_Frozen):
    """One trial's settings, judged."""

    trial: int = Field(ge=0, description="Number of the trial.")
    values: dict[str, TrialValue] = Field(description="Key of the config to its value.")
    evaluation: EvaluationResult = Field(description="Key figures on the towns judged on.")
    broken: tuple[str, ...] = Field(description="Constraints that it does not meet there.")


class TuningResult(_Frozen):
    """What ``townlet tune`` found."""

    schema_version: Literal[1] = Field(1, description="Version of this result's layout.")
    policy: str = Field(description="The policy as it was named.")
    config_id: str = Field(description="Digest of the config that the study began with.")
    status: Literal["completed", "time_limit"] = Field(description="Whether all trials were played, or time ran out.")
    objective: str = Field(description="Key figure that was optimised.")
    constraints: tuple[str, ...] = Field(description="Bounds on key figures.")
    towns: StudyTowns = Field(description="Which towns decided what.")
    trials: int = Field(ge=1, description="Trials played.")
    failed: int = Field(ge=0, description="Trials that failed, such as training that broke down.")
    settings: tuple[SearchedSetting, ...] = Field(description="What varied, what mattered most first.")
    start: JudgedSettings = Field(description="The settings as they were.")
    best: JudgedSettings = Field(description="The settings that the study found.")
    differences: dict[str, Difference] = Field(description="Best minus start, paired by town.")
    verdict: str = Field(description="The headline figures in words.")
    seconds: float = Field(ge=0, description="Wall time of this call, seconds.")
