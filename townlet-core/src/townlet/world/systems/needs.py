"""Needs fall, faster or slower with what one does and with whom; energy that runs out makes one faint."""

from __future__ import annotations

from townlet.world.compiled import compiled
from townlet.world.names import EV_FAINT, FLAG_IN_SHIFT, FX_ENERGY
from townlet.world.state import TIE_SLOTS, WorldState
from townlet.world.systems.activities import stop_activity
from townlet.world.systems.queues import leave_queue
from townlet.world.tables import Tables

__all__ = ["fall_of_needs"]

_COMPANY = 5  # tiles, rows or columns, within which others at work are company


@compiled
def fall_of_needs(state: WorldState, tables: Tables, w: int) -> None:
    """One tick of hunger, tiredness and dirt."""
    agents, rules, decay = state.agents, tables.rules, tables.affordances.decay
    for a in range(agents.present.shape[1]):
        if not agents.present[w, a]:
            continue
        hunger, energy, hygiene = rules.hunger_decay, rules.energy_decay, rules.hygiene_decay
        k = int(agents.activity[w, a])
        if k >= 0:
            hunger *= float(decay[k, 0])
            energy *= float(decay[k, 1])
            hygiene *= float(decay[k, 2])
            if int(tables.affordances.flags[k]) & FLAG_IN_SHIFT != 0:
                energy *= 1.0 - rules.company_effect * _mood(state, w, a)
        agents.hunger[w, a] = max(0.0, float(agents.hunger[w, a]) - hunger)
        agents.energy[w, a] = max(0.0, float(agents.energy[w, a]) - energy)
        agents.hygiene[w, a] = max(0.0, float(agents.hygiene[w, a]) - hygiene)
        agents.age[w, a] += 1
        _faint(state, tables, w, a)


@compiled
def _mood(state: WorldState, w: int, a: int) -> float:
    """How good the company is: trust less rivalry towards those near, -1 .. 1."""
    agents, ties = state.agents, state.ties
    total = 0.0
    for slot in range(TIE_SLOTS):
        b = int(ties.other[w, a, slot])
        if b < 0 or not agents.present[w, b]:
            continue
        if (
            abs(int(agents.y[w, a]) - int(agents.y[w, b])) <= _COMPANY
            and abs(int(agents.x[w, a]) - int(agents.x[w, b])) <= _COMPANY
        ):
            total += float(ties.trust[w, a, slot]) - float(ties.rivalry[w, a, slot])
    return min(1.0, max(-1.0, total))


@compiled
def _faint(state: WorldState, tables: Tables, w: int, a: int) -> None:
    """Who has no energy left lies where it stands, and comes to with a little."""
    agents = state.agents
    if agents.faint_left[w, a] > 0:
        agents.faint_left[w, a] -= 1
        if agents.faint_left[w, a] == 0:
            agents.energy[w, a] = max(float(agents.energy[w, a]), tables.rules.faint_energy)
        return
    if agents.energy[w, a] > 0.0:
        return
    k = int(agents.activity[w, a])
    if k < 0 or tables.affordances.each_tick[k, FX_ENERGY] <= 0.0:
        _fall(state, tables, w, a)


@compiled
def _fall(state: WorldState, tables: Tables, w: int, a: int) -> None:
    stop_activity(state, tables, w, a)
    leave_queue(state, tables, w, a)
    state.agents.faint_left[w, a] = tables.rules.faint_ticks
    state.events.amount[w, a, EV_FAINT] += 1.0
