"""Chats: with the nearest agent in reach, if both are free."""

from __future__ import annotations

from townlet.world.chance import draw
from townlet.world.compiled import compiled
from townlet.world.names import CHAT, EV_CHAT_FAILED, EV_CHAT_OK, EV_CHAT_QUALITY, EV_RECONCILED, STREAM_WORLD
from townlet.world.state import WorldState
from townlet.world.systems.ties import feel, find_tie, on_chat, on_failed_chat
from townlet.world.systems.turns import turn
from townlet.world.tables import Tables

__all__ = ["chat_partner", "may_chat", "run_chats"]


@compiled
def _free(state: WorldState, tables: Tables, w: int, a: int) -> bool:
    """Not fainted, and busy with nothing or with something sociable."""
    if state.agents.faint_left[w, a] > 0:
        return False
    k = int(state.agents.activity[w, a])
    return k < 0 or bool(tables.affordances.sociable[k])


@compiled
def chat_partner(state: WorldState, tables: Tables, w: int, a: int) -> int:
    """The nearest free agent in reach of ``a``, -1 none."""
    height, width = tables.map.walkable.shape
    y, x = int(state.agents.y[w, a]), int(state.agents.x[w, a])
    for i in range(len(tables.map.chat_dy)):
        v, u = y + int(tables.map.chat_dy[i]), x + int(tables.map.chat_dx[i])
        if v < 0 or u < 0 or v >= height or u >= width:
            continue
        b = int(state.occupancy[w, v, u])
        if b >= 0 and _free(state, tables, w, b):
            return b
    return -1


@compiled
def may_chat(state: WorldState, tables: Tables, w: int, a: int) -> bool:
    """Whether `chat` is possible for ``a`` now."""
    return (
        state.agents.chat_cooldown[w, a] == 0 and _free(state, tables, w, a) and chat_partner(state, tables, w, a) >= 0
    )


@compiled
def run_chats(state: WorldState, tables: Tables, w: int) -> None:
    """Those who chose `chat`, in fair order; cooldowns run down."""
    agents = state.agents
    for i in range(agents.present.shape[1]):
        a = turn(state, w, i)
        if agents.last_action[w, a] == CHAT:
            if may_chat(state, tables, w, a):
                _chat(state, tables, w, a, chat_partner(state, tables, w, a))
                agents.chat_cooldown[w, a] = tables.rules.chat_cooldown
                continue
            agents.last_ok[w, a] = False
        if agents.chat_cooldown[w, a] > 0:
            agents.chat_cooldown[w, a] -= 1


@compiled
def _chat(state: WorldState, tables: Tables, w: int, a: int, b: int) -> None:
    rules, amount = tables.rules, state.events.amount
    tie = find_tie(state, w, a, b)
    trust = float(state.ties.trust[w, a, tie]) if tie >= 0 else 0.0
    familiarity = float(state.ties.familiarity[w, a, tie]) if tie >= 0 else 0.0
    chance = rules.chat_base * (1.0 + rules.chat_trust * trust) * (1.0 + rules.chat_familiarity * familiarity)
    if draw(state.streams, w, STREAM_WORLD) >= chance:
        amount[w, a, EV_CHAT_FAILED] += 1.0
        state.agents.last_ok[w, a] = False
        on_failed_chat(state, w, a, b)
        return
    quality = draw(state.streams, w, STREAM_WORLD)
    amount[w, a, EV_CHAT_OK] += 1.0
    amount[w, a, EV_CHAT_QUALITY] += quality
    state.events.chat_with[w, a] = b
    on_chat(state, w, a, b, quality)
    meeting = state.outside.meeting
    if (meeting[w, 0] == a and meeting[w, 1] == b) or (meeting[w, 0] == b and meeting[w, 1] == a):
        feel(state, w, a, b, 0.05, 0.0, -0.30)
        feel(state, w, b, a, 0.05, 0.0, -0.30)
        amount[w, a, EV_RECONCILED] += 1.0
        amount[w, b, EV_RECONCILED] += 1.0
        meeting[w, 0], meeting[w, 1] = -1, -1
