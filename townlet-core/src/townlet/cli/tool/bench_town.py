"""``townlet bench town``: how fast towns run on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import backend_options, cast_option, read_config, shared_options
from townlet.cli.output import counted, emit, emit_json
from townlet.cli.ranges import FiniteRange, WholeRange
from townlet.cli.tables import emit_table

__all__ = ["command"]


@click.command("town")
@shared_options
@backend_options
@cast_option
@click.option(
    "--worlds", type=WholeRange(1, 65536), multiple=True, default=(1, 16, 64), help="Towns to simulate at once."
)
@click.option("--threads", type=WholeRange(1, 64), default=1, show_default=True, help="Threads for towns.")
@click.option("--seconds", type=FiniteRange(min=0.01), default=1.0, show_default=True, help="Time for each row.")
def command(  # noqa: PLR0913 (an option of the command is a parameter: click's way)
    config_path: Path | None,
    overrides: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    backend: str | None,
    disabled: tuple[str, ...],
    roles: tuple[str, ...],
    worlds: tuple[int, ...],
    threads: int,
    seconds: float,
) -> None:
    """Measure how many agent-steps a second towns make on this machine.

    "town" is the world with its observations and rewards while everybody waits, "deciding" the policy alone on the
    same rows, "together" the loop that run, rollout and evaluation share.

    Example:  townlet bench town --worlds 1 --worlds 64 --threads 2

    JSON keys: config_id, policy (requested, active, reason, ...), threads, start_seconds (making the first town,
    compiled code loaded or made), rows (each: worlds, agents, town, deciding, together: agent-steps a second).
    """
    from townlet.cli.casting import admission, asked_cast
    from townlet.cli.compiling import say_that_it_compiles
    from townlet.cli.output import warn
    from townlet.play import Job
    from townlet.play.speed import measure_speed

    document = read_config(config_path, overrides, seed=seed)
    job = Job(document.config, asked_cast(document, backend, roles, Path("runs")), (document.config.seed,), 1)
    door = admission(document, backend, disabled, warn)
    say_that_it_compiles()
    result = measure_speed(job, worlds, seconds=seconds, threads=threads, admission=door)
    if as_json:
        emit_json(
            {
                "config_id": document.config.config_id,
                "policy": result.policy.to_json(),
                "threads": threads,
                "start_seconds": round(result.start_seconds, 3),
                "rows": [row._asdict() for row in result.rows],
            }
        )
        return
    emit(f"{document.config.config_id}, policy {result.policy.words()}, {counted(threads, 'thread')}")
    emit(f"first town after {result.start_seconds:.1f} s")
    emit()
    header = ("towns", "agents", "town", "deciding", "together")
    emit_table(header, [tuple(f"{value:,}" for value in row) for row in result.rows])
    emit("agent-steps a second")
