"""``townlet run``: one town, watched, recorded, resumed, or lived in."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import backend_options, cast_option, read_config, runs_option, shared_options, untrained_option
from townlet.cli.ranges import DAYS, TICKS, FiniteRange, WholeRange
from townlet.errors import UsageError

__all__ = ["command"]

_INTERRUPTED = 130


@click.command("run")
@shared_options
@backend_options
@cast_option
@untrained_option
@click.option("--ticks", type=TICKS, default=None, help="Ticks to run; with --resume, further ticks.")
@click.option("--days", type=DAYS, default=None, help="Days to run (default: 1).")
@click.option(
    "--record", type=click.Path(path_type=Path), default=None, metavar="DIR", help="Folder to record a dataset to."
)
@click.option("--keep-logits", is_flag=True, help="With --record: record the logits of the minds as well.")
@click.option(
    "--snapshot-every",
    type=WholeRange(min=1),
    default=None,
    metavar="TICKS",
    help="Ticks between two snapshots (default: write none).",
)
@click.option(
    "--snapshots",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Folder of the snapshots (default: the next RUNS/snapshots-NUMBER).",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Resume from a snapshot, or from the latest in a folder of them, with its config and seed.",
)
@click.option("--live", is_flag=True, help="Show the town in the terminal as it runs.")
@click.option(
    "--speed",
    type=FiniteRange(min=0),
    default=40.0,
    show_default=True,
    help="Ticks per second with --live and --browser (0: as fast as possible).",
)
@click.option("--browser", is_flag=True, help="Show the town in the browser as it runs, and control it from there.")
@click.option(
    "--port",
    type=WholeRange(min=0, max=65_535),
    default=0,
    help="Port of the server that --browser starts (default: any free port).",
)
@click.option("--possess", default=None, metavar="NAME", help="Play one agent yourself, from the keyboard.")
@runs_option("lists recorded runs and names the release")
@click.option("--no-registry", is_flag=True, help="Do not add a recorded run to the registry.")
@click.option("--check", is_flag=True, help="Check the state of the town after every tick (slow).")
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
    ticks: int | None,
    days: float | None,
    record: Path | None,
    keep_logits: bool,
    snapshot_every: int | None,
    snapshots: Path | None,
    resume: Path | None,
    live: bool,
    speed: float,
    browser: bool,
    port: int,
    possess: str | None,
    runs: Path,
    no_registry: bool,
    untrained: bool,
    check: bool,
) -> None:
    """Run a town and show what happened.

    Without CONFIG it is the default town with the scripted mind, for a day. Ctrl-C ends it early, and so does a
    backend that fails half-way (exit code 3): the summary covers what was run, and what was recorded so far is
    kept. --backend accepts a backend, BACKEND:CHECKPOINT, release, or mixture:A,B,RATIO; it plays every agent that no
    --cast names.

    \b
    Example:  townlet run --days 5 --record runs/first
    Example:  townlet run town.yaml --live --possess alice
    Example:  townlet run --days 3 --browser
    Example:  townlet run --cast alice=stub --cast 25%=pytorch:runs/first --backend scripted

    JSON keys: run_id, config_id, seed, first_tick, ticks, interrupted, failure, policy (requested, active, reason,
    ...), kpis (name to number, for the whole run), days (the same for each day), agents (name to the same), ledger
    (of slow minds, what was asked and what it took), recorded, snapshots, seconds, ticks_per_second, warnings.
    """
    if ticks is not None and days is not None:
        raise UsageError("give --ticks or --days, not both")
    if resume is not None and (config_path or overrides or seed is not None or backend or roles):
        raise UsageError(
            "a resumed run keeps its own config, seed and policy",
            details=("leave out CONFIG, --set, --seed, --backend and --cast, or start a new run without --resume",),
        )
    if snapshots is not None and snapshot_every is None:
        raise UsageError("--snapshots says where, --snapshot-every says how often: give both")
    if keep_logits and record is None:
        raise UsageError("--keep-logits needs --record")
    if possess is not None and as_json:
        raise UsageError("--possess needs the terminal, --json is for programs: give one of them")
    if browser and (live or possess is not None):
        raise UsageError("--browser cannot be combined with --live or --possess: watch and play in the browser")
    if port and not browser:
        raise UsageError("--port needs --browser")
    from townlet.cli.town.run_report import report
    from townlet.cli.town.session import RunRequest, run_town

    request = RunRequest(
        document=None if resume is not None else read_config(config_path, overrides, seed=seed),
        resume=resume,
        backend=backend,
        roles=roles,
        disabled=disabled,
        ticks=ticks,
        days=days,
        record=record,
        keep_logits=keep_logits,
        snapshot_every=snapshot_every,
        snapshots=snapshots,
        live=live,
        speed=speed,
        browser=browser,
        port=port,
        possess=possess,
        check=check,
        runs=runs,
        registry=not no_registry,
        untrained=untrained,
    )
    ran = run_town(request)
    report(ran, as_json=as_json)
    if ran.outcome.failure is not None:
        raise ran.outcome.failure
    if ran.outcome.interrupted and not ran.left:
        context.exit(_INTERRUPTED)
