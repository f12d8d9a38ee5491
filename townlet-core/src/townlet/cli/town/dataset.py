"""``townlet dataset``: each subcommand is a module, imported when asked for."""

from __future__ import annotations

from townlet.cli.subcommands import SubcommandTable

__all__ = ["SUBCOMMANDS", "command"]

SUBCOMMANDS: dict[str, str] = {
    "inspect": "Show what a dataset holds",
    "recover": "Recover the complete shards of a killed recording",
    "verify": "Read every file and verify its digest",
    "split": "Split into a training and a held-out part, by whole lives",
    "curate": "Keep the lives or worlds that meet a criterion",
    "export": "Export as a Minari dataset",
    "import": "Import a Minari dataset",
}
"""Name to one line. Subcommand NAME lives in module ``townlet.cli.town.dataset_NAME`` as ``command``."""

command = SubcommandTable(
    "dataset",
    "townlet.cli.town.dataset",
    SUBCOMMANDS,
    help="""Inspect, verify, split and exchange recorded datasets.

\b
Example:  townlet dataset inspect data/first""",
)
