"""Looking at an installed backend from outside: its row in the table of backends, its metadata."""

from __future__ import annotations

from townlet.errors import BackendNotInstalledError
from townlet.plugins.names import canonical
from townlet.plugins.rows import BackendRow
from townlet.plugins.scan import scan

__all__ = ["found_row", "requirement_lines"]


def found_row(name: str) -> BackendRow:
    """The row of the installed backend ``name``. Raises BackendNotInstalledError if there is none."""
    for row in scan():
        if row.name == canonical(name):
            return row
    raise BackendNotInstalledError(f"policy backend {name!r} is not installed")


def requirement_lines(distribution: str) -> list[str]:
    """The ``Requires-Dist`` lines of an installed distribution, those of extras left out."""
    import importlib_metadata

    lines = importlib_metadata.requires(distribution) or []
    return [line for line in lines if "extra ==" not in line]
