"""``townlet dataset recover``: have the whole shards of a killed recording back."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import debug_option, json_option, runs_option
from townlet.cli.output import as_typed, counted, emit, emit_json, warn

__all__ = ["command"]


@click.command("recover")
@click.argument("path", metavar="DATASET", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Folder of the recovered dataset (default: the name it was recorded under).",
)
@runs_option("records the dataset, if it lists the run")
@json_option
@debug_option
def command(path: Path, out: Path | None, runs: Path, as_json: bool) -> None:
    """Finish a recording that was killed, with what had reached the disk by then.

    DATASET is the name that it would have got, as given to run --record or rollout --out; runs list shows it. The
    dataset is marked as cut short. The ticks of the last 20 seconds or less are lost.

    \b
    Example:  townlet dataset recover runs/first

    JSON keys: path, digest, ticks, transitions, shards.
    """
    from townlet.data import recover
    from townlet.registry import enter_recovered

    dataset = recover(path, out=out)
    enter_recovered(runs, path, dataset, warn=warn)
    manifest = dataset.manifest
    if as_json:
        emit_json(
            {
                "path": str(dataset.path),
                "digest": dataset.digest,
                "ticks": manifest.ticks,
                "transitions": manifest.transitions,
                "shards": len(manifest.shards),
            }
        )
        return
    emit(
        f"recovered {counted(manifest.ticks, 'tick')} ({counted(manifest.transitions, 'transition')}, "
        f"{counted(len(manifest.shards), 'shard')}) in {dataset.path}"
    )
    emit(f"look at it with:  townlet dataset inspect {as_typed(dataset.path)}")
