"""The page of a training run: what was learned, how it went, what the gates said."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.errors import UsageError
from townlet.evaluation.gate import GATE_COLUMNS, GateResult, gate_cells
from townlet.evaluation.page import Page
from townlet.evaluation.plots import Curve, Gate, learning_curves

__all__ = ["is_training_run", "metrics_lines", "training_page"]

Line = dict[str, Any]

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


def is_training_run(folder: Path) -> bool:
    """Whether ``townlet train`` made this folder."""
    return (folder / "run.json").is_file() and (folder / "metrics.jsonl").exists()


def metrics_lines(path: Path) -> list[Line]:
    """The lines of a metrics file; a last line that was cut off while it was written is left out.

    Raises:
        UsageError: if the file cannot be read, or a line before the last is no JSON object.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the metrics cannot be read: {error}", where=str(path)) from error
    lines: list[Line] = []
    pieces = text.splitlines()
    for number, piece in enumerate(pieces, 1):
        try:
            line = json.loads(piece)
        except ValueError:
            if number == len(pieces):
                break
            raise UsageError("this line is not JSON", where=f"{path}:{number}") from None
        if not isinstance(line, dict):
            raise UsageError("this line is not a JSON object", where=f"{path}:{number}")
        lines.append(line)
    return lines


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
    about = _json(folder / "run.json")
    result = _json(folder / "result.json") if (folder / "result.json").is_file() else None
    page = Page(f"Training run {folder.name}", f"mode {about.get('mode', '?')}, config {about.get('config_id', '?')}")
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


def _verdict(page: Page, result: Mapping[str, Any] | None) -> None:
    if result is None:
        page.verdict(
            "This run has no result: it is still running, or was killed. The page shows what it has logged.",
            warning=True,
        )
        return
    status = str(result.get("status", "unknown"))
    verdict = result.get("verdict")
    words = f"Ended: {status.replace('_', ' ')}" + (f"; verdict {verdict}." if verdict else ".")
    candidate = result.get("candidate")
    if isinstance(candidate, Mapping):
        words += " It may be promoted." if candidate.get("candidate") else " It may not be promoted."
    page.verdict(words, warning=status != "completed" or verdict in ("HOLD", "FAIL"))
    if isinstance(candidate, Mapping):
        _candidate(page, candidate)


def _candidate(page: Page, candidate: Mapping[str, Any]) -> None:
    """What came of it beside the teacher, and why it passed or not."""
    page.heading("Candidate against teacher")
    objections = [str(one) for one in candidate.get("objections") or ()]
    if objections:
        page.text(f"Its training raised objections: {'; '.join(objections)}.")
    if candidate.get("gate") is None:
        return
    found = GateResult.model_validate(candidate["gate"])
    page.text(f"{'Passed' if found.passed else 'Not passed'}: {'; '.join(found.reasons)}.")
    marks = [{"better": "better", "worse": "worse"}.get(figure.verdict) for figure in found.figures]
    page.table(GATE_COLUMNS, gate_cells(found), marks)
    towns = f"{len(found.seeds)} {'town' if len(found.seeds) == 1 else 'towns'}"
    page.text(
        f"Both played the same {towns} for {found.days:g} days each. The whole 95 % interval of the difference must "
        f"stay within the margin; {candidate.get('passes')} of {candidate.get('required_passes')} evaluations in a "
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
        y = np.array([np.nan if line.get(field) is None else float(line[field]) for line in mine])
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


def _stages(page: Page, result: Mapping[str, Any] | None) -> None:
    stages = (result or {}).get("stages")
    if not stages:
        return
    page.heading("Stages and gates")
    marks = [{"PASS": "better", "FAIL": "worse"}.get(str(stage.get("verdict"))) for stage in stages]
    rows = [
        (
            str(stage.get("stage")),
            str(stage.get("mode")),
            str(stage.get("social_stage") or "-"),
            f"{stage.get('teacher_ratio', 0):.2f}",
            str(stage.get("verdict")),
            "; ".join(stage.get("flags", ())) or "-",
            "yes" if stage.get("rolled_back") else "no",
        )
        for stage in stages
    ]
    x = np.arange(len(stages), dtype=np.float64)
    ratios = [
        Curve("the teacher's share of the decisions", "share", x, _numbers(stages, "teacher_ratio")),
        Curve("weight of the cloning term", "weight", x, _numbers(stages, "bc_weight")),
    ]
    page.figure(
        "anneal", learning_curves({"anneal": ratios}, "stage"), "How the schedule hands over from teacher to learner."
    )
    header = ["stage", "mode", "social stage", "teacher's share", "verdict", "objections", "rolled back"]
    page.table(header, rows, marks)


def _numbers(stages: Sequence[Mapping[str, Any]], name: str) -> NDArray[np.float64]:
    return np.array([float(stage.get(name) or 0.0) for stage in stages])


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"this file of the run cannot be read: {error}", where=str(path)) from error
    if not isinstance(document, dict):
        raise UsageError("this file of the run is not a JSON object", where=str(path))
    return document


def _number(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
