"""``townlet runs clean``: remove what killed runs left behind."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import debug_option, json_option, runs_option
from townlet.cli.output import as_typed, counted, emit, emit_json
from townlet.cli.tables import emit_table

__all__ = ["clean"]


@click.command("clean")
@click.option("--yes", is_flag=True, help="Remove them; by default they are only listed.")
@click.option(
    "--all", "everything", is_flag=True, help="Also remove recordings whose complete shards could be recovered."
)
@runs_option("and its folder are searched")
@json_option
@debug_option
def clean(yes: bool, everything: bool, runs: Path, as_json: bool) -> None:
    """Show what killed runs left behind, and remove it with --yes.

    Leftovers are unfinished folders, stale locks and temporary files; nothing that is complete, and
    nothing that is still being written. Recordings that dataset recover can still save stay unless --all is given.

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
        emit_table(("left behind", "size", "recoverable ticks"), rows)
    for left in stays:
        if left.ticks:
            emit(f"recover it:  townlet dataset recover {as_typed(left.path)}")
    if any(not left.ticks for left in stays):
        emit("remove what holds no data:  townlet runs clean --yes")
