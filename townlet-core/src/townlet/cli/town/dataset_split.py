"""``townlet dataset split``: a training and a held-out part."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import debug_option, json_option
from townlet.cli.output import JSONValue, counted, emit, emit_json
from townlet.cli.ranges import FiniteRange, WholeRange

__all__ = ["command"]


@click.command("split")
@click.argument("path", metavar="DATASET", type=click.Path(path_type=Path))
@click.option(
    "--validation",
    "share",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    default=0.1,
    show_default=True,
    help="Share of the ticks to hold out.",
)
@click.option(
    "--seed", type=WholeRange(min=0), default=0, show_default=True, help="Seed that picks the lives to hold out."
)
@click.option(
    "--train",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Folder of the training part (default: DATASET-train).",
)
@click.option(
    "--held-out",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Folder of the held-out part (default: DATASET-validation).",
)
@json_option
@debug_option
def command(path: Path, share: float, seed: int, train: Path | None, held_out: Path | None, as_json: bool) -> None:
    """Write two datasets of whole lives: no life has ticks in both.

    \b
    Example:  townlet dataset split data/first --validation 0.1

    JSON keys: train and validation (each: path, transitions, ticks, bytes), share, seed.
    """
    from townlet.data import open_dataset, split

    dataset = open_dataset(path)
    places = train or path.with_name(f"{path.name}-train"), held_out or path.with_name(f"{path.name}-validation")
    parts = split(dataset, *places, share, seed)
    if as_json:
        document: dict[str, JSONValue] = {
            name: {"path": str(place), "transitions": part.transitions, "ticks": part.ticks, "bytes": part.size}
            for name, place, part in zip(("train", "validation"), places, parts, strict=True)
        }
        emit_json({**document, "share": share, "seed": seed})
        return
    for name, place, part in zip(("training", "held out"), places, parts, strict=True):
        held = part.transitions / dataset.transitions
        emit(f"{name}: {place}  ({counted(part.transitions, 'transition')}, {held:.1%}, {part.size / 1e6:,.1f} MB)")
