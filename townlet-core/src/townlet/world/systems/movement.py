"""Movement: one agent to a tile; who is stopped too often slips past (a ghost step)."""

from __future__ import annotations

from townlet.world.compiled import compiled
from townlet.world.names import DIRECTION_X, DIRECTION_Y, EV_BUMP, EV_GHOST, NORTH, WEST
from townlet.world.state import WorldState
from townlet.world.systems.activities import stop_activity
from townlet.world.systems.queues import leave_queue
from townlet.world.systems.ties import on_pushed
from townlet.world.systems.turns import turn
from townlet.world.tables import Tables

__all__ = ["move_agents", "place_agent"]


@compiled
def place_agent(state: WorldState, tables: Tables, w: int, a: int, y: int, x: int) -> None:
    """Put ``a`` on a tile that is free; it leaves whatever it can no longer reach, and any activity."""
    agents = state.agents
    if agents.y[w, a] >= 0 and state.occupancy[w, int(agents.y[w, a]), int(agents.x[w, a])] == a:
        state.occupancy[w, int(agents.y[w, a]), int(agents.x[w, a])] = -1
    state.occupancy[w, y, x] = a
    agents.y[w, a], agents.x[w, a] = y, x
    stop_activity(state, tables, w, a)
    if agents.queue_object[w, a] >= 0 and agents.queue_object[w, a] != tables.map.use_object[y, x]:
        leave_queue(state, tables, w, a)


@compiled
def move_agents(state: WorldState, tables: Tables, w: int) -> None:
    """Those who chose a direction, in fair order: the first to claim a tile gets it."""
    agents = state.agents
    for i in range(agents.present.shape[1]):
        a = turn(state, w, i)
        action = int(agents.last_action[w, a])
        if action < NORTH or action > WEST:
            agents.blocked_tries[w, a] = 0
            continue
        d = action - NORTH
        y, x = int(agents.y[w, a]) + DIRECTION_Y[d], int(agents.x[w, a]) + DIRECTION_X[d]
        if not tables.map.walkable[y, x]:
            agents.last_ok[w, a] = False
            continue
        other = int(state.occupancy[w, y, x])
        if other < 0:
            place_agent(state, tables, w, a, y, x)
            agents.blocked_tries[w, a] = 0
            continue
        tries = int(agents.blocked_tries[w, a]) + 1
        if tries == tables.rules.ghost_after:
            on_pushed(state, w, other, a)
        if tries >= tables.rules.ghost_after and _ghost_step(state, tables, w, a, other, d):
            state.events.amount[w, a, EV_GHOST] += 1.0
            agents.blocked_tries[w, a] = 0
            continue
        agents.blocked_tries[w, a] = min(tries, tables.rules.ghost_after + 1)
        agents.last_ok[w, a] = False
        state.events.amount[w, a, EV_BUMP] += 1.0


@compiled
def _ghost_step(state: WorldState, tables: Tables, w: int, a: int, other: int, d: int) -> bool:
    """Change places with ``other`` where that takes it from nothing; else step past it; else false."""
    agents = state.agents
    y, x = int(agents.y[w, a]), int(agents.x[w, a])
    v, u = int(agents.y[w, other]), int(agents.x[w, other])
    held = max(int(agents.activity_object[w, other]), int(agents.queue_object[w, other]))
    if held < 0 or held == int(tables.map.use_object[y, x]):
        stop_activity(state, tables, w, a)
        state.occupancy[w, y, x], state.occupancy[w, v, u] = other, a
        agents.y[w, a], agents.x[w, a] = v, u
        agents.y[w, other], agents.x[w, other] = y, x
        if agents.queue_object[w, a] >= 0 and agents.queue_object[w, a] != tables.map.use_object[v, u]:
            leave_queue(state, tables, w, a)
        return True
    beyond_y, beyond_x = v + DIRECTION_Y[d], u + DIRECTION_X[d]
    if tables.map.walkable[beyond_y, beyond_x] and state.occupancy[w, beyond_y, beyond_x] < 0:
        place_agent(state, tables, w, a, beyond_y, beyond_x)
        return True
    return False
