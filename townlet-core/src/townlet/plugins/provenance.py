"""Where a policy came from: what every record, dataset and JSON output says about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import townlet
from townlet.plugins.rows import BackendRow
from townlet.version import API_VERSION

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["provenance", "stub_provenance"]


def provenance(requested: str, row: BackendRow, options: BaseModel | None) -> dict[str, object]:
    """JSON-ready facts of a backend that was loaded.

    Returns:
        ``requested`` (as asked for), ``active`` (canonical name), ``reason`` (None: no fallback), ``distribution``,
        ``version``, ``entry_point``, ``manifest_digest`` (SHA-256 hex or None), ``editable`` (or None if the
        metadata does not say), ``contract`` (of this core), ``requires`` (distribution to installed version),
        ``options`` (all of them, defaults included, or None).
    """
    return {
        "requested": requested,
        "active": row.name,
        "reason": None,
        "distribution": row.distribution,
        "version": row.version,
        "entry_point": row.declaration.value,
        "manifest_digest": row.manifest.digest if row.manifest else None,
        "editable": row.declaration.distribution.editable,
        "contract": API_VERSION,
        "requires": {requirement.name: requirement.found for requirement in row.requirements},
        "options": options.model_dump(mode="json") if options is not None else None,
    }


def stub_provenance(requested: str, reason: str | None = None) -> dict[str, object]:
    """The same facts of core's own stub; ``reason`` says why it stands in for something else, if it does."""
    return {
        "requested": requested,
        "active": "stub",
        "reason": reason,
        "distribution": "townlet-core",
        "version": townlet.__version__,
        "entry_point": "townlet.plugins.stub:StubPolicy",
        "manifest_digest": None,
        "editable": None,
        "contract": API_VERSION,
        "requires": {},
        "options": None,
    }
