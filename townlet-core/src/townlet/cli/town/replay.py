"""``townlet replay``: play a recorded dataset back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from townlet.cli.options import debug_option, json_option
from townlet.cli.output import as_typed, counted, emit, emit_json
from townlet.cli.ranges import WholeRange
from townlet.cli.tables import emit_table

if TYPE_CHECKING:
    from townlet.data import Playback

__all__ = ["command"]


@click.command("replay")
@click.argument("path", metavar="DATASET", type=click.Path(path_type=Path))
@click.option("--batch-size", type=WholeRange(min=1), default=4096, show_default=True, help="Transitions in a batch.")
@click.option("--seed", type=WholeRange(min=0), default=None, help="Shuffle with this seed (default: recorded order).")
@click.option("--drop-last", is_flag=True, help="Drop the last batch if it is short.")
@click.option("--batches", "limit", type=WholeRange(min=1), default=None, help="Stop after this many batches.")
@click.option(
    "--memory", type=WholeRange(min=1), default=256, show_default=True, metavar="MIB", help="Memory for shuffling."
)
@click.option("--show", type=WholeRange(min=0), default=0, metavar="N", help="Show the first N batches one by one.")
@click.option("--no-verify", is_flag=True, help="Do not verify digests while reading.")
@json_option
@debug_option
def command(  # noqa: PLR0913 (an option of the command is a parameter of this function: that is click's way)
    path: Path,
    batch_size: int,
    seed: int | None,
    drop_last: bool,
    limit: int | None,
    memory: int,
    show: int,
    no_verify: bool,
    as_json: bool,
) -> None:
    """Read a dataset back batch by batch, as training would, and compare it with its baselines.

    A dataset may be larger than memory: it streams. Every digest is verified on the way.

    \b
    Example:  townlet replay data/first --batch-size 4096 --seed 1

    JSON keys: path, digest, policy, batches, transitions, seconds, transitions_per_second, gigabytes_per_second,
    statistics (of what was read), baselines (of the whole recording), spread (of reward_mean over the batches:
    min, mean, max), first_batches (statistics of the first --show).
    """
    from townlet.data import ReplayDataset, open_dataset, play_back

    dataset = open_dataset(path, verify=not no_verify)
    replay = ReplayDataset(dataset, batch_size=batch_size, seed=seed, drop_last=drop_last, memory_bytes=memory << 20)
    result = play_back(replay, batches=limit, first=show)
    if as_json:
        emit_json(result.to_json())
    else:
        _print(result)


def _print(result: Playback) -> None:
    emit(
        f"{result.path}: {counted(result.batches, 'batch', 'batches')}, {counted(result.transitions, 'transition')} "
        f"in {result.seconds:.2f} s "
        f"({result.transitions / result.seconds:,.0f} transitions/s, {result.gigabytes_per_second:.2f} GB/s)"
    )
    for number, statistics in enumerate(result.first_batches):
        emit(
            f"  batch {number}: {counted(int(statistics['transitions']), 'transition')}, "
            f"reward {statistics['reward_mean']:+.5f}, {counted(int(statistics['terminated']), 'life', 'lives')} ended"
        )
    low, mean, high = (result.spread[name] for name in ("min", "mean", "max"))
    emit(f"mean reward of a batch: {mean:+.5f} ({low:+.5f} to {high:+.5f})")
    emit()
    from townlet.evaluation.names import label

    names = [name for name in result.statistics if name in result.baselines]
    emit_table(
        ("statistic", "replayed", "baseline"),
        [(label(name), f"{result.statistics[name]:,.6g}", f"{result.baselines[name]:,.6g}") for name in names],
    )
    others = [name for name in result.baselines if name not in result.statistics]
    if others:
        more = f"townlet dataset inspect {as_typed(result.path)} --full"
        emit(f"and {counted(len(others), 'key figure')} of the towns: {more}")
