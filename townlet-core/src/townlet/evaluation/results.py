"""The outcome of an evaluation and of a comparison: frozen, versioned, JSON-ready."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from townlet.evaluation.statistics import Difference, Estimate

__all__ = ["ComparisonResult", "EvaluationResult", "EvaluationTiming", "PairwiseComparison"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EvaluationTiming(_Frozen):
    """What of an evaluation depends on the machine."""

    seconds: float = Field(ge=0, description="Wall time, seconds.")


class EvaluationResult(_Frozen):
    """What one policy did in some towns. A function of config, policy and seeds; timing stands apart."""

    schema_version: Literal[1] = Field(1, description="Version of this result's layout.")
    policy: str = Field(description="The policy as it was named.")
    provenance: dict[str, Any] = Field(
        description="Where the policy came from: backend, distribution, fingerprint, ..."
    )
    config_id: str = Field(description="Digest of the config of the towns.")
    scenario: str | None = Field(None, description="Name of the scenario, where one was played.")
    explore: bool = Field(
        description="Whether actions were sampled from the policy instead of taking the most likely one."
    )
    seeds: tuple[int, ...] = Field(description="Seeds of the towns.")
    days: float = Field(gt=0, description="Length of each town's life, days.")
    agents: int = Field(ge=1, description="Agent slots a town.")
    kpis: dict[str, Estimate] = Field(description="Key figures over seeds, with 95 % bootstrap intervals.")
    per_seed: dict[str, tuple[float, ...]] = Field(description="Each figure of each town, in the order of seeds.")
    unknown: tuple[str, ...] = Field(
        (), description="Figures of which no town had anything to count yet, such as attendance before a shift ended."
    )
    ledger: tuple[dict[str, Any], ...] = Field(
        (), description="Of slow minds: whom they played, what was asked, what came of it and what it took."
    )
    timing: EvaluationTiming = Field(
        default_factory=lambda: EvaluationTiming(seconds=0.0), description="What depends on the machine."
    )

    @property
    def seconds(self) -> float:
        """Wall time, seconds."""
        return self.timing.seconds


class PairwiseComparison(_Frozen):
    """Policy ``b`` against policy ``a`` on the same seeds."""

    a: str = Field(description="The policy compared with.")
    b: str = Field(description="The policy judged.")
    differences: dict[str, Difference] = Field(description="B minus A by key figure.")
    verdict: str = Field(description="The headline figures in words.")


class ComparisonResult(_Frozen):
    """Several policies on the same seeds; each later one against the first."""

    schema_version: Literal[1] = Field(1, description="Version of this result's layout.")
    evaluations: tuple[EvaluationResult, ...] = Field(description="One for each policy, in the order asked.")
    comparisons: tuple[PairwiseComparison, ...] = Field(description="Each later policy against the first.")
