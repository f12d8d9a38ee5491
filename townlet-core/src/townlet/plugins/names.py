"""Names of backends: one canonical spelling."""

from __future__ import annotations

import re

__all__ = ["canonical", "split_qualified"]

_SEPARATORS = re.compile(r"[-_.\s]+")


def canonical(name: str) -> str:
    """The one spelling of a backend's or distribution's name: lower case, single hyphens."""
    return _SEPARATORS.sub("-", name.strip()).lower()


def split_qualified(name: str) -> tuple[str | None, str]:
    """Split ``distribution:name`` into its canonical parts; the distribution is None where none is given."""
    distribution, colon, rest = name.rpartition(":")
    return (canonical(distribution) if colon else None), canonical(rest)
