"""``townlet runs``: what the registry knows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from townlet.cli.options import debug_option, json_option, runs_option
from townlet.cli.output import as_typed, counted, emit, emit_json
from townlet.cli.ranges import WholeRange
from townlet.cli.release.runs_clean import clean
from townlet.cli.tables import TableCell, emit_facts, emit_table, verdict
from townlet.visible import visible

if TYPE_CHECKING:
    from townlet.registry import EvaluationRecord, Registry, RunRecord

__all__ = ["command"]

_BY_HAND = "evaluate"
"""The command of evaluations that belong to no run; with their number it names them, as in ``evaluate-3``."""


@click.group("runs")
def command() -> None:
    """List what was run, recorded, trained and evaluated; clean up after what was killed.

    \b
    Example:  townlet runs list
    """


command.add_command(clean)


@command.command("list")
@click.option(
    "--kind", default=None, metavar="COMMAND", help="Show only runs of this command: run, rollout, train or evaluate."
)
@click.option("--limit", type=WholeRange(min=1), default=20, show_default=True, help="Show only the latest N of each.")
@runs_option("is listed")
@json_option
@debug_option
def list_runs(kind: str | None, limit: int, runs: Path, as_json: bool) -> None:
    """List the latest runs, and the evaluations made by hand with evaluate or compare, newest first.

    \b
    Example:  townlet runs list --kind rollout

    JSON keys: runs (each: id, kind, started, finished, status, config_id, config_digest, policy, folder, summary),
    evaluations (each: id, at, policy, checkpoint, run, passed, settings, metrics, by, gate).
    """
    from townlet.registry import Registry

    with Registry(runs, create=False) as registry:
        found = registry.runs(kind=kind, limit=limit)
        judged = registry.evaluations(by_hand=True)[:limit] if kind in (None, _BY_HAND) else []
        hints = [hint for run in found if (hint := _what_to_do(registry, run))]
    if as_json:
        emit_json(
            {"runs": [run.to_json() for run in found], "evaluations": [evaluation.to_json() for evaluation in judged]}
        )
        return
    if not found and not judged:
        emit("no runs yet" if kind is None else f"no runs of the command {kind!r} here")
    if found:
        emit_table(("run", "status", "policy", "reward", "config", "folder", "started (UTC)"), map(_cells, found))
        for hint in hints:
            emit(hint)
    if found and judged:
        emit()
    if judged:
        emit_table(("evaluation", "policy", "played", "reward a day", "config", "at (UTC)"), map(_judged, judged))


@command.command("show")
@click.argument("run_id", metavar="RUN")
@runs_option("is listed")
@json_option
@debug_option
def show_run(run_id: str, runs: Path, as_json: bool) -> None:
    """Show one run with its datasets, checkpoints and evaluations, or one evaluation made by hand.

    RUN is a name that runs list shows, the start of one, or the folder of a run.

    \b
    Example:  townlet runs show rollout-2026
    Example:  townlet runs show evaluate-3

    JSON keys: those of a run in runs list, and datasets, checkpoints, evaluations (lists); of an evaluation those that
    it has there.
    """
    from townlet.plugins.provenance import recorded_words
    from townlet.registry import Registry

    with Registry(runs, create=False) as registry:
        evaluation = _evaluation(registry, run_id)
        if evaluation is not None:
            _show_evaluation(evaluation, as_json=as_json)
            return
        run = _in_folder(registry, run_id) or registry.run(run_id)
        datasets = registry.datasets(run=run.id)
        checkpoints = registry.checkpoints(run=run.id)
        evaluations = registry.evaluations(run=run.id)
        hint = _what_to_do(registry, run)
    if as_json:
        emit_json(
            {
                **run.to_json(),
                "datasets": [record.to_json() for record in datasets],
                "checkpoints": [record.to_json() for record in checkpoints],
                "evaluations": [record.to_json() for record in evaluations],
            }
        )
        return
    rows = [
        ("run", run.id),
        ("command", run.kind),
        ("status", run.status),
        ("started", run.started),
        ("finished", run.finished or ("it was killed" if run.status == "killed" else "not yet")),
        ("config", run.config_id),
        ("policy", recorded_words(run.policy)),
        ("folder", run.folder or "none"),
    ]
    rows += [("dataset", f"{d.path}  ({counted(d.transitions, 'transition')}, {d.digest[:12]})") for d in datasets]
    for checkpoint in checkpoints:
        rows.append(("checkpoint", f"{checkpoint.path}  ({checkpoint.backend}, {checkpoint.digest[:12]})"))
        rows += [("", f"may not be promoted: {objection}") for objection in checkpoint.objections]
    emit_facts(rows)
    for evaluation in evaluations:
        told = {None: "", True: ": passed", False: ": NOT passed"}[evaluation.passed]
        emit(f"\nevaluation of {visible(evaluation.policy)} at {evaluation.at[:19].replace('T', ' ')}{told}")
        _emit_gate(evaluation)
    _emit_numbers(run.summary)
    if hint:
        emit(hint)


def _what_to_do(registry: Registry, run: RunRecord) -> str:
    """The command that resumes or recovers a run that was killed; empty if there is nothing to save."""
    if run.status != "killed" or run.folder is None:
        return ""
    folder = registry.real_path(run.folder)
    if run.kind == "train" and folder.is_dir():
        return f"{visible(run.id)} was killed; resume it:  townlet train --resume {as_typed(folder)}"
    from townlet.data.recovery import recoverable
    from townlet.storage import find_partials

    left = [p for p in find_partials(folder.parent, folder.name) if not p.alive] if folder.parent.is_dir() else []
    if any(recoverable(partial.path).ticks for partial in left):
        return f"{visible(run.id)} was killed; recover its complete shards:  townlet dataset recover {as_typed(folder)}"
    return ""


def _in_folder(registry: Registry, folder: str) -> RunRecord | None:
    """The latest run in a folder of that name, as runs list shows it or as a path from here."""
    names = {folder, registry.stored_path(Path(folder))}
    return next((run for run in registry.runs(limit=10_000) if run.folder in names), None)


def _cells(run: RunRecord) -> tuple[TableCell, ...]:
    from townlet.plugins.provenance import UNTRAINED

    reward = run.summary.get("reward_mean")
    active = str(run.policy.get("active", "-"))
    return (
        run.id,
        verdict(run.status),
        f"{active} (untrained)" if run.policy.get("reason") == UNTRAINED else active,
        f"{reward:+.5f}" if isinstance(reward, int | float) else "-",
        run.config_id,
        run.folder or "-",
        run.started[:19].replace("T", " "),
    )


def _evaluation(registry: Registry, name: str) -> EvaluationRecord | None:
    made = registry.evaluations(by_hand=True) if name.startswith(f"{_BY_HAND}-") else []
    return next((evaluation for evaluation in made if _name(evaluation) == name), None)


def _show_evaluation(evaluation: EvaluationRecord, *, as_json: bool) -> None:
    if as_json:
        emit_json(evaluation.to_json())
        return
    rows = [
        ("evaluation", _name(evaluation)),
        ("at", evaluation.at),
        ("policy", evaluation.policy),
        ("config", str(evaluation.settings.get("config_id", "unknown"))),
        ("played", _played(evaluation)),
        ("by", evaluation.by),
    ]
    emit_facts(rows)
    _emit_numbers(evaluation.metrics)


def _judged(evaluation: EvaluationRecord) -> tuple[str, ...]:
    reward = evaluation.metrics.get("reward")
    return (
        _name(evaluation),
        evaluation.policy,
        _played(evaluation),
        "-" if reward is None else f"{reward:+.4g}",
        str(evaluation.settings.get("config_id", "-")),
        evaluation.at[:19].replace("T", " "),
    )


def _name(evaluation: EvaluationRecord) -> str:
    return f"{_BY_HAND}-{evaluation.id}"


def _played(evaluation: EvaluationRecord) -> str:
    settings = evaluation.settings
    seeds, days = settings.get("seeds"), settings.get("days")
    parts = [
        counted(len(seeds), "town") if isinstance(seeds, list) else None,
        counted(days, "day") if isinstance(days, int | float) else None,
        settings.get("scenario"),
    ]
    return ", ".join(str(part) for part in parts if part)


def _emit_gate(evaluation: EvaluationRecord) -> None:
    if not evaluation.gate:
        return
    from townlet.cli.gate import show_gate
    from townlet.errors import RegistryError
    from townlet.evaluation.gate import GateResult
    from townlet.storage import fits

    where = f"evaluation {evaluation.id}"
    show_gate(fits(GateResult, dict(evaluation.gate), where=where, what="what the gate said", error=RegistryError))


def _emit_numbers(values: Mapping[str, object]) -> None:
    from townlet.evaluation.names import label

    numbers = [
        (label(name), f"{value:,.6g}")
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if numbers:
        emit()
        emit_table(("result", "value"), numbers)
