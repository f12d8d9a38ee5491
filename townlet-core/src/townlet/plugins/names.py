"""Names of backends: one canonical spelling, and near misses for what is spelt otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["canonical", "near_miss", "split_qualified"]

_SEPARATORS = re.compile(r"[-_.\s]+")


def canonical(name: str) -> str:
    """The one spelling of a backend's or distribution's name: lower case, single hyphens."""
    return _SEPARATORS.sub("-", name.strip()).lower()


def split_qualified(name: str) -> tuple[str | None, str]:
    """Split ``distribution:name`` into its canonical parts; the distribution is None where none is given."""
    distribution, colon, rest = name.rpartition(":")
    return (canonical(distribution) if colon else None), canonical(rest)


def near_miss(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that ``name`` is most likely meant to be, or None if none is near."""
    from difflib import get_close_matches  # needed for errors only, and slow to import

    found = get_close_matches(name, sorted(set(known)), n=1, cutoff=cutoff)
    return found[0] if found else None
