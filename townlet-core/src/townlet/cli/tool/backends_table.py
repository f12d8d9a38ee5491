"""The table of ``townlet backends list``. Imports no backend, numpy, pydantic or click."""

from __future__ import annotations

from collections.abc import Sequence

import townlet
from townlet.cli.output import JSONValue, emit, emit_json, warn
from townlet.cli.tables import emit_table
from townlet.plugins import BackendRow, Selection, scan_all
from townlet.plugins.known import known_backends
from townlet.plugins.selection import apply_selection
from townlet.version import API_VERSION

__all__ = ["row_document", "show_backends"]


def show_backends(disabled: Sequence[str] = (), *, as_json: bool = False) -> None:
    """Prints the backends and their states.

    Raises:
        ConfigError: a list of blocked or allowed backends names one that nobody knows.
    """
    found = scan_all()
    selection = Selection.from_environment(tuple(disabled))
    selection.check(found.rows)
    rows = apply_selection(found.rows, selection)
    missing = [known for name, known in known_backends().items() if name not in {row.name for row in rows}]
    if as_json:
        document: dict[str, JSONValue] = {
            "schema": 1,
            "source": "metadata",
            "core": townlet.__version__,
            "contract": API_VERSION,
            "backends": [row_document(row) for row in rows],
            "not_installed": [{"name": known.name, "distribution": known.distribution} for known in missing],
            "lists": dict(selection.settings()),
            "warnings": list(found.warnings),
        }
        emit_json(document)
        return
    lines = [_cells(row) for row in rows]
    lines.append(("stub", "present", f"townlet-core {townlet.__version__}", str(API_VERSION), "", "everyone waits"))
    emit_table(("name", "state", "distribution", "contract", "needs", "why"), lines)
    for known in missing:
        emit(f"not installed: {known.name}  (pip install {known.distribution})")
    emit("Read from metadata alone; `townlet backends doctor` tries them out.")
    for text in found.warnings:
        warn(text)


def row_document(row: BackendRow) -> dict[str, JSONValue]:
    """A row as the JSON that ``list``, ``info`` and ``doctor`` share."""
    manifest = row.manifest
    return {
        "name": row.name,
        "state": row.state.value,
        "why": row.why or None,
        "distribution": row.distribution,
        "version": row.version,
        "qualified": row.qualified,
        "entry_point": row.declaration.value,
        "contract": row.contract or None,
        "summary": manifest.summary if manifest else None,
        "aliases": list(row.aliases),
        "capabilities": list(manifest.capabilities) if manifest else [],
        "needs": [{"requirement": r.text, "installed": r.found, "fits": r.fits} for r in row.requirements],
        "warnings": list(row.warnings),
    }


def _cells(row: BackendRow) -> tuple[str, ...]:
    needs = ", ".join(requirement.text for requirement in row.requirements)
    return row.name, row.state.value, f"{row.distribution} {row.version}", row.contract or "?", needs, row.why
