"""``townlet backends list``: the table of backends, from metadata alone. Imports no backend, numpy or pydantic."""

from __future__ import annotations

import click

from townlet.cli.options import debug_option, json_option
from townlet.cli.tool.backends_table import show_backends
from townlet.plugins.selection import DISABLE_FLAG

__all__ = ["command"]


@click.command("list", epilog="Example:  townlet backends list --json")
@click.option(
    DISABLE_FLAG, "disabled", multiple=True, metavar="NAME", help="Show this backend as blocked. May be repeated."
)
@json_option
@debug_option
def command(disabled: tuple[str, ...], as_json: bool) -> None:
    """List backends and their states, from metadata alone: nothing is imported, so nothing is tried out."""
    show_backends(disabled, as_json=as_json)
