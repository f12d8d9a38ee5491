"""``townlet rollout``: many towns at once, recorded."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path

import click

from townlet.cli.options import (
    backend_options,
    cast_option,
    executor_options,
    read_config,
    runs_option,
    shared_options,
    untrained_option,
)
from townlet.cli.ranges import DAYS, TICKS, WholeRange
from townlet.errors import DatasetError, UsageError

__all__ = ["command"]

_INTERRUPTED = 130


@click.command("rollout")
@shared_options
@backend_options
@cast_option
@untrained_option
@executor_options
@click.option(
    "--worlds", type=WholeRange(min=1, max=65_536), default=8, show_default=True, help="Towns to simulate at once."
)
@click.option("--ticks", type=TICKS, default=None, help="Ticks of each town.")
@click.option("--days", type=DAYS, default=None, help="Days of each town (default: 1).")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Folder of the dataset (default: the next RUNS/rollout-NUMBER).",
)
@click.option("--explore", is_flag=True, help="Sample the policy's actions instead of taking the most likely one.")
@click.option("--threads", type=WholeRange(min=1, max=64), default=1, show_default=True, help="Threads for towns.")
@click.option("--keep-logits", is_flag=True, help="Record the policy's logits as well: four bytes per action.")
@click.option("--tag", "tags", multiple=True, metavar="WORD", help="Tag to write into the manifest. May be repeated.")
@runs_option("lists the run and names the release")
@click.option("--no-registry", is_flag=True, help="Do not add the run to the registry.")
@click.pass_context
def command(  # noqa: PLR0913 (an option of the command is a parameter of this function: that is click's way)
    context: click.Context,
    config_path: Path | None,
    overrides: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    backend: str | None,
    disabled: tuple[str, ...],
    roles: tuple[str, ...],
    worlds: int,
    ticks: int | None,
    days: float | None,
    out: Path | None,
    explore: bool,
    threads: int,
    keep_logits: bool,
    tags: tuple[str, ...],
    runs: Path,
    no_registry: bool,
    untrained: bool,
    executor: str | None,
    workers: int | None,
) -> None:
    """Run towns side by side and record everything their agents see, do and get.

    World w has the seed of the config plus w. The dataset appears when it is complete; Ctrl-C stops early and keeps
    what was recorded, and so does a backend that fails half-way (exit code 3). --backend accepts a backend,
    BACKEND:CHECKPOINT, release, or mixture:A,B,RATIO; it plays every agent that no --cast names.

    \b
    Example:  townlet rollout --worlds 16 --days 2 --out data/first

    JSON keys: run_id, dataset, digest, config_id, seeds, worlds, agents, ticks, transitions, bytes, shards,
    interrupted, failure, policy (requested, active, reason, ...), metrics (name to number), seconds,
    agent_steps_per_second, warnings.
    """
    if ticks is not None and days is not None:
        raise UsageError("give --ticks or --days, not both")
    from townlet.cli.casting import admission, asked_cast
    from townlet.cli.compiling import say_that_it_compiles
    from townlet.cli.output import say_where, warn_and_keep
    from townlet.cli.town.rollout_report import report_rollout
    from townlet.cli.town.run_bar import TicksBar
    from townlet.cli.workers import asked_execution, asked_executor, workers_watched
    from townlet.executors import record
    from townlet.play import Job, Journal, Keep, Stage, perform
    from townlet.play.effort import refuse_endless_recording
    from townlet.storage import numbered_folder

    warnings: list[str] = []
    told = warn_and_keep(warnings)
    document = read_config(config_path, overrides, seed=seed)
    config = document.config
    cast = asked_cast(document, backend, roles, runs)
    length = ticks or max(1, round((1.0 if days is None else days) * config.town.time.day_ticks))
    job = Job(config, cast, tuple(config.seed + world for world in range(worlds)), length, explore=explore)
    door = admission(document, backend, disabled, told, untrained=untrained)
    with ExitStack() as stack:
        numbered = nullcontext(out) if out is not None else numbered_folder(runs, "rollout", error=DatasetError)
        folder = stack.enter_context(numbered)
        job = replace(job, keep=Keep.dataset(folder, tags=tags, logits=keep_logits))
        journal = Journal(runs=None if no_registry else runs, kind="rollout", warn=told)
        execution = asked_execution(config.execution, executor, workers)
        refuse_endless_recording(job, folder, workers=execution.workers or 1)
        elsewhere = stack.enter_context(asked_executor(execution, threads=threads, say=told))
        if elsewhere is not None:
            say_where(folder, quiet=as_json)
            watch = stack.enter_context(workers_watched("recording", quiet=as_json))
            outcome = record(elsewhere, job, admission=door, journal=journal, watch=watch, say=told)
            report_rollout(outcome, warnings, as_json=as_json)
            return
        opened = Stage(job, admission=door, threads=threads, on_opened=say_that_it_compiles)
        stage = stack.enter_context(opened)
        say_where(folder, quiet=as_json)
        progress = stack.enter_context(TicksBar("recording", length, worlds, quiet=as_json))
        outcome = perform(stage, watchers=[progress.advance], journal=journal)
    report_rollout(outcome, warnings, as_json=as_json)
    if outcome.failure is not None:
        raise outcome.failure
    if outcome.interrupted:
        context.exit(_INTERRUPTED)
