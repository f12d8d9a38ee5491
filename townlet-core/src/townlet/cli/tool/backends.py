"""``townlet backends``: each subcommand is a module, imported when asked for."""

from __future__ import annotations

from townlet.cli.subcommands import SubcommandTable

__all__ = ["SUBCOMMANDS", "command"]

SUBCOMMANDS: dict[str, str] = {
    "list": "List backends and their states, from metadata alone",
    "info": "Explain one backend: manifest, options, provenance",
    "doctor": "Load backends in child processes and diagnose them",
    "check": "Check a backend against the contract (conformance kit)",
    "new": "Write a complete new backend distribution",
}
"""Name to one line. Subcommand NAME lives in module ``townlet.cli.tool.backends_NAME`` as ``command``."""

command = SubcommandTable(
    "backends",
    "townlet.cli.tool.backends",
    SUBCOMMANDS,
    help="""Policy backends: the minds of a town.

\b
Example:  townlet backends list""",
)
