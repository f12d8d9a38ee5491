"""Activities under way: their effects in each tick, their end, and what stops them early."""

from __future__ import annotations

from typing import Any

from townlet.world.compiled import compiled
from townlet.world.names import (
    EV_INTERRUPTED,
    EV_SPENT,
    EV_WAGES,
    FLAG_IN_SHIFT,
    FX_ENERGY,
    FX_GROCERIES,
    FX_HUNGER,
    FX_HYGIENE,
    FX_MEALS,
    FX_MONEY,
    FX_PRICE_GROCERIES,
    FX_PRICE_MEAL,
    FX_STOCK,
    FX_WAGE,
    PRICE_GROCERIES,
    PRICE_MEAL,
    TABLE,
)
from townlet.world.state import WorldState
from townlet.world.systems.meals import share_meal
from townlet.world.tables import Tables

__all__ = ["interrupt", "run_activities", "start_activity", "stop_activity", "stop_without"]

_FULL = 0.9999


@compiled
def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))


@compiled
def _apply(state: WorldState, tables: Tables, w: int, a: int, o: int, effects: Any, k: int) -> None:
    """Add row ``k`` of an effects table (float32 ``[K, 10]``) to agent ``a`` at object ``o``."""
    agents, amount = state.agents, state.events.amount
    if effects[k, FX_HUNGER] != 0.0:
        agents.hunger[w, a] = _unit(float(agents.hunger[w, a]) + float(effects[k, FX_HUNGER]))
    if effects[k, FX_ENERGY] != 0.0:
        agents.energy[w, a] = _unit(float(agents.energy[w, a]) + float(effects[k, FX_ENERGY]))
    if effects[k, FX_HYGIENE] != 0.0:
        agents.hygiene[w, a] = _unit(float(agents.hygiene[w, a]) + float(effects[k, FX_HYGIENE]))
    paid = (
        float(effects[k, FX_MONEY])
        + float(effects[k, FX_PRICE_GROCERIES]) * float(state.outside.prices[w, PRICE_GROCERIES])
        + float(effects[k, FX_PRICE_MEAL]) * float(state.outside.prices[w, PRICE_MEAL])
    )
    if paid != 0.0:
        before = float(agents.money[w, a])
        agents.money[w, a] = max(0.0, before + paid)
        amount[w, a, EV_SPENT] += before - float(agents.money[w, a])
    job = int(agents.job[w, a])
    if effects[k, FX_WAGE] != 0.0 and job >= 0:
        before = float(agents.money[w, a])
        agents.money[w, a] = before + float(effects[k, FX_WAGE]) * float(tables.posts.wage[job])
        amount[w, a, EV_WAGES] += float(agents.money[w, a]) - before
    agents.groceries[w, a] += int(effects[k, FX_GROCERIES])
    agents.meals[w, a] += int(effects[k, FX_MEALS])
    if effects[k, FX_STOCK] != 0.0:
        state.objects.stock[w, o] = max(0.0, float(state.objects.stock[w, o]) + float(effects[k, FX_STOCK]))


@compiled
def start_activity(state: WorldState, tables: Tables, w: int, a: int, o: int, k: int) -> None:
    """Agent ``a`` takes object ``o`` for affordance ``k``; both must be free and everything it needs at hand."""
    agents = state.agents
    agents.activity[w, a] = k
    agents.activity_left[w, a] = int(tables.affordances.duration[k])
    agents.activity_object[w, a] = o
    state.objects.user[w, o] = a
    state.events.started[w, a] = k
    _apply(state, tables, w, a, o, tables.affordances.at_start, k)


@compiled
def stop_activity(state: WorldState, tables: Tables, w: int, a: int) -> None:
    """Let go of the object (if any is held); its queue gets its turn."""
    agents = state.agents
    o = int(agents.activity_object[w, a])
    if o < 0:
        return
    state.objects.user[w, o] = -1
    state.objects.grace[w, o] = tables.rules.grace_ticks
    agents.activity[w, a] = -1
    agents.activity_left[w, a] = 0
    agents.activity_object[w, a] = -1


@compiled
def interrupt(state: WorldState, tables: Tables, w: int, a: int) -> None:
    """Something from outside ends the activity of ``a``, if it has one."""
    if state.agents.activity[w, a] >= 0:
        stop_activity(state, tables, w, a)
        state.events.amount[w, a, EV_INTERRUPTED] += 1.0


@compiled
def stop_without(state: WorldState, tables: Tables, w: int, flag: int) -> None:
    """Power or water (``names.FLAG_*``) went out: whatever needs it ends."""
    for a in range(state.agents.present.shape[1]):
        k = int(state.agents.activity[w, a])
        if k >= 0 and int(tables.affordances.flags[k]) & flag != 0:
            interrupt(state, tables, w, a)


@compiled
def _satisfied(state: WorldState, tables: Tables, w: int, a: int, k: int) -> bool:
    """Whether the affordance is there to raise needs tick by tick, and all of those are full."""
    raises, effects = False, tables.affordances.each_tick
    if effects[k, FX_HUNGER] > 0.0:
        raises = True
        if state.agents.hunger[w, a] < _FULL:
            return False
    if effects[k, FX_ENERGY] > 0.0:
        raises = True
        if state.agents.energy[w, a] < _FULL:
            return False
    if effects[k, FX_HYGIENE] > 0.0:
        raises = True
        if state.agents.hygiene[w, a] < _FULL:
            return False
    return raises


@compiled
def run_activities(state: WorldState, tables: Tables, w: int) -> None:
    """One tick of everybody's activity; those that are done are completed and let go."""
    agents, affordances = state.agents, tables.affordances
    for a in range(agents.present.shape[1]):
        k = int(agents.activity[w, a])
        if k < 0:
            continue
        o = int(agents.activity_object[w, a])
        _apply(state, tables, w, a, o, affordances.each_tick, k)
        if int(affordances.flags[k]) & FLAG_IN_SHIFT != 0:
            agents.shift_worked[w, a] += 1
        agents.activity_left[w, a] -= 1
        if agents.activity_left[w, a] > 0 and not _satisfied(state, tables, w, a, k):
            continue
        _apply(state, tables, w, a, o, affordances.at_end, k)
        state.events.finished[w, a] = k
        stop_activity(state, tables, w, a)
        if tables.map.object_kind[o] == TABLE:
            share_meal(state, tables, w, a, o)
