"""SHA-256 of files and of JSON values, and JSON documents that have exactly one spelling."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from townlet.errors import TownletError
from townlet.storage.documents import parse_json, read_file
from townlet.storage.opening import open_regular

__all__ = ["TIMING", "canonical_bytes", "canonical_digest", "content_digest", "read_json_document", "sha256_file"]

TIMING = "timing"
"""The block of a document that holds wall times and dates: no part of its digest, so that equal work is equal."""

CHUNK_BYTES = 1 << 20


def canonical_digest(value: Any) -> str:
    """SHA-256 (hex) of a JSON-ready value: sorted keys, no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def content_digest(document: Mapping[str, Any]) -> str:
    """:func:`canonical_digest` of a document without its own ``digest`` and its block ``timing``."""
    return canonical_digest({key: value for key, value in document.items() if key not in ("digest", TIMING)})


def canonical_bytes(value: Any) -> bytes:
    """The one spelling of a JSON document: sorted keys, indented by one space, a newline at the end."""
    return (json.dumps(value, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def sha256_file(path: Path) -> str:
    """SHA-256 (hex) of a file, read in pieces. Raises OSError."""
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def read_json_document(path: Path, *, error: type[TownletError]) -> dict[str, Any]:
    """Read what :func:`canonical_bytes` wrote, and refuse any other spelling: one changed byte is found.

    A document with the key ``digest`` must hold there its :func:`content_digest`.

    Raises:
        TownletError: of the kind ``error``.
    """
    raw = read_file(path, error=error)
    document = parse_json(raw, where=str(path), what=path.name, error=error)
    if not isinstance(document, dict):
        raise error(f"{path.name} must hold a JSON object", where=str(path))
    try:
        same = canonical_bytes(document) == raw
    except (ValueError, RecursionError):  # halves of surrogate pairs, or nested as deep as can be read at all
        same = False
    if not same or ("digest" in document and document["digest"] != content_digest(document)):
        raise error(
            f"{path.name} was changed after it was written",
            where=str(path),
            details=("its digest or its spelling is not the one that was written",),
        )
    return document
