"""Shared meals: two who eat at neighbouring tables within a while of each other."""

from __future__ import annotations

from townlet.world.compiled import compiled
from townlet.world.names import EV_SHARED_MEAL
from townlet.world.state import WorldState
from townlet.world.systems.ties import on_shared_meal
from townlet.world.tables import Tables

__all__ = ["share_meal"]

_NEIGHBOURING = 3  # tiles between two tables, rows or columns
_LOOK = _NEIGHBOURING + 1  # who finished first may still sit on the far side of the other table


@compiled
def share_meal(state: WorldState, tables: Tables, w: int, a: int, o: int) -> None:
    """``a`` finished a meal at table ``o``: whoever finished one nearby a moment ago, and is still there, shared it."""
    agents, rules, ground = state.agents, tables.rules, tables.map
    now = int(state.clock.tick[w])
    agents.last_meal_tick[w, a] = now
    agents.last_meal_object[w, a] = o
    height, width = ground.walkable.shape
    row, column = int(ground.object_y[o]), int(ground.object_x[o])
    shared = False
    for y in range(max(0, row - _LOOK), min(height, row + _LOOK + 1)):
        for x in range(max(0, column - _LOOK), min(width, column + _LOOK + 1)):
            b = int(state.occupancy[w, y, x])
            if b < 0 or b == a or agents.last_meal_object[w, b] < 0:
                continue
            if now - int(agents.last_meal_tick[w, b]) > rules.shared_meal_window:
                continue
            table = int(agents.last_meal_object[w, b])
            if max(abs(int(ground.object_y[table]) - row), abs(int(ground.object_x[table]) - column)) > _NEIGHBOURING:
                continue
            shared = True
            state.events.amount[w, b, EV_SHARED_MEAL] += 1.0
            state.events.amount[w, a, EV_SHARED_MEAL] += 1.0
            on_shared_meal(state, w, a, b)
    if shared:
        agents.hunger[w, a] = min(1.0, float(agents.hunger[w, a]) + rules.shared_meal_bonus)
