"""Using a facility: start at once where it is free and one's own to use, else join its queue, else push in."""

from __future__ import annotations

from townlet.world.compiled import compiled
from townlet.world.names import FLAG_IN_SHIFT, FLAG_OWN_BED, FLAG_POWER, FLAG_WATER, PRICE_GROCERIES, PRICE_MEAL, USE
from townlet.world.state import QUEUE_PLACES, WorldState
from townlet.world.systems.activities import start_activity
from townlet.world.systems.posts import post_here, take_post
from townlet.world.systems.queues import join_queue, leave_queue, may_push, push_in
from townlet.world.systems.turns import turn
from townlet.world.tables import Tables

__all__ = ["could_start", "in_prospect", "ready", "use_facilities", "use_possible"]


@compiled
def _holds_but_shift(state: WorldState, tables: Tables, w: int, a: int, o: int, k: int) -> bool:
    """Whether everything that affordance ``k`` requires is there, but for the hours of work."""
    agents, affordances = state.agents, tables.affordances
    flags = int(affordances.flags[k])
    if flags & FLAG_POWER != 0 and not state.outside.power[w]:
        return False
    if flags & FLAG_WATER != 0 and not state.outside.water[w]:
        return False
    if flags & FLAG_OWN_BED != 0 and tables.map.slot_bed[a] != o:
        return False
    if agents.hunger[w, a] > affordances.need_most[k, 0]:
        return False
    if agents.energy[w, a] > affordances.need_most[k, 1] or agents.hygiene[w, a] > affordances.need_most[k, 2]:
        return False
    if agents.groceries[w, a] < affordances.min_items[k, 0] or agents.meals[w, a] < affordances.min_items[k, 1]:
        return False
    if affordances.min_stock[k] > 0.0 and state.objects.stock[w, o] < affordances.min_stock[k]:
        return False
    cost = (
        float(affordances.min_money[k, 0])
        + float(affordances.min_money[k, 1]) * float(state.outside.prices[w, PRICE_GROCERIES])
        + float(affordances.min_money[k, 2]) * float(state.outside.prices[w, PRICE_MEAL])
    )
    return cost <= 0.0 or float(agents.money[w, a]) >= cost


@compiled
def _holds(state: WorldState, tables: Tables, w: int, a: int, o: int, k: int) -> bool:
    """Whether everything that affordance ``k`` requires of the town, the object and the agent is there."""
    if not _holds_but_shift(state, tables, w, a, o, k):
        return False
    return int(tables.affordances.flags[k]) & FLAG_IN_SHIFT == 0 or post_here(state, tables, w, a, o) >= 0


@compiled
def ready(state: WorldState, tables: Tables, w: int, a: int, o: int) -> int:
    """First affordance of object ``o`` whose requirements hold for ``a``, whoever may be using it; -1 none."""
    if state.objects.closed_until[w, o] > state.clock.tick[w]:
        return -1
    kind = int(tables.map.object_kind[o])
    for i in range(tables.affordances.of_kind.shape[1]):
        k = int(tables.affordances.of_kind[kind, i])
        if k < 0:
            return -1
        if _holds(state, tables, w, a, o, k):
            return k
    return -1


@compiled
def in_prospect(state: WorldState, tables: Tables, w: int, a: int, o: int) -> bool:
    """Whether it makes sense for ``a`` to set out for object ``o``: as :func:`ready`, and to one's own desk always."""
    if state.objects.closed_until[w, o] > state.clock.tick[w]:
        return False
    kind, job = int(tables.map.object_kind[o]), int(state.agents.job[w, a])
    own_desk = job >= 0 and int(tables.posts.desk[job]) == o
    for i in range(tables.affordances.of_kind.shape[1]):
        k = int(tables.affordances.of_kind[kind, i])
        if k < 0:
            return False
        if _holds_but_shift(state, tables, w, a, o, k) if own_desk else _holds(state, tables, w, a, o, k):
            return True
    return False


@compiled
def could_start(state: WorldState, tables: Tables, w: int, a: int, o: int) -> int:
    """The affordance that `use` on ``o`` would start now if ``a`` stood there; -1 none.

    The object must be open, unused, and nobody may wait for it but ``a`` at the head of the queue.
    """
    objects = state.objects
    if objects.user[w, o] >= 0 or (objects.queue_length[w, o] > 0 and objects.queue[w, o, 0] != a):
        return -1
    return ready(state, tables, w, a, o)


@compiled
def use_possible(state: WorldState, tables: Tables, w: int, a: int) -> bool:
    """Whether `use` would do something for ``a`` where it stands: start, join or push in."""
    agents, objects = state.agents, state.objects
    if agents.activity[w, a] >= 0:
        return False
    o = int(tables.map.use_object[int(agents.y[w, a]), int(agents.x[w, a])])
    if o < 0:
        return False
    if agents.queue_object[w, a] == o:
        if objects.queue[w, o, 0] == a:
            return could_start(state, tables, w, a, o) >= 0
        return may_push(state, w, a)
    if objects.user[w, o] < 0 and objects.queue_length[w, o] == 0:
        return ready(state, tables, w, a, o) >= 0
    return int(objects.queue_length[w, o]) < QUEUE_PLACES and ready(state, tables, w, a, o) >= 0


@compiled
def use_facilities(state: WorldState, tables: Tables, w: int) -> None:
    """Those who chose `use`, in fair order; who comes second to a free facility finds itself in its queue."""
    agents = state.agents
    for i in range(agents.present.shape[1]):
        a = turn(state, w, i)
        if agents.last_action[w, a] != USE:
            continue
        if not use_possible(state, tables, w, a):
            agents.last_ok[w, a] = False
            continue
        o = int(tables.map.use_object[int(agents.y[w, a]), int(agents.x[w, a])])
        k = could_start(state, tables, w, a, o)
        if k >= 0:
            leave_queue(state, tables, w, a)
            if int(tables.affordances.flags[k]) & FLAG_IN_SHIFT != 0:
                take_post(state, tables, w, a, post_here(state, tables, w, a, o))
            start_activity(state, tables, w, a, o, k)
        elif agents.queue_object[w, a] == o:
            push_in(state, tables, w, a)
        else:
            join_queue(state, tables, w, a, o)
