"""``townlet rollout``: many towns at once, recorded."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import backend_options, read_config, runs_option, shared_options
from townlet.cli.ranges import DAYS, TICKS, WholeRange
from townlet.errors import UsageError

__all__ = ["command"]

_INTERRUPTED = 130


@click.command("rollout")
@shared_options
@backend_options
@click.option("--worlds", type=WholeRange(min=1, max=65_536), default=8, show_default=True, help="Towns at once.")
@click.option("--ticks", type=TICKS, default=None, help="Ticks of each town.")
@click.option("--days", type=DAYS, default=None, help="Days of each; 1 by default.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="The dataset's folder; RUNS/datasets/CONFIG-SEED-TICKS by default.",
)
@click.option("--explore", is_flag=True, help="Let the policy draw its actions instead of taking its best guess.")
@click.option("--threads", type=WholeRange(min=1, max=64), default=1, show_default=True, help="Threads for towns.")
@click.option("--tag", "tags", multiple=True, metavar="WORD", help="A word for the manifest. May be given again.")
@runs_option("keeps the run and knows the release")
@click.option("--no-registry", is_flag=True, help="Do not enter the run in the registry.")
@click.pass_context
def command(  # noqa: PLR0913 (an option of the command is a parameter of this function: that is click's way)
    context: click.Context,
    config_path: Path | None,
    overrides: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    backend: str | None,
    disabled: tuple[str, ...],
    worlds: int,
    ticks: int | None,
    days: float | None,
    out: Path | None,
    explore: bool,
    threads: int,
    tags: tuple[str, ...],
    runs: Path,
    no_registry: bool,
) -> None:
    """Run towns side by side and record everything their agents see, do and get.

    World w has the seed of the config plus w. The dataset appears when it is whole; Ctrl-C ends early and keeps
    what was recorded, and so does a backend that fails half-way (exit code 3). --backend takes a backend,
    BACKEND:CHECKPOINT, release, or mixture:A,B,RATIO.

    \b
    Example:  townlet rollout --worlds 16 --days 2 --out data/first

    JSON keys: run_id, dataset, digest, config_id, seeds, worlds, agents, ticks, transitions, bytes, shards,
    interrupted, failure, policy (requested, active, reason, ...), metrics (name to number), seconds,
    agent_steps_per_second, warnings.
    """
    if ticks is not None and days is not None:
        raise UsageError("give --ticks or --days, not both")
    from townlet.cli.town.rollout_work import RolloutRequest, record_rollout, report_rollout

    request = RolloutRequest(
        document=read_config(config_path, overrides, seed=seed),
        backend=backend,
        disabled=disabled,
        worlds=worlds,
        ticks=ticks,
        days=1.0 if days is None else days,
        out=out,
        explore=explore,
        threads=threads,
        tags=tags,
        runs=runs,
        keep=not no_registry,
    )
    result = record_rollout(request)
    report_rollout(result, as_json=as_json)
    if result.failure is not None:
        raise result.failure
    if result.interrupted:
        context.exit(_INTERRUPTED)
