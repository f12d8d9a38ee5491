"""What happened: the events of a town as a list in order of time, for the timeline and its search."""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from townlet.envs.engine import TownEngine
from townlet.viewer.columns import pack
from townlet.world.names import EVENTS

__all__ = ["KINDS", "EventNotes"]

_TOLD: Final = (
    *("chat_ok", "chat_failed", "conflict", "conflict_avoided", "helped", "shared_meal", "takeover", "job_lost"),
    *("on_time", "late", "attended", "absent", "interrupted", "turn_lost", "faint", "reconciled", "arrived", "exit"),
    *("rent", "fee"),
)
"""The agents' events that are told; the others are money by the tick, parts of these, or steps aside."""
_OUTSIDE: Final = (
    "power_off",
    "power_on",
    "water_off",
    "water_on",
    "price_up",
    "price_down",
    "closed",
    "opened",
    "meeting",
)
KINDS: Final = (*_TOLD, "started", "finished", *_OUTSIDE)
"""Kinds of happenings, by number."""
_MOST = 200_000
_MINOR: Final = frozenset(("started", "finished", "turn_lost", "conflict_avoided", "rent", "chat_failed"))
"""Left out first where there are too many."""


class EventNotes:
    """Collects what happens in world 0 of an engine."""

    def __init__(self, engine: TownEngine) -> None:
        self._engine = engine
        self._rows: list[tuple[int, int, int, int, int, float]] = []
        self._columns = np.array([EVENTS.index(name) for name in _TOLD])
        self._before = self._outside()
        self._halved = False
        self.left_out: frozenset[str] = frozenset()
        """Kinds that were left out since there were too many."""

    def note(self) -> None:
        """Read what the last tick brought."""
        state = self._engine.state
        tick = int(state.clock.tick[0])
        amounts = state.events.amount[0][:, self._columns]
        for a, kind in np.argwhere(amounts > 0):
            self._add(
                tick,
                _TOLD[kind],
                int(a),
                self._other(_TOLD[kind], int(a)),
                self._object(int(a)),
                float(amounts[a, kind]),
            )
        for word, affordances in (("started", state.events.started[0]), ("finished", state.events.finished[0])):
            if word not in self.left_out:
                for a in np.flatnonzero(affordances >= 0):
                    self._add(tick, word, int(a), -1, self._object(int(a)), float(affordances[a]))
        self._note_outside(tick)
        if len(self._rows) > _MOST:
            self._thin()

    def packed(self, after: int = -1) -> bytes:
        """The part ``events`` of the ticks after ``after``.

        Its last column is a count, coins, or the number of an affordance.
        """
        first = len(self._rows)
        while first and self._rows[first - 1][0] > after:
            first -= 1
        rows = np.array(self._rows[first:], np.float64).reshape(-1, 6)
        columns: dict[str, NDArray[Any]] = {
            "tick": rows[:, 0:1].astype(np.int32),
            "kind": rows[:, 1:2].astype(np.uint8),
            "agent": rows[:, 2:3].astype(np.int16),
            "other": rows[:, 3:4].astype(np.int16),
            "object": rows[:, 4:5].astype(np.int16),
            "amount": rows[:, 5:6].astype(np.float32),
        }
        return pack(columns, {"kinds": list(KINDS)})

    def said_of_what_is_left_out(self) -> str:
        """A sentence or two for the reader, where something is left out."""
        kinds = ", ".join(kind.replace("_", " ") for kind in KINDS if kind in self.left_out)
        rest = " Of what else agents did, only a part is told." if self._halved else ""
        return f"There were more than {_MOST:,} events: the lesser ones are left out ({kinds}).{rest}"

    def _add(self, tick: int, kind: str, agent: int, other: int, thing: int, amount: float) -> None:
        if kind not in self.left_out:
            self._rows.append((tick, KINDS.index(kind), agent, other, thing, amount))

    def _thin(self) -> None:
        """Drop what matters least; where even that is not enough, every second happening of the agents."""
        minor = {KINDS.index(kind) for kind in _MINOR}
        kept = [row for row in self._rows if row[1] not in minor]
        self.left_out = _MINOR
        told = len(_TOLD)
        while len(kept) > _MOST // 2 and any(row[1] < told for row in kept):
            self._halved = True
            agents = itertools.count(1)  # every second of theirs, so that one that is alone goes, too
            kept = [row for row in kept if row[1] >= told or next(agents) % 2 == 0]
        self._rows = kept

    def _other(self, kind: str, a: int) -> int:
        state = self._engine.state
        if kind in ("chat_ok", "reconciled"):
            return int(state.events.chat_with[0, a])
        if kind in ("conflict", "conflict_avoided", "helped"):
            thing = int(state.agents.queue_object[0, a])
            if thing < 0:
                return -1
            queue = state.objects.queue[0, thing]
            place = int(np.argmax(queue == a)) + (1 if kind == "conflict" else -1)
            return int(queue[place]) if 0 <= place < len(queue) else -1
        return -1

    def _object(self, a: int) -> int:
        agents = self._engine.state.agents
        thing = int(agents.queue_object[0, a])
        return thing if thing >= 0 else int(agents.activity_object[0, a])

    def _outside(self) -> dict[str, NDArray[Any]]:
        state = self._engine.state
        return {
            "power": state.outside.power[:1].copy(),
            "water": state.outside.water[:1].copy(),
            "prices": state.outside.prices[0].copy(),
            "closed": state.objects.closed_until[0] > state.clock.tick[0],
            "meeting": state.outside.meeting[0].copy(),
        }

    def _note_outside(self, tick: int) -> None:
        before, now = self._before, self._outside()
        self._before = now
        for word in ("power", "water"):
            if before[word][0] != now[word][0]:
                self._add(tick, f"{word}_{'on' if now[word][0] else 'off'}", -1, -1, -1, 0.0)
        for p in np.flatnonzero(before["prices"] != now["prices"]):
            up = now["prices"][p] > before["prices"][p]
            self._add(tick, "price_up" if up else "price_down", -1, int(p), -1, float(now["prices"][p]))
        for thing in np.flatnonzero(before["closed"] != now["closed"]):
            self._add(tick, "closed" if now["closed"][thing] else "opened", -1, -1, int(thing), 0.0)
        one, other = (int(agent) for agent in now["meeting"])
        if one >= 0 and not np.array_equal(before["meeting"], now["meeting"]):
            self._add(tick, "meeting", one, other, -1, 0.0)
