"""``townlet dataset export``: write a dataset as a Minari dataset."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import debug_option, json_option
from townlet.cli.output import counted, emit, emit_json

__all__ = ["command"]


@click.command("export")
@click.argument("path", metavar="DATASET", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Folder to write.")
@click.option("--to", "kind", type=click.Choice(["minari"]), default="minari", show_default=True, help="The format.")
@click.option(
    "--id", "dataset_id", default=None, metavar="NAME", help="Id of the Minari dataset (default: townlet/TOWN-v0)."
)
@json_option
@debug_option
def command(path: Path, out: Path, kind: str, dataset_id: str | None, as_json: bool) -> None:
    """Write a dataset as a Minari dataset, one episode per life. Needs: pip install 'townlet-core[minari]'.

    \b
    Example:  townlet dataset export data/first --out data/first-minari

    JSON keys: path, format, episodes, transitions.
    """
    from townlet.data import export_minari, open_dataset

    dataset = open_dataset(path)
    episodes = export_minari(dataset, out, dataset_id=dataset_id)
    if as_json:
        emit_json({"path": str(out), "format": kind, "episodes": episodes, "transitions": dataset.transitions})
        return
    emit(f"{out}: {counted(episodes, 'episode')}, {counted(dataset.transitions, 'transition')}")
    emit(f"read it with:  minari.MinariDataset({str(out / 'data')!r})")
