"""``townlet view``: a recording as a page to watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from townlet.cli.options import debug_option, json_option, runs_option
from townlet.cli.output import emit, emit_json
from townlet.cli.ranges import WholeRange
from townlet.errors import UsageError
from townlet.visible import visible

if TYPE_CHECKING:
    from townlet.data import Dataset

__all__ = ["command"]


@click.command("view", epilog="Example:  townlet view runs/first --open")
@click.argument("recordings", nargs=-1, required=True, metavar="RECORDING [OTHER]")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="Page to write (default: RECORDING-town.html).",
)
@click.option("--open", "open_it", is_flag=True, help="Open the page in the browser.")
@click.option("--world", type=WholeRange(min=0), default=0, show_default=True, help="Number of the recorded town.")
@click.option("--ticks", "span", default=None, metavar="FROM:TO", help="Show only these ticks (default: all).")
@click.option(
    "--minds/--no-minds", default=True, help="Keep what the minds saw, weighed and were rewarded for.  [default: minds]"
)
@click.option(
    "--ask",
    default=None,
    metavar="MIND",
    help="Mind to ask for its probabilities at each tick: anything that run --backend accepts, or 'recorded'.",
)
@runs_option("finds the recording of a run id")
@json_option
@debug_option
def command(  # noqa: PLR0913 (an option of the command is a parameter of this function: that is click's way)
    recordings: tuple[str, ...],
    out: Path | None,
    open_it: bool,
    world: int,
    span: str | None,
    minds: bool,
    ask: str | None,
    runs: Path,
    as_json: bool,
) -> None:
    """Write an HTML page that plays RECORDING back, to watch, search and share.

    RECORDING is the folder of a dataset or the id of a run in the registry. The page is one file and needs no network.
    With OTHER it shows two recordings side by side, tick by tick, and marks where they differ.

    JSON keys: schema_version, file, bytes, recordings (name, frames, stride, minds, notes for each).
    """
    from townlet.cli.compiling import say_that_it_compiles
    from townlet.data import open_dataset
    from townlet.viewer import film_of, page_of

    if len(recordings) > 2:
        raise UsageError(f"a page shows one recording or two side by side, found {len(recordings)}")
    ticks = _span(span)
    folders = [_folder(name, runs) for name in recordings]
    datasets = [open_dataset(folder) for folder in folders]
    say_that_it_compiles()
    films = []
    for dataset in datasets:
        asked = _recorded_mind(dataset) if ask == "recorded" else ask
        with _progress(dataset.path.name) as progress:
            films.append(film_of(dataset, world=world, ticks=ticks, minds=minds, ask=asked, progress=progress))
    target = out or folders[0].with_name(f"{folders[0].name}-town.html")
    page_of(films).write(target)
    if as_json:
        shown = [
            {"name": f.about["name"], **{key: f.about[key] for key in ("first", "last", "stride", "minds", "notes")}}
            for f in films
        ]
        emit_json({"schema_version": 1, "file": str(target), "bytes": target.stat().st_size, "recordings": shown})
    else:
        for film in films:
            for note in film.about["notes"]:
                emit(visible(note))
        emit(f"wrote {target} ({target.stat().st_size / 1e6:.2f} MB)")
    if open_it:
        click.launch(target.resolve().as_uri())


def _recorded_mind(dataset: Dataset) -> str:
    """The mind that a recording names as its own, as a person would ask for it."""
    policy = dataset.manifest.policy
    requested = policy.get("requested")
    if not isinstance(requested, str) or not requested or "minds" in policy:
        raise UsageError(
            "this recording names no single mind that could be asked again",
            where=str(dataset.path),
            details=("name one: --ask scripted, or --ask pytorch:CHECKPOINT",),
        )
    return requested


def _span(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, colon, last = text.partition(":")
    if not colon or not (first or "0").isdecimal() or not last.isdecimal():
        raise UsageError(f"--ticks takes FROM:TO, found {text!r}", details=("such as --ticks 2000:3000",))
    return int(first or 0), int(last)


def _folder(name: str, runs: Path) -> Path:
    """The folder of a recording: that of a dataset, or of what the run of that name in the registry recorded."""
    folder = Path(name)
    if folder.exists() or not (runs / "registry.sqlite").is_file():
        return folder
    from townlet.registry import Registry

    with Registry(runs, create=False) as registry:
        run = registry.run(name)
        recorded = registry.datasets(run=run.id)
        if not recorded:
            raise UsageError(
                f"the run {run.id} recorded nothing",
                where=str(runs),
                details=("record a town: townlet run --record DIR, or townlet rollout",),
            )
        return registry.real_path(recorded[0].path)


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """How far it is, on stderr."""
    from townlet.cli.progress import Bar

    with Bar(f"replaying {name}", unit="ticks") as bar:
        yield bar.update
