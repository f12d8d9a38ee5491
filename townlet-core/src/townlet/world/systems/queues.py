"""Queues: joining, leaving, pushing in, letting the next go first, and the turn that is lost when not taken."""

from __future__ import annotations

from townlet.world.compiled import compiled
from townlet.world.names import (
    EV_CONFLICT,
    EV_CONFLICT_AVOIDED,
    EV_CONFLICT_INTENSITY,
    EV_CONFLICT_SUFFERED,
    EV_HELPED,
    EV_TURN_LOST,
    FLAG_POWER,
    FLAG_WATER,
    SHIFT_DUE,
    YIELD,
)
from townlet.world.state import QUEUE_PLACES, WorldState
from townlet.world.systems.ties import find_tie, on_helped, on_polite, on_pushed
from townlet.world.systems.turns import turn
from townlet.world.tables import Tables

__all__ = [
    "dissolve_queue",
    "join_queue",
    "leave_queue",
    "may_push",
    "may_yield",
    "push_in",
    "queue_place",
    "run_queues",
    "yield_turns",
]


@compiled
def queue_place(state: WorldState, w: int, a: int) -> int:
    """Place of ``a`` in its queue, 0 for the first; -1 if it does not queue."""
    o = int(state.agents.queue_object[w, a])
    if o < 0:
        return -1
    for place in range(int(state.objects.queue_length[w, o])):
        if state.objects.queue[w, o, place] == a:
            return place
    return -1


@compiled
def join_queue(state: WorldState, tables: Tables, w: int, a: int, o: int) -> bool:
    """Stand in line; false if the line is full."""
    objects = state.objects
    length = int(objects.queue_length[w, o])
    if length >= QUEUE_PLACES:
        return False
    objects.queue[w, o, length] = a
    objects.queue_length[w, o] = length + 1
    state.agents.queue_object[w, a] = o
    if length == 0:
        objects.grace[w, o] = tables.rules.grace_ticks
    return True


@compiled
def leave_queue(state: WorldState, tables: Tables, w: int, a: int) -> None:
    """Step out of line (if in one); whoever becomes first gets the full time to take its turn."""
    objects = state.objects
    place = queue_place(state, w, a)
    o = int(state.agents.queue_object[w, a])
    state.agents.queue_object[w, a] = -1
    if place < 0:
        return
    length = int(objects.queue_length[w, o]) - 1
    for i in range(place, length):
        objects.queue[w, o, i] = objects.queue[w, o, i + 1]
    objects.queue[w, o, length] = -1
    objects.queue_length[w, o] = length
    if place == 0:
        objects.grace[w, o] = tables.rules.grace_ticks


@compiled
def dissolve_queue(state: WorldState, tables: Tables, w: int, o: int) -> None:
    """Everybody leaves (the facility closed)."""
    while state.objects.queue_length[w, o] > 0:
        leave_queue(state, tables, w, int(state.objects.queue[w, o, 0]))


@compiled
def _swap(state: WorldState, tables: Tables, w: int, o: int, place: int) -> None:
    """Swap the agents in ``place`` and the place before it."""
    queue = state.objects.queue
    one, two = int(queue[w, o, place - 1]), int(queue[w, o, place])
    queue[w, o, place - 1], queue[w, o, place] = two, one
    if place == 1:
        state.objects.grace[w, o] = tables.rules.grace_ticks


@compiled
def may_push(state: WorldState, w: int, a: int) -> bool:
    """In a queue, not first, and not cooling down."""
    return queue_place(state, w, a) > 0 and state.agents.push_cooldown[w, a] == 0


@compiled
def push_in(state: WorldState, tables: Tables, w: int, a: int) -> bool:
    """Gain one place at the cost of the one who had it."""
    if not may_push(state, w, a):
        return False
    place = queue_place(state, w, a)
    o = int(state.agents.queue_object[w, a])
    victim = int(state.objects.queue[w, o, place - 1])
    tie = find_tie(state, w, victim, a)
    rivalry = float(state.ties.rivalry[w, victim, tie]) if tie >= 0 else 0.0
    amount = state.events.amount
    amount[w, a, EV_CONFLICT] += 1.0
    amount[w, a, EV_CONFLICT_INTENSITY] += 1.0 + max(0.0, rivalry)
    amount[w, victim, EV_CONFLICT_SUFFERED] += 1.0
    on_pushed(state, w, a, victim)
    _swap(state, tables, w, o, place)
    state.agents.push_cooldown[w, a] = tables.rules.push_cooldown
    return True


@compiled
def may_yield(state: WorldState, w: int, a: int) -> bool:
    """In a queue, not last, and not cooling down: politeness cannot be traded back and forth."""
    place = queue_place(state, w, a)
    if place < 0 or state.agents.push_cooldown[w, a] != 0:
        return False
    return place + 1 < int(state.objects.queue_length[w, int(state.agents.queue_object[w, a])])


@compiled
def yield_turns(state: WorldState, tables: Tables, w: int) -> None:
    """Those who chose to let the next in the queue go first."""
    agents = state.agents
    count = agents.present.shape[1]
    for i in range(count):
        a = turn(state, w, i)
        if agents.last_action[w, a] != YIELD:
            continue
        if not may_yield(state, w, a):
            agents.last_ok[w, a] = False
            continue
        o, place = int(agents.queue_object[w, a]), queue_place(state, w, a)
        other = int(state.objects.queue[w, o, place + 1])
        _swap(state, tables, w, o, place + 1)
        agents.push_cooldown[w, a] = tables.rules.push_cooldown
        state.events.amount[w, a, EV_CONFLICT_AVOIDED] += 1.0
        on_polite(state, w, a, other)
        if agents.shift_phase[w, other] == SHIFT_DUE:
            state.events.amount[w, a, EV_HELPED] += 1.0
            on_helped(state, w, a, other)


@compiled
def _out_of_order(state: WorldState, tables: Tables, w: int, o: int) -> bool:
    """Whether an outage or a closing keeps everybody from using the object."""
    if state.objects.closed_until[w, o] > state.clock.tick[w]:
        return True
    k = int(tables.affordances.of_kind[int(tables.map.object_kind[o]), 0])
    if k < 0:
        return True
    flags = int(tables.affordances.flags[k])
    return (flags & FLAG_POWER != 0 and not state.outside.power[w]) or (
        flags & FLAG_WATER != 0 and not state.outside.water[w]
    )


@compiled
def run_queues(state: WorldState, tables: Tables, w: int) -> None:
    """The first in a queue loses a free facility if it does not take it in time; cooldowns run down."""
    agents, objects = state.agents, state.objects
    for a in range(agents.present.shape[1]):
        if agents.push_cooldown[w, a] > 0:
            agents.push_cooldown[w, a] -= 1
        o = int(agents.queue_object[w, a])
        if o < 0 or objects.queue[w, o, 0] != a or objects.user[w, o] >= 0 or _out_of_order(state, tables, w, o):
            continue
        if objects.grace[w, o] > 0:
            objects.grace[w, o] -= 1
        else:
            leave_queue(state, tables, w, a)
            state.events.amount[w, a, EV_TURN_LOST] += 1.0
