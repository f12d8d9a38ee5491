"""What the arena found: a typed result, its JSON documented in docs/reference/results.md."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from townlet.evaluation import Estimate
from townlet.markup import card, facts, folded, table

__all__ = ["Anchor", "ArenaResult", "ArenaTiming", "Cell", "CrossPlay", "ScenarioResult", "Standing", "Total"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Anchor(_Frozen):
    """The two ends of a scenario's scale."""

    zero: float = Field(description="Return of a mind that acts at random: a score of 0.")
    one: float = Field(description="Return of the best mind known for this scenario: a score of 1.")
    one_is: str = Field(description="Which mind that is, and how it was found.")
    kind: Literal["rules", "exploiter"] = Field(
        "rules", description="rules, those of the scripted mind; exploiter, a mind that learned and does better."
    )
    rules: float | None = Field(None, description="Return of the best rules, which is `one` where nobody is better.")
    trials: int = Field(0, ge=0, description="Candidates that the search for these rules tried on other towns.")
    options: dict[str, Any] = Field(default_factory=dict, description="Options of the best rules.")
    checkpoint: str | None = Field(None, description="Digest of the exploiter's checkpoint, which is not shipped.")


class Standing(_Frozen):
    """How one mind did in one scenario."""

    mind: str = Field(description="The mind as it was named.")
    measures: dict[str, Estimate] = Field(description="Measure to its estimate over the scenario's towns.")
    score: Estimate | None = Field(description="Return of the people under test between the scenario's anchors.")
    per_seed: dict[str, tuple[float, ...]] = Field(description="Measure to its value in each town.")


class ScenarioResult(_Frozen):
    """How all minds did in one scenario."""

    name: str = Field(description="Name of the scenario.")
    title: str = Field(description="What a person reads.")
    axes: tuple[str, ...] = Field(description="What differs from the default town.")
    role: str = Field(description="Resident, visitor or newcomer.")
    days: float = Field(description="Length of each town's life, days.")
    agents: int = Field(description="People in each town.")
    seeds: tuple[int, ...] = Field(description="Seeds of the towns.")
    anchor: Anchor | None = Field(description="The ends of its scale; null where none were measured.")
    standings: tuple[Standing, ...] = Field(description="One for each mind, in the order given.")


class Cell(_Frozen):
    """One mind among people of another."""

    focal: str = Field(description="The mind under test.")
    background: str = Field(description="The mind of the others.")
    share: float = Field(description="Share of the people that the mind under test plays.")
    focal_return: Estimate = Field(description="Its reward per agent-day.")
    background_return: Estimate = Field(description="The others' reward per agent-day.")


class CrossPlay(_Frozen):
    """Every mind with every other."""

    shares: tuple[float, ...] = Field(description="Shares that were played.")
    seeds: tuple[int, ...] = Field(description="Seeds of the towns, the same in each cell.")
    days: float = Field(description="Length of each town's life, days.")
    cells: tuple[Cell, ...] = Field(description="One for each ordered pair and share.")
    self_minus_cross: dict[str, Estimate] = Field(
        description="Mind to its return among its like minus that among others: what it owes to knowing them."
    )


class Total(_Frozen):
    """One mind over all scenarios."""

    mind: str = Field(description="The mind as it was named.")
    score: Estimate | None = Field(description="Score over all scenarios, each weighing the same.")
    focal_return: Estimate = Field(description="Reward per agent-day of the people under test.")
    presence: Estimate = Field(description="What the others gain by its presence, reward per agent-day.")


class ArenaTiming(_Frozen):
    """What depends on the machine."""

    seconds: float = Field(description="Wall time, seconds.")


class ArenaResult(_Frozen):
    """What came of minds that met strangers, and each other."""

    schema_version: int = Field(1, description="Version of this result's layout.")
    suite: str = Field(description="Name of the suite.")
    suite_digest: str = Field(description="SHA-256 of the suite and the maps that it names.")
    interface: dict[str, str | int | bool] = Field(
        default_factory=dict,
        description="What everybody decided and saw where that is not the default: key of a config to its value.",
    )
    minds: tuple[str, ...] = Field(description="The minds as they were named, in order.")
    provenance: dict[str, dict[str, Any]] = Field(description="Mind to what is known of it.")
    totals: tuple[Total, ...] = Field(description="Each mind over all scenarios.")
    scenarios: tuple[ScenarioResult, ...] = Field(description="Each scenario.")
    matrix: CrossPlay | None = Field(description="Every mind with every other; null where that was left out.")
    warnings: tuple[str, ...] = Field((), description="What to know before believing it.")
    timing: ArenaTiming = Field(description="What depends on the machine.")

    def lived_by(self) -> str:
        """The interface in words; empty where it is the default one."""
        return ", ".join(f"{key}={str(value).lower()}" for key, value in self.interface.items())

    def _repr_html_(self) -> str:
        """For Jupyter: the standings, the matrix, and what to know before believing them."""
        heads = ("mind", "score", "95 % interval", "reward per agent-day", "presence")
        rows = [
            (
                total.mind,
                *(("-", "-") if total.score is None else (total.score.mean, _interval(total.score))),
                total.focal_return.mean,
                total.presence.mean,
            )
            for total in self.totals
        ]
        met = () if self.matrix is None else self.matrix.cells
        cells = [(each.focal, each.background, f"{each.share:.0%}", each.focal_return.mean) for each in met]
        return card(
            f"suite {self.suite}, {len(self.scenarios)} scenarios",
            table(heads, rows),
            folded("every mind with every other", table(("mind", "among", "share", "reward per agent-day"), cells))
            if cells
            else "",
            facts(("warning", line) for line in self.warnings),
        )


def _interval(estimate: Estimate) -> str:
    return f"{estimate.low:.3f} to {estimate.high:.3f}"
