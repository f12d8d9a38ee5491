"""``townlet bench train``: how fast a mind is trained on this machine, and where the time goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from townlet.cli.completing import backends
from townlet.cli.options import read_config, shared_options
from townlet.cli.output import JSONValue, counted, emit, emit_json
from townlet.cli.ranges import WholeRange
from townlet.cli.tables import emit_table

if TYPE_CHECKING:
    from townlet.training.speed import TrainingSpeed

__all__ = ["command"]

_HEADER = ("piece", "seconds", "share", "agent-steps/s", "could be", "reached")


@click.command("train")
@shared_options
@click.option(
    "--backend",
    default=None,
    metavar="NAME",
    shell_complete=backends,
    help="Backend that learns; overrides training.backend.",
)
@click.option("--device", default=None, metavar="DEVICE", help="Where it learns: training.options.device=DEVICE.")
@click.option("--worlds", type=WholeRange(1, 4096), default=None, help="Towns; overrides training.ppo.rollout.worlds.")
@click.option("--iterations", type=WholeRange(1, 1000), default=5, show_default=True, help="Iterations to measure.")
def command(
    config_path: Path | None,
    overrides: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    backend: str | None,
    device: str | None,
    worlds: int | None,
    iterations: int,
) -> None:
    """Measure how fast a mind is trained with PPO on this machine, and where the time goes.

    Trains as `townlet train --mode ppo` does, in a folder that is thrown away. An iteration is a rollout of all towns
    and an update with all its epochs; the median of the iterations is shown, the first one left out.

    "towns" is the time spent waiting for the towns: half of them live through a tick while the learner decides for
    the others. Indented parts are the learner's own. "could be" is what the machine reaches with that piece alone:
    the towns while nobody decides, and the network's bare passes.

    \b
    Example:  townlet bench train
    Example:  townlet bench train --worlds 512 --device cuda

    JSON keys: config_id, learner (requested, active, ...), worlds, groups, ticks, epochs, iterations, agent_steps (of
    an iteration), seconds (of an iteration), per_second (agent-steps), bound_seconds (or null), reached (share of
    what the machine could do, or null), experience_bytes (memory of a rollout), peak_bytes (the most that the process
    held, or null), pieces (each: name, seconds, bound_seconds).
    """
    from townlet.cli.compiling import say_that_it_compiles
    from townlet.play.anchoring import anchored
    from townlet.training.speed import measure_training

    given = {"training.backend": backend, "training.options.device": device, "training.ppo.rollout.worlds": worlds}
    more = tuple(f"{key}={value}" for key, value in given.items() if value is not None)
    config = anchored(read_config(config_path, (*overrides, *more), seed=seed))
    say_that_it_compiles()
    result = measure_training(config, iterations=iterations)
    if as_json:
        emit_json(_document(config.config_id, result))
    else:
        _show(config.config_id, result)


def _document(config_id: str, result: TrainingSpeed) -> dict[str, JSONValue]:
    return {
        "config_id": config_id,
        "learner": result.learner.to_json(),
        "worlds": result.towns,
        "groups": result.groups,
        "ticks": result.ticks,
        "epochs": result.epochs,
        "iterations": result.iterations,
        "agent_steps": result.agent_steps,
        "seconds": round(result.seconds, 6),
        "per_second": round(result.agent_steps / result.seconds),
        "bound_seconds": None if result.bound is None else round(result.bound, 6),
        "reached": None if result.bound is None else round(result.bound / result.seconds, 4),
        "experience_bytes": result.experience_bytes,
        "peak_bytes": result.peak_bytes,
        "pieces": [
            {
                "name": piece.name,
                "seconds": round(piece.seconds, 6),
                "bound_seconds": None if piece.bound is None else round(piece.bound, 6),
            }
            for piece in result.pieces
        ],
    }


def _show(config_id: str, result: TrainingSpeed) -> None:
    shape = f"{counted(result.towns, 'town')} in {counted(result.groups, 'group')}, {counted(result.ticks, 'tick')}"
    emit(f"{config_id}, learner {result.learner.words()}")
    emit(f"{shape}, {counted(result.epochs, 'epoch')}; median of {counted(result.iterations, 'iteration')}")
    emit()
    rows = [_row("end to end", result.seconds, result.bound, result)]
    for piece in result.pieces:
        outer, _, part = piece.name.partition(".")
        rows.append(_row(f"  {part}" if part else outer, piece.seconds, piece.bound, result))
    emit_table(_HEADER, rows)
    emit()
    peak = "" if result.peak_bytes is None else f"; the process took {_mebibytes(result.peak_bytes)} at most"
    emit(f"memory: {_mebibytes(result.experience_bytes)} of experience{peak}")


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB" if size < 100 * 2**20 else f"{size / 2**20:,.0f} MiB"


def _row(name: str, seconds: float, bound: float | None, result: TrainingSpeed) -> tuple[str, ...]:
    share = f"{seconds / result.seconds:.1%}"
    speed = f"{result.agent_steps / seconds:,.0f}" if seconds > 0 else "-"
    if bound is None or bound <= 0:
        return (name, f"{seconds:.3f}", share, speed, "-", "-")
    reached = f"{bound / seconds:.0%}" if seconds > bound else "-"
    return (name, f"{seconds:.3f}", share, speed, f"{result.agent_steps / bound:,.0f}", reached)
