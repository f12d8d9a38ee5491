"""What goes to a window: a few packed parts behind a line of JSON, or JSON alone.

A message of parts is ``<length, uint32 little-endian><JSON><parts>``. The JSON says its ``kind`` (``hello``,
``frames`` or ``key``) and the size of each part in order; the parts are those of a film
(:mod:`townlet.viewer.film`), of some ticks only. Everything else is JSON as text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

__all__ = ["as_text", "with_parts"]


def with_parts(kind: str, parts: Mapping[str, bytes], **more: object) -> bytes:
    """A message of parts."""
    head = as_text({"kind": kind, **more, "parts": {name: len(part) for name, part in parts.items()}}).encode()
    return b"".join([len(head).to_bytes(4, "little"), head, *parts.values()])


def as_text(message: Mapping[str, object]) -> str:
    """A message of JSON."""
    return json.dumps(message, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
