"""The outcome of an evaluation and of a comparison: frozen, versioned, JSON-ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from townlet.evaluation.names import HEADLINES, label
from townlet.evaluation.statistics import Difference, Estimate
from townlet.markup import card, facts, folded, table

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

    def _repr_html_(self) -> str:
        """For Jupyter: the figures with their intervals."""
        return card(f"{self.policy} in {_towns(self)}", *_figures(self.kpis, self.unknown))


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

    def _repr_html_(self) -> str:
        """For Jupyter: the headline figures of each policy, and the verdicts."""
        first = self.evaluations[0]
        rows = [
            (label(name), *("-" if name in each.unknown else each.kpis[name].mean for each in self.evaluations))
            for name in HEADLINES
            if name in first.kpis
        ]
        verdicts = facts((f"{pair.b} against {pair.a}", pair.verdict) for pair in self.comparisons)
        return card(
            f"{_towns(first)}, the same seeds for all",
            table(("mean over towns", *(each.policy for each in self.evaluations)), rows),
            verdicts,
        )


def _towns(result: EvaluationResult) -> str:
    count = len(result.seeds)
    where = "" if result.scenario is None else f", scenario {result.scenario}"
    return f"{count} {'town' if count == 1 else 'towns'} of {result.agents} agents for {result.days:g} days{where}"


def _figures(kpis: Mapping[str, Estimate], unknown: Sequence[str]) -> tuple[str, str]:
    """Headline figures, and the others folded."""
    heads = ("figure", "mean", "95 % interval")
    rows = {
        name: (label(name), e.mean, f"{e.low:.4g} to {e.high:.4g}") if name not in unknown else (label(name), "-", "-")
        for name, e in kpis.items()
    }
    first = [rows[name] for name in HEADLINES if name in rows]
    rest = [row for name, row in rows.items() if name not in HEADLINES]
    return table(heads, first), folded("all other figures", table(heads, rest))
