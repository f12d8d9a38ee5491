"""Ties: what an agent thinks of others, six at most; softened or sharpened by its personality, fading hourly."""

from __future__ import annotations

from townlet.world.compiled import compiled
from townlet.world.names import AMBITION, EV_TIE_FORMED, EXTROVERSION, FORGIVENESS
from townlet.world.state import TIE_SLOTS, WorldState
from townlet.world.tables import Tables

__all__ = [
    "feel",
    "fade_ties",
    "find_tie",
    "forget_agent",
    "on_chat",
    "on_failed_chat",
    "on_helped",
    "on_polite",
    "on_post_taken",
    "on_pushed",
    "on_shared_meal",
]

_FORGOTTEN = 0.01  # a tie weaker than this in all three is dropped when it fades


@compiled
def find_tie(state: WorldState, w: int, a: int, b: int) -> int:
    """Slot of the tie of ``a`` to ``b``, -1 without one."""
    ties = state.ties
    for slot in range(TIE_SLOTS):
        if ties.other[w, a, slot] == b:
            return slot
    return -1


@compiled
def _strength(state: WorldState, w: int, a: int, slot: int) -> float:
    ties = state.ties
    return (
        abs(float(ties.trust[w, a, slot]))
        + abs(float(ties.familiarity[w, a, slot]))
        + abs(float(ties.rivalry[w, a, slot]))
    )


@compiled
def _slot_for(state: WorldState, w: int, a: int, b: int) -> int:
    """The tie of ``a`` to ``b``; if there is none, a new one in a free slot or in that of the weakest."""
    ties = state.ties
    slot = find_tie(state, w, a, b)
    if slot >= 0:
        return slot
    weakest, least = 0, 1e9
    for slot in range(TIE_SLOTS):
        if ties.other[w, a, slot] < 0:
            weakest = slot
            break
        strength = _strength(state, w, a, slot)
        if strength < least:
            weakest, least = slot, strength
    ties.other[w, a, weakest] = b
    ties.trust[w, a, weakest] = 0.0
    ties.familiarity[w, a, weakest] = 0.0
    ties.rivalry[w, a, weakest] = 0.0
    state.events.amount[w, a, EV_TIE_FORMED] += 1.0
    return weakest


@compiled
def feel(state: WorldState, w: int, a: int, b: int, trust: float, familiarity: float, rivalry: float) -> None:
    """Change what ``a`` thinks of ``b``. Forgiveness softens what is bad, to half at most; all stays in -1 .. 1."""
    if a == b:
        return
    ties = state.ties
    soft = 1.0 - 0.5 * max(0.0, float(state.agents.personality[w, a, FORGIVENESS]))
    trust = trust * soft if trust < 0.0 else trust
    familiarity = familiarity * soft if familiarity < 0.0 else familiarity
    rivalry = rivalry * soft if rivalry > 0.0 else rivalry
    slot = _slot_for(state, w, a, b)
    ties.trust[w, a, slot] = min(1.0, max(-1.0, float(ties.trust[w, a, slot]) + trust))
    ties.familiarity[w, a, slot] = min(1.0, max(-1.0, float(ties.familiarity[w, a, slot]) + familiarity))
    ties.rivalry[w, a, slot] = min(1.0, max(-1.0, float(ties.rivalry[w, a, slot]) + rivalry))


@compiled
def on_shared_meal(state: WorldState, w: int, a: int, b: int) -> None:
    """Two ate together."""
    feel(state, w, a, b, 0.10, 0.25, 0.0)
    feel(state, w, b, a, 0.10, 0.25, 0.0)


@compiled
def on_polite(state: WorldState, w: int, a: int, b: int) -> None:
    """``a`` let ``b`` go first."""
    feel(state, w, a, b, 0.05, 0.05, -0.05)
    feel(state, w, b, a, 0.05, 0.05, -0.05)


@compiled
def on_helped(state: WorldState, w: int, a: int, b: int) -> None:
    """``a`` let ``b`` go first, who was late for work."""
    feel(state, w, b, a, 0.20, 0.10, -0.10)


@compiled
def on_pushed(state: WorldState, w: int, a: int, b: int) -> None:
    """``a`` pushed in before ``b``, or kept standing in its way."""
    feel(state, w, b, a, 0.0, -0.05, 0.15)


@compiled
def on_post_taken(state: WorldState, w: int, a: int, b: int) -> None:
    """``a`` took over the post of ``b``; ambition sharpens the rivalry."""
    sharp = 1.0 + 0.3 * max(0.0, float(state.agents.personality[w, b, AMBITION]))
    feel(state, w, b, a, -0.10, 0.0, 0.30 * sharp)


@compiled
def on_chat(state: WorldState, w: int, a: int, b: int, quality: float) -> None:
    """Two had a good chat; extroverts feel closer after one."""
    for one, two in ((a, b), (b, a)):
        warm = 1.0 + 0.5 * max(0.0, float(state.agents.personality[w, one, EXTROVERSION]))
        feel(state, w, one, two, 0.05 * quality, 0.10 * quality * warm, 0.0)


@compiled
def on_failed_chat(state: WorldState, w: int, a: int, b: int) -> None:
    """Two tried to chat and got nowhere."""
    feel(state, w, a, b, 0.0, -0.05, 0.05)
    feel(state, w, b, a, 0.0, -0.05, 0.05)


@compiled
def forget_agent(state: WorldState, w: int, gone: int) -> None:
    """Nobody knows whoever lives in this slot next, and the newcomer knows nobody."""
    ties = state.ties
    for a in range(ties.other.shape[1]):
        for slot in range(TIE_SLOTS):
            if a == gone or ties.other[w, a, slot] == gone:
                _clear(state, w, a, slot)


@compiled
def _clear(state: WorldState, w: int, a: int, slot: int) -> None:
    ties = state.ties
    ties.other[w, a, slot] = -1
    ties.trust[w, a, slot] = 0.0
    ties.familiarity[w, a, slot] = 0.0
    ties.rivalry[w, a, slot] = 0.0


@compiled
def fade_ties(state: WorldState, tables: Tables, w: int) -> None:
    """Once an hour all ties weaken a little, and the faintest are forgotten."""
    rules, ties = tables.rules, state.ties
    if (int(state.clock.tick[w]) + 1) % rules.hour_ticks != 0:
        return
    for a in range(ties.other.shape[1]):
        for slot in range(TIE_SLOTS):
            if ties.other[w, a, slot] < 0:
                continue
            ties.trust[w, a, slot] = float(ties.trust[w, a, slot]) * rules.tie_decay
            ties.familiarity[w, a, slot] = float(ties.familiarity[w, a, slot]) * rules.tie_decay
            ties.rivalry[w, a, slot] = float(ties.rivalry[w, a, slot]) * rules.tie_decay
            if _strength(state, w, a, slot) < _FORGOTTEN:
                _clear(state, w, a, slot)
