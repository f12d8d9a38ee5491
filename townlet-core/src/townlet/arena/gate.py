"""A gate before a release: no worse among strangers than what is released now.

A test of non-inferiority, as the gate beside the teacher (``townlet.evaluation.gate``): the whole 95 % interval of the
difference must be above minus the margin. Differences are paired by town; every scenario weighs the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from townlet.arena.measures import stratified
from townlet.arena.meeting import Progress, meet
from townlet.arena.results import ArenaResult
from townlet.arena.suites import Suite
from townlet.config.evaluation import StrangersConfig
from townlet.executors import Executor, Watch
from townlet.play import MindSpec

__all__ = [
    "STRANGERS_COLUMNS",
    "StrangersFigure",
    "StrangersGate",
    "gate_of",
    "judge_among_strangers",
    "strangers_cells",
]

STRANGERS_COLUMNS = ("figure", "candidate", "release", "difference, 95 %", "margin", "")
"""Headings of the table that a person reads; :func:`strangers_cells` makes its rows."""

_WORDS = {"focal_return": "reward among strangers", "background_return": "reward of the strangers"}
_WORST = 3


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StrangersFigure(_Frozen):
    """A measure of the candidate beside that of the mind that it is held against."""

    figure: str = Field(description="The measure: focal_return or background_return, reward per agent-day.")
    candidate: float = Field(description="The candidate's mean over all scenarios.")
    against: float = Field(description="The other's.")
    low: float = Field(description="Lower end of the 95 % interval of the difference, paired by town.")
    high: float = Field(description="Upper end of that interval.")
    margin: float = Field(description="How much worse the interval may reach.")
    passed: bool = Field(description="Whether it stays within.")


class StrangersGate(_Frozen):
    """What the gate decided, and why."""

    suite: str = Field(description="Name of the suite that both played.")
    suite_digest: str = Field(description="Its digest.")
    against: str = Field(description="The mind that the candidate was held against.")
    towns: int = Field(description="Towns that each of them played.")
    passed: bool = Field(description="Whether the candidate passed.")
    figures: tuple[StrangersFigure, ...] = Field(description="What decides.")
    worst: dict[str, float] = Field(
        description="The scenarios in which the candidate fell behind the most, and by how much, reward per agent-day."
    )

    @property
    def metrics(self) -> dict[str, float]:
        """What a registry keeps of it."""
        return {f"strangers_{figure.figure}": figure.candidate for figure in self.figures}

    def objections(self) -> tuple[str, ...]:
        """Why it did not pass, in words; none where it did."""
        found = [
            f"{_WORDS[f.figure]} is not shown to be as good: {f.candidate:.4g} against {f.against:.4g} with "
            f"{self.against}, the difference between {f.low:+.3g} and {f.high:+.3g}; the margin is {f.margin:g}"
            for f in self.figures
            if not f.passed
        ]
        if found and self.worst:
            found.append("worst in " + ", ".join(f"{name} ({by:+.3g})" for name, by in self.worst.items()))
        return tuple(found)


def judge_among_strangers(
    candidate: MindSpec,
    against: MindSpec,
    suite: Suite,
    config: StrangersConfig,
    *,
    executor: Executor | None = None,
    watch: Watch | None = None,
    progress: Progress | None = None,
) -> StrangersGate:
    """Let both play the suite, and decide.

    Args:
        candidate: is to be promoted.
        against: the release, or the teacher where there is none.
        suite: the strangers.
        config: the margins.
        executor: where towns are played; in this process by default. The result is the same.
        watch: told what its workers do.
        progress: told how many of how many jobs are done, and which comes next.

    Raises:
        UsageError: if both go by one name, or one was taught on what the suite holds out.
        BackendError, CheckpointError: if one cannot run.
    """
    result = meet([against, candidate], suite, matrix=False, executor=executor, watch=watch, progress=progress)
    return gate_of(result, {"focal_return": config.focal_return, "background_return": config.background_return})


def gate_of(result: ArenaResult, margins: Mapping[str, float]) -> StrangersGate:
    """Judge the second mind of a result by the first.

    Args:
        result: of both.
        margins: by measure, how much worse the interval may reach.
    """
    figures = []
    for name, margin in margins.items():
        found = stratified(_differences(result, name))
        mine, theirs = (
            float(np.mean([scenario.standings[number].measures[name].mean for scenario in result.scenarios]))
            for number in (1, 0)
        )
        figures.append(
            StrangersFigure(
                figure=name,
                candidate=mine,
                against=theirs,
                low=found.low,
                high=found.high,
                margin=margin,
                passed=found.low >= -margin,
            )
        )
    behind = {
        scenario.name: float(difference.mean())
        for scenario, difference in zip(result.scenarios, _differences(result, "focal_return"), strict=True)
    }
    worst = sorted((by, name) for name, by in behind.items() if by < 0)[:_WORST]
    return StrangersGate(
        suite=result.suite,
        suite_digest=result.suite_digest,
        against=result.minds[0],
        towns=sum(len(scenario.seeds) for scenario in result.scenarios),
        passed=all(figure.passed for figure in figures),
        figures=tuple(figures),
        worst={name: by for by, name in worst},
    )


def strangers_cells(gate: StrangersGate) -> list[tuple[str, ...]]:
    """The figures as a person reads them."""
    return [
        (
            _WORDS[f.figure],
            f"{f.candidate:.4g}",
            f"{f.against:.4g}",
            f"{f.low:+.3g} to {f.high:+.3g}",
            f"{f.margin:g}",
            "passed" if f.passed else "NOT passed",
        )
        for f in gate.figures
    ]


def _differences(result: ArenaResult, name: str) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return [
        np.subtract(scenario.standings[1].per_seed[name], scenario.standings[0].per_seed[name])
        for scenario in result.scenarios
    ]
