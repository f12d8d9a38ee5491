"""The gate before a release: a candidate must be shown to be no worse than its teacher, on enough towns.

Not being found worse proves little: the fewer towns are played, the less is found. So the burden is the candidate's
(a test of non-inferiority: Piaggio et al., "Reporting of noninferiority and equivalence randomized trials",
JAMA 308, 2012): the whole 95 % interval of its difference to the teacher must be above minus the margin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from townlet.evaluation.names import HEADLINES, higher_is_better, word
from townlet.evaluation.results import ComparisonResult
from townlet.evaluation.statistics import FEWEST_TOWNS, Difference

__all__ = ["GATE_COLUMNS", "GateFigure", "GateResult", "gate", "gate_cells"]

GATE_COLUMNS = ("figure", "candidate", "teacher", "difference, 95 %", "margin", "verdict")
"""Headings of the table that a person reads; :func:`gate_cells` makes its rows."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GateFigure(_Frozen):
    """One key figure of the candidate beside its teacher's."""

    figure: str = Field(description="Name of the key figure.")
    candidate: float = Field(description="The candidate's mean over the towns.")
    teacher: float = Field(description="The teacher's.")
    low: float = Field(description="Lower end of the 95 % interval of candidate minus teacher.")
    high: float = Field(description="Upper end of that interval.")
    verdict: Literal["better", "worse", "no clear difference"] = Field(description="As in a comparison.")
    margin: float | None = Field(
        None, description="How much worse the interval may reach; None: shown, but not decisive."
    )
    passed: bool | None = Field(None, description="Whether the interval stays within the margin; None without one.")


class GateResult(_Frozen):
    """What the gate decided, and why."""

    teacher: str = Field(description="The policy that the candidate was held against.")
    seeds: tuple[int, ...] = Field(description="Seeds of the towns that both played.")
    days: float = Field(gt=0, description="Length of each town's life, days.")
    passed: bool = Field(description="Whether the candidate passed.")
    reasons: tuple[str, ...] = Field(min_length=1, description="Why it passed or did not, in words.")
    figures: tuple[GateFigure, ...] = Field((), description="The leading figures, those that decide first.")


def gate(comparison: ComparisonResult, margins: Mapping[str, float]) -> GateResult:
    """Judge the second policy of a comparison by the first.

    Args:
        comparison: of the teacher and the candidate, in that order.
        margins: by key figure, in its unit, how much worse than the teacher the interval may reach.
    """
    teacher, candidate = comparison.evaluations[:2]
    differences = comparison.comparisons[0].differences
    unknown = {*teacher.unknown, *candidate.unknown}
    known = [name for name in HEADLINES if name in differences and name not in unknown]
    figures = [
        _figure(name, candidate.kpis[name].mean, teacher.kpis[name].mean, differences[name], margins.get(name))
        for name in sorted(known, key=lambda name: name not in margins)
    ]
    seeds = candidate.seeds
    failures = [_why_not(figure) for figure in figures if figure.passed is False]
    failures += [
        f"{word(name)}: nothing was counted, so nothing is shown; a longer evaluation may help (evaluation.days)"
        for name in margins
        if name not in known
    ]
    if len(seeds) < FEWEST_TOWNS:
        towns = f"{len(seeds)} {'town is' if len(seeds) == 1 else 'towns are'}"
        failures.insert(0, f"{towns} too few to conclude anything; it takes at least {FEWEST_TOWNS} (evaluation.seeds)")
    if not margins:
        failures.append("no figure has a margin, so there is nothing to judge")
    met = [
        f"{word(f.figure)}: {'better' if _worst(f) < 0 else f'at worst {_worst(f):.3g} worse'} than {teacher.policy}, "
        f"within the margin of {f.margin:g}"
        for f in figures
        if f.passed
    ]
    return GateResult(
        teacher=teacher.policy,
        seeds=seeds,
        days=candidate.days,
        passed=not failures,
        reasons=tuple(failures or met),
        figures=tuple(figures),
    )


def gate_cells(result: GateResult) -> list[tuple[str, ...]]:
    """The figures as a person reads them, those that decide first."""
    return [
        (
            word(f.figure),
            f"{f.candidate:.4g}",
            f"{f.teacher:.4g}",
            f"{f.low:+.3g} to {f.high:+.3g}",
            "-" if f.margin is None else f"{f.margin:g}",
            f.verdict if f.passed is None else "passed" if f.passed else "NOT passed",
        )
        for f in result.figures
    ]


def _figure(name: str, candidate: float, teacher: float, found: Difference, margin: float | None) -> GateFigure:
    figure = GateFigure(
        figure=name,
        candidate=candidate,
        teacher=teacher,
        low=found.low,
        high=found.high,
        verdict=found.verdict,
        margin=margin,
    )
    return figure if margin is None else figure.model_copy(update={"passed": _worst(figure) <= margin})


def _worst(figure: GateFigure) -> float:
    """How much worse than the teacher the candidate may be, by its interval; below 0, it is certainly better."""
    return -figure.low if higher_is_better(figure.figure) else figure.high


def _why_not(figure: GateFigure) -> str:
    how = "is worse" if figure.verdict == "worse" else "is not shown to be as good"
    return (
        f"{word(figure.figure)} {how}: {figure.candidate:.4g} against {figure.teacher:.4g}, "
        f"the difference between {figure.low:+.3g} and {figure.high:+.3g}; the margin is {figure.margin:g}"
    )
