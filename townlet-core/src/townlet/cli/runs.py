"""``townlet runs``: what the registry knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from townlet.cli.options import debug_option, json_option, runs_option
from townlet.cli.output import emit, emit_json, emit_table

if TYPE_CHECKING:
    from townlet.registry import RunRecord

__all__ = ["command"]


@click.group("runs")
def command() -> None:
    """List what was run, recorded, trained and evaluated.

    \b
    Example:  townlet runs list
    """


@command.command("list")
@click.option("--kind", default=None, metavar="COMMAND", help="Only runs of this command, such as rollout or train.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="The latest so many.")
@runs_option("is asked")
@json_option
@debug_option
def list_runs(kind: str | None, limit: int, runs: Path, as_json: bool) -> None:
    """List the latest runs, newest first.

    \b
    Example:  townlet runs list --kind rollout

    JSON keys: runs (each: id, kind, started, finished, status, config_id, config_digest, policy, folder, summary).
    """
    from townlet.registry import Registry

    with Registry(runs, create=False) as registry:
        found = registry.runs(kind=kind, limit=limit)
    if as_json:
        emit_json({"runs": [run.to_json() for run in found]})
        return
    if not found:
        emit("no runs yet" if kind is None else f"no runs of the command {kind!r} here")
        return
    emit_table(("run", "started (UTC)", "status", "policy", "config", "reward", "folder"), map(_cells, found))


@command.command("show")
@click.argument("run_id", metavar="RUN")
@runs_option("is asked")
@json_option
@debug_option
def show_run(run_id: str, runs: Path, as_json: bool) -> None:
    """Show one run with its datasets, checkpoints and evaluations. RUN may be the beginning of its name.

    \b
    Example:  townlet runs show rollout-2026

    JSON keys: those of a run in runs list, and datasets, checkpoints, evaluations (lists).
    """
    from townlet.registry import Registry

    with Registry(runs, create=False) as registry:
        run = registry.run(run_id)
        datasets = registry.datasets(run=run.id)
        checkpoints = registry.checkpoints(run=run.id)
        evaluations = registry.evaluations(run=run.id)
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
        ("finished", run.finished or "not yet, or it was killed"),
        ("config", run.config_id),
        ("policy", str(run.policy.get("active", "unknown"))),
        ("folder", run.folder or "none"),
    ]
    for name, value in rows:
        emit(f"{name:<9} {value}")
    for dataset in datasets:
        emit(f"dataset   {dataset.path}  ({dataset.transitions:,} transitions, {dataset.digest[:12]})")
    for checkpoint in checkpoints:
        emit(f"checkpoint {checkpoint.path}  ({checkpoint.backend}, {checkpoint.digest[:12]})")
    for evaluation in evaluations:
        verdict = {None: "", True: ", passed", False: ", failed"}[evaluation.passed]
        emit(f"evaluation {evaluation.policy} at {evaluation.at}{verdict}")
    numbers = [(name, f"{value:,.6g}") for name, value in run.summary.items() if isinstance(value, int | float)]
    if numbers:
        emit()
        emit_table(("result", "value"), numbers)


def _cells(run: RunRecord) -> tuple[str, ...]:
    reward = run.summary.get("reward_mean")
    return (
        run.id,
        run.started[:19].replace("T", " "),
        run.status,
        str(run.policy.get("active", "")),
        run.config_id,
        f"{reward:+.5f}" if isinstance(reward, int | float) else "",
        run.folder or "",
    )
