"""``townlet report``: one HTML page of a recorded or a training run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from townlet.cli.options import debug_option, json_option
from townlet.cli.output import emit, emit_json

if TYPE_CHECKING:
    from townlet.evaluation.plots.style import Format

__all__ = ["command"]


@click.command("report", epilog="Example:  townlet report runs/first --out first.html")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, metavar="FILE", help="Page to write (default: RUN.html)."
)
@click.option("--plots", type=click.Path(path_type=Path), default=None, metavar="DIR", help="Also write each picture.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["svg", "png", "html"]),
    default="svg",
    show_default=True,
    help="Format of the pictures that --plots writes.",
)
@click.option("--view/--no-view", default=True, help="Also write the page that plays the town back.  [default: view]")
@json_option
@debug_option
def command(run: Path, out: Path | None, plots: Path | None, form: Format, view: bool, as_json: bool) -> None:
    """Write an HTML report on RUN: the folder of a dataset or of a training run.

    A recorded town is lived again from its seeds and actions, so that the page can show what no recording holds; beside
    the page stands the one of townlet view, which it links to.
    Needs the extra townlet-core[plots].

    JSON keys: schema_version, run, kind (town or training), file, view (or null), plots.
    """
    from townlet.data import open_dataset
    from townlet.errors import UsageError
    from townlet.evaluation.plots.style import need_matplotlib
    from townlet.evaluation.training_page import is_training_run, training_page

    need_matplotlib()
    watched: Path | None = None
    if not run.is_dir():
        raise UsageError(f"there is no run at {run}", details=("a run is a folder; see: townlet runs list",))
    if is_training_run(run):
        kind, page, target = "training", training_page(run), out or run / "report.html"
    else:
        from townlet.cli.compiling import say_that_it_compiles
        from townlet.evaluation.town_page import town_page

        say_that_it_compiles()
        dataset = open_dataset(run)
        target = out or run.with_name(f"{run.name}.html")
        watched = target.with_name(f"{target.stem}-town.html") if view else None
        link: str | None = None
        if watched is not None:
            from townlet.viewer import watch_page

            link = watch_page(dataset, watched, linked_from=target)
        kind, page = "town", town_page(dataset, watch=link)
    page.write(target)
    pictures = [str(path) for path in page.write_figures(plots, form)] if plots is not None else []
    if as_json:
        emit_json(
            {
                "schema_version": 1,
                "run": str(run),
                "kind": kind,
                "file": str(target),
                "view": None if watched is None else str(watched),
                "plots": pictures,
            }
        )
    else:
        emit("\n".join(f"wrote {path}" for path in (target, *filter(None, [watched]), *pictures)))
