"""The page of a training run: what was learned, how it went, what the gates said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from townlet.errors import UsageError
from townlet.evaluation.gate import GATE_COLUMNS, GateResult, gate_cells
from townlet.evaluation.page import Page
from townlet.evaluation.plots import Curve, Gate, learning_curves
from townlet.storage import fits, read_json_lines, read_model

__all__ = ["is_training_run", "metrics_lines", "training_page"]

Line = dict[str, bool | int | float | str | None]

_PPO = (
    ("reward_mean", "reward", "mean per agent and tick"),
    ("return_mean", "return of whole lives", "mean, undiscounted"),
    ("entropy", "entropy", "nats"),
    ("approx_kl", "approximate KL", "nats"),
    ("clip_fraction", "clip fraction", "share of ratios"),
    ("value_loss", "value loss", "half mean squared error"),
    ("explained_variance", "explained variance", "share"),
    ("grad_norm", "gradient norm", "before clipping"),
    ("queue_conflicts", "queue conflicts", "per agent-day"),
    ("chats", "chats", "per agent-day"),
)
_BC = (
    ("accuracy", "accuracy on held-out lives", "share of actions"),
    ("loss", "cross-entropy on held-out lives", "nats"),
)


class _Read(BaseModel):
    """What the page needs of a file that training wrote; it ignores everything else."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Run(_Read):
    mode: str = "?"
    config_id: str = "?"


class _Candidate(_Read):
    candidate: bool
    objections: tuple[str, ...] = ()
    passes: int = 0
    required_passes: int = 1
    gate: GateResult | None = None


class _Stage(_Read):
    stage: int
    mode: str
    verdict: str
    teacher_ratio: float = 0.0
    bc_weight: float = 0.0
    social_stage: str | None = None
    flags: tuple[str, ...] = ()
    rolled_back: bool = False


class _Result(_Read):
    status: str
    verdict: str | None = None
    candidate: _Candidate | None = None
    stages: tuple[_Stage, ...] = ()


_DRAWN = 1e30
"""A number beyond it cannot be drawn beside others."""


def is_training_run(folder: Path) -> bool:
    """Whether ``townlet train`` made this folder."""
    return (folder / "run.json").is_file() and (folder / "metrics.jsonl").exists()


def metrics_lines(path: Path) -> list[Line]:
    """The lines of a metrics file; a last line that was cut off while it was written is left out.

    Raises:
        UsageError: if the file cannot be read, or a line before the last is not a JSON object.
    """
    return [
        fits(Line, line, where=f"{path}:{number}", what="this line", error=UsageError)
        for number, line in enumerate(read_json_lines(path, error=UsageError), 1)
    ]


def training_page(folder: Path) -> Page:
    """The page of the run in ``folder``.

    Raises:
        UsageError: if it has not logged anything yet, or its files cannot be read.
    """
    lines = metrics_lines(folder / "metrics.jsonl")
    if not lines:
        raise UsageError(
            "this training run has logged nothing yet: there is nothing to report",
            where=str(folder),
            details=("let it run for an update or an epoch, then ask again",),
        )
    about = read_model(folder / "run.json", _Run, error=UsageError)
    file = folder / "result.json"
    result = read_model(file, _Result, error=UsageError) if file.is_file() else None
    page = Page(f"Training run {folder.name}", f"mode {about.mode}, config {about.config_id}")
    _verdict(page, result)
    _curves(page, lines, "bc", _BC, "How cloning went", "epoch")
    _curves(page, lines, "ppo", _PPO, "How learning from reward went", "update")
    _stages(page, result)
    page.heading("Last numbers")
    for phase in ("bc", "ppo"):
        mine = [line for line in lines if line.get("phase") == phase]
        if mine:
            page.text(f"The last line of phase {phase}:")
            page.table(["field", "value"], [(k, _number(v)) for k, v in mine[-1].items() if k != "schema"])
    return page


def _verdict(page: Page, result: _Result | None) -> None:
    if result is None:
        page.verdict(
            "This run has no result: it is still running, or was killed. The page shows what it has logged.",
            warning=True,
        )
        return
    status, verdict, candidate = result.status, result.verdict, result.candidate
    words = f"Ended: {status.replace('_', ' ')}" + (f"; verdict {verdict}." if verdict else ".")
    if candidate is not None:
        words += " It may be promoted." if candidate.candidate else " It may not be promoted."
    page.verdict(words, warning=status != "completed" or verdict in ("HOLD", "FAIL"))
    if candidate is not None:
        _candidate(page, candidate)


def _candidate(page: Page, candidate: _Candidate) -> None:
    """How the result compares with the teacher, and why it passed or not."""
    page.heading("Candidate against teacher")
    if candidate.objections:
        page.text(f"Its training raised objections: {'; '.join(candidate.objections)}.")
    found = candidate.gate
    if found is None:
        return
    page.text(f"{'Passed' if found.passed else 'Not passed'}: {'; '.join(found.reasons)}.")
    marks = [{"better": "better", "worse": "worse"}.get(figure.verdict) for figure in found.figures]
    page.table(GATE_COLUMNS, gate_cells(found), marks)
    towns = "town" if len(found.seeds) == 1 else f"{len(found.seeds):,} towns"
    page.text(
        f"Both played the same {towns} for {found.days:g} days each. The whole 95 % interval of the difference must "
        f"stay within the margin; {candidate.passes} of {candidate.required_passes} evaluations in a "
        "row passed."
    )


def _curves(
    page: Page, lines: Sequence[Line], phase: str, wanted: Sequence[tuple[str, str, str]], heading: str, unit: str
) -> None:
    mine = [line for line in lines if line.get("phase") == phase]
    if not mine:
        return
    x = np.arange(1, len(mine) + 1, dtype=np.float64)
    curves = []
    for field, name, of in wanted:
        y = np.array([_figure(line.get(field)) for line in mine])
        if np.isfinite(y).any():
            curves.append(Curve(name, of, x, y))
    page.heading(heading)
    page.figure(
        f"learning-{phase}",
        learning_curves({phase: curves}, unit, _gates(lines, phase)),
        f"One point is one {unit}; vertical lines are gates of the anneal schedule.",
    )


def _gates(lines: Sequence[Line], phase: str) -> list[Gate]:
    gates, done = [], 0
    for line in lines:
        if line.get("phase") == phase:
            done += 1
        elif line.get("phase") == "anneal" and done:
            outcome = "PASS" if line.get("passed") else ("FAIL" if line.get("rolled_back") else "HOLD")
            gates.append(Gate(done + 0.5, outcome))
    return gates


def _stages(page: Page, result: _Result | None) -> None:
    stages = () if result is None else result.stages
    if not stages:
        return
    page.heading("Stages and gates")
    marks = [{"PASS": "better", "FAIL": "worse"}.get(stage.verdict) for stage in stages]
    rows = [
        (
            str(stage.stage),
            stage.mode,
            stage.social_stage or "-",
            f"{stage.teacher_ratio:.2f}",
            stage.verdict,
            "; ".join(stage.flags) or "-",
            "yes" if stage.rolled_back else "no",
        )
        for stage in stages
    ]
    x = np.arange(len(stages), dtype=np.float64)
    ratios = [
        Curve("the teacher's share of the decisions", "share", x, np.array([stage.teacher_ratio for stage in stages])),
        Curve("weight of the cloning term", "weight", x, np.array([stage.bc_weight for stage in stages])),
    ]
    page.figure(
        "anneal", learning_curves({"anneal": ratios}, "stage"), "How the schedule hands over from teacher to learner."
    )
    header = ["stage", "mode", "social stage", "teacher's share", "verdict", "objections", "rolled back"]
    page.table(header, rows, marks)


def _figure(value: bool | float | str | None) -> float:
    figure = float(value) if isinstance(value, int | float) else math.nan
    return figure if abs(figure) < _DRAWN else math.nan


def _number(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
