"""``townlet bench``: each subcommand is a module, imported when asked for."""

from __future__ import annotations

from townlet.cli.subcommands import SubcommandTable

__all__ = ["SUBCOMMANDS", "command"]

SUBCOMMANDS: dict[str, str] = {
    "town": "Measure how fast towns and minds run",
    "train": "Measure how fast a mind is trained, piece by piece",
}
"""Name to one line. Subcommand NAME lives in module ``townlet.cli.tool.bench_NAME`` as ``command``."""

command = SubcommandTable(
    "bench",
    "townlet.cli.tool.bench",
    SUBCOMMANDS,
    help="""Measure speed on this machine.

\b
Example:  townlet bench town
Example:  townlet bench train --worlds 64""",
)
