"""Names for the slots of a town."""

from __future__ import annotations

__all__ = ["slot_names"]

_NAMES: tuple[str, ...] = (
    *("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "karl", "lena", "mona"),
    *("nick", "olga", "paul", "quinn", "rosa", "sven", "tina", "umar", "vera", "walt", "xena", "yuri", "zoe"),
)


def slot_names(agents: int) -> tuple[str, ...]:
    """``alice``, ``bob``, ... ``zoe``, ``alice2``, ...: one name for each of ``agents`` slots."""
    rounds = (f"{_NAMES[i % len(_NAMES)]}{i // len(_NAMES) + 1 if i >= len(_NAMES) else ''}" for i in range(agents))
    return tuple(rounds)
