"""Near misses: what somebody who misspelt a name most likely meant."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["nearest"]


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name closest to ``name`` (case, ``-`` and ``_`` do not count), or None where none is near.

    ``cutoff`` is the least similarity that counts as near, from 0 to 1 (``difflib.SequenceMatcher.ratio``).
    """
    from difflib import get_close_matches  # slow to import, and only errors need it

    plain = {_plain(candidate): candidate for candidate in sorted(set(known), reverse=True)}
    found = get_close_matches(_plain(name), list(plain), n=1, cutoff=cutoff)
    return plain[found[0]] if found else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
