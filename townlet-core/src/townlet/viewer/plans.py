"""What slow minds said while they were recorded: plans, their reasons, why there was none, and what it all took."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from townlet.data import RecordedThought
from townlet.viewer.columns import pack

__all__ = ["MOST_PLANS", "PlanNotes", "ledger_rows", "thought_json"]

MOST_PLANS: Final = 50_000
"""Thoughts that a page keeps; the first ones."""
_LONGEST_REASONS = 2_000


class PlanNotes:
    """The thoughts of one town, as the page shows them.

    Args:
        thoughts: of a recording, by ticks.
        world: whose are kept.
        last: tick after which nothing is kept.
    """

    def __init__(self, thoughts: Iterable[RecordedThought], world: int, last: int) -> None:
        self.cut_at: int | None = None
        """Tick from which on there was no room."""
        self._kept: list[dict[str, Any]] = []
        for thought in thoughts:
            if thought.tick > last:
                break
            if thought.world != world:
                continue
            if len(self._kept) == MOST_PLANS:
                self.cut_at = thought.tick
                break
            self._kept.append(thought_json(thought))

    def packed(self) -> dict[str, bytes]:
        """The part ``plans``; nothing where nothing was said."""
        return {"plans": pack({}, {"thoughts": self._kept})} if self._kept else {}

    def note(self) -> str | None:
        """A sentence on what is left out, if something is."""
        if self.cut_at is None:
            return None
        return (
            f"Plans and reasons are shown up to tick {self.cut_at:,}: a page holds {MOST_PLANS:,}. "
            "To see later ones, record a shorter run."
        )


def thought_json(thought: RecordedThought) -> dict[str, Any]:
    """A thought as the page reads it; reasons of more than 2,000 characters are cut."""
    plain = thought.model_dump(mode="json", exclude_defaults=True, exclude={"world"})
    for name in ("reasons", "failure", "dropped"):
        if len(plain.get(name, "")) > _LONGEST_REASONS:
            plain[name] = plain[name][:_LONGEST_REASONS] + "\u2026"
    return plain


def ledger_rows(accounts: Iterable[Mapping[str, Any]]) -> list[dict[str, object]]:
    """The accounts of slow minds, without anything that is neither a text nor a finite number."""
    return [{name: value for name, value in account.items() if _plain(value)} for account in accounts]


def _plain(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    )
