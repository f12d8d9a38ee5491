"""Looking at an installed backend from outside: its row in the table of backends, its metadata."""

from __future__ import annotations

from townlet.errors import UsageError
from townlet.plugins.choosing import CORE, STUB, find
from townlet.plugins.names import split_qualified
from townlet.plugins.rows import BackendRow
from townlet.plugins.scan import scan
from townlet.plugins.selection import Selection

__all__ = ["found_row", "requirement_lines"]


def found_row(name: str, selection: Selection | None = None) -> BackendRow:
    """The row of the installed backend that ``name`` stands for; its state may be anything.

    Raises:
        UsageError: for the stub.
        ConfigError, BackendError: if there is none, it is blocked, or several claim the name.
    """
    if split_qualified(name) in ((None, STUB), (CORE, STUB)):
        raise UsageError(
            "the stub is a part of townlet-core and has no distribution of its own to check",
            details=("see what can be checked with:  townlet backends list",),
        )
    return find(name, scan(), Selection.from_environment() if selection is None else selection)


def requirement_lines(distribution: str) -> list[str]:
    """The ``Requires-Dist`` lines of an installed distribution, those of extras left out."""
    import importlib_metadata

    lines = importlib_metadata.requires(distribution) or []
    return [line for line in lines if "extra ==" not in line]
