"""Money beside wages and shops: rent each day, debts paid when possible, stock that arrives each day."""

from __future__ import annotations

from townlet.world.compiled import compiled
from townlet.world.names import COUNTER, EV_RENT, TILL
from townlet.world.state import WorldState
from townlet.world.systems.posts import hire
from townlet.world.tables import Tables

__all__ = ["collect_rent", "deliver_stock", "start_day"]


@compiled
def start_day(state: WorldState, tables: Tables, w: int) -> None:
    """At the first tick of a day: rent falls due, stock arrives, agents without a job get one if one is vacant."""
    if int(state.clock.tick[w]) % tables.rules.day_ticks != 0:
        return
    agents = state.agents
    state.clock.exits_today[w] = 0
    deliver_stock(state, tables, w)
    for a in range(agents.present.shape[1]):
        if agents.present[w, a]:
            if agents.job[w, a] < 0:
                hire(state, tables, w, a)
            agents.rent_due[w, a] = float(agents.rent_due[w, a]) + tables.rules.rent
            agents.rent_unpaid[w, a] += 1


@compiled
def deliver_stock(state: WorldState, tables: Tables, w: int) -> None:
    """Fill up what tills and counters sell."""
    for o in range(len(tables.map.object_kind)):
        kind = int(tables.map.object_kind[o])
        if kind == TILL:
            state.objects.stock[w, o] = tables.rules.stock_till
        elif kind == COUNTER:
            state.objects.stock[w, o] = tables.rules.stock_counter


@compiled
def collect_rent(state: WorldState, w: int) -> None:
    """Whoever can pay all that is owed does."""
    agents = state.agents
    for a in range(agents.present.shape[1]):
        due = float(agents.rent_due[w, a])
        before = float(agents.money[w, a])
        if due > 0.0 and before >= due:
            agents.money[w, a] = before - due
            state.events.amount[w, a, EV_RENT] += before - float(agents.money[w, a])
            agents.rent_due[w, a] = 0.0
            agents.rent_unpaid[w, a] = 0
