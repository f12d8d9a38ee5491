"""``townlet runs clean``: remove what killed runs left behind."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import debug_option, json_option, runs_option
from townlet.cli.output import as_typed, counted, emit, emit_json, emit_table

__all__ = ["clean"]


@click.command("clean")
@click.option("--yes", is_flag=True, help="Remove them. By default they are only listed.")
@click.option("--all", "everything", is_flag=True, help="Also recordings of which whole shards can be had back.")
@runs_option("is looked through, with its folder")
@json_option
@debug_option
def clean(yes: bool, everything: bool, runs: Path, as_json: bool) -> None:
    """Show what killed runs left behind, and remove it with --yes.

    That is unfinished folders, locks that nobody holds and files that never got their name; nothing that is whole, and
    nothing that is still being written. Recordings that dataset recover can have back stay unless --all is given.

    \b
    Example:  townlet runs clean --yes

    JSON keys: removed, kept (each: path, target, ticks, size).
    """
    from townlet.registry import find_leftovers, remove_leftovers

    found = find_leftovers(runs)
    goes = [left for left in found if everything or not left.ticks]
    stays = [left for left in found if left not in goes]
    if yes:
        remove_leftovers(goes)
    else:
        goes, stays = [], found
    if as_json:
        emit_json({"removed": [left.to_json() for left in goes], "kept": [left.to_json() for left in stays]})
        return
    if not found:
        emit("killed runs left nothing behind")
        return
    if goes:
        emit(f"removed {counted(len(goes), 'leftover')}, {sum(left.size for left in goes) / 1e6:,.1f} MB")
    if stays:
        rows = [
            (str(left.path), f"{left.size / 1e6:,.1f} MB", f"{left.ticks:,}" if left.ticks else "-") for left in stays
        ]
        emit_table(("left behind", "size", "ticks to be had back"), rows)
    for left in stays:
        if left.ticks:
            emit(f"have it back:  townlet dataset recover {as_typed(left.path)}")
    if any(not left.ticks for left in stays):
        emit("remove what holds nothing:  townlet runs clean --yes")
