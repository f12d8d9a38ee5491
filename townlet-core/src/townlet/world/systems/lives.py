"""Lives: collapse, eviction and neglect end them, within bounds; newcomers take the empty slots."""

from __future__ import annotations

from townlet.world.chance import draw, draw_index
from townlet.world.compiled import compiled
from townlet.world.names import (
    EV_ARRIVED,
    EV_EXIT,
    EV_LOST,
    EV_STARTER,
    EXIT_COLLAPSE,
    EXIT_EVICTION,
    EXIT_NEGLECT,
    EXIT_NONE,
    STAY,
    STREAM_WORLD,
    WAIT,
)
from townlet.world.state import WorldState
from townlet.world.systems.activities import stop_activity
from townlet.world.systems.posts import hire, leave_post
from townlet.world.systems.queues import leave_queue
from townlet.world.systems.ties import forget_agent
from townlet.world.tables import Tables

__all__ = ["count_misery", "end_life", "end_lives", "move_in", "receive_newcomers"]

_WORST = 0.06  # a need at or below this is neglected; above the energy one wakes up with after fainting


@compiled
def count_misery(state: WorldState, w: int) -> None:
    """Ticks in a row at the worst; an outage, for which agents are not to blame, stops the count."""
    agents = state.agents
    if not state.outside.power[w] or not state.outside.water[w]:
        return
    for a in range(agents.present.shape[1]):
        if not agents.present[w, a]:
            continue
        agents.hungry_ticks[w, a] = min(int(agents.hungry_ticks[w, a]) + 1, 30_000) if agents.hunger[w, a] <= 0.0 else 0
        neglected = agents.energy[w, a] <= _WORST or agents.hygiene[w, a] <= _WORST
        agents.neglect_ticks[w, a] = min(int(agents.neglect_ticks[w, a]) + 1, 30_000) if neglected else 0


@compiled
def end_lives(state: WorldState, tables: Tables, w: int) -> None:
    """End the life that is over, as far as the bounds allow: so many a day, so far apart, none in an outage.

    Where several are over, the most miserable goes; the others may yet recover.
    """
    clock, rules = state.clock, tables.rules
    if not state.outside.power[w] or not state.outside.water[w]:
        return
    if int(clock.exits_today[w]) >= rules.exits_per_day:
        return
    if int(clock.tick[w]) - int(clock.last_exit[w]) < rules.exit_gap:
        return
    a = _most_miserable(state, tables, w)
    if a >= 0:
        end_life(state, tables, w, a, _end_of(state, tables, w, a))
        clock.exits_today[w] += 1
        clock.last_exit[w] = clock.tick[w]


@compiled
def _most_miserable(state: WorldState, tables: Tables, w: int) -> int:
    """The agent whose life is over, and has been for longest; -1 for none."""
    agents = state.agents
    chosen, worst = -1, -1
    for a in range(agents.present.shape[1]):
        if _end_of(state, tables, w, a) != EXIT_NONE:
            misery = int(agents.hungry_ticks[w, a]) + int(agents.neglect_ticks[w, a])
            if misery > worst:
                chosen, worst = a, misery
    return chosen


@compiled
def _end_of(state: WorldState, tables: Tables, w: int, a: int) -> int:
    agents, rules = state.agents, tables.rules
    if not agents.present[w, a]:
        return EXIT_NONE
    if int(agents.hungry_ticks[w, a]) >= rules.collapse_ticks:
        return EXIT_COLLAPSE
    if int(agents.rent_unpaid[w, a]) >= rules.rent_days:
        return EXIT_EVICTION
    if int(agents.neglect_ticks[w, a]) >= rules.neglect_ticks:
        return EXIT_NEGLECT
    return EXIT_NONE


@compiled
def end_life(state: WorldState, tables: Tables, w: int, a: int, reason: int) -> None:
    """Take ``a`` out of the town: nothing stays occupied, queued for, held or remembered."""
    agents, amount = state.agents, state.events.amount
    stop_activity(state, tables, w, a)
    leave_queue(state, tables, w, a)
    leave_post(state, w, a)
    forget_agent(state, w, a)
    if state.outside.meeting[w, 0] == a or state.outside.meeting[w, 1] == a:
        state.outside.meeting[w, 0], state.outside.meeting[w, 1] = -1, -1
    state.occupancy[w, int(agents.y[w, a]), int(agents.x[w, a])] = -1
    amount[w, a, EV_EXIT] += 1.0
    amount[w, a, EV_LOST] += float(agents.money[w, a])
    _blank(state, w, a)
    agents.exit_reason[w, a] = reason
    agents.life[w, a] += 1
    rules = tables.rules
    agents.respawn_in[w, a] = rules.respawn_min + draw_index(
        state.streams, w, STREAM_WORLD, rules.respawn_max - rules.respawn_min + 1
    )


@compiled
def _blank(state: WorldState, w: int, a: int) -> None:
    """What an empty slot holds."""
    agents = state.agents
    agents.present[w, a] = False
    agents.age[w, a] = 0
    agents.y[w, a], agents.x[w, a] = -1, -1
    agents.hunger[w, a], agents.energy[w, a], agents.hygiene[w, a] = 0.0, 0.0, 0.0
    agents.money[w, a] = 0.0
    agents.groceries[w, a], agents.meals[w, a] = 0, 0
    agents.rent_unpaid[w, a], agents.rent_due[w, a] = 0, 0.0
    agents.push_cooldown[w, a], agents.chat_cooldown[w, a] = 0, 0
    agents.faint_left[w, a], agents.blocked_tries[w, a] = 0, 0
    agents.hungry_ticks[w, a], agents.neglect_ticks[w, a] = 0, 0
    agents.absences[w, a], agents.attendance[w, a] = 0, 1.0
    agents.last_meal_tick[w, a], agents.last_meal_object[w, a] = -1, -1
    agents.goal[w, a], agents.goal_left[w, a] = STAY, 0
    for i in range(agents.personality.shape[2]):
        agents.personality[w, a, i] = 0.0


@compiled
def receive_newcomers(state: WorldState, tables: Tables, w: int) -> None:
    """Empty slots wait their time; a newcomer arrives as soon as a tile near the home is free."""
    agents = state.agents
    for a in range(agents.present.shape[1]):
        if agents.present[w, a]:
            continue
        if agents.respawn_in[w, a] > 1:
            agents.respawn_in[w, a] -= 1
        elif move_in(state, tables, w, a):
            state.events.amount[w, a, EV_ARRIVED] += 1.0
            state.events.amount[w, a, EV_STARTER] += float(agents.money[w, a])


@compiled
def move_in(state: WorldState, tables: Tables, w: int, a: int) -> bool:
    """Someone new lives in slot ``a``: in bed, or near it; false if no tile there is free."""
    agents, rules = state.agents, tables.rules
    home, bed = int(agents.home[w, a]), int(tables.map.slot_bed[a])
    y, x = int(tables.map.object_y[bed]), int(tables.map.object_x[bed])
    i = 0
    while state.occupancy[w, y, x] >= 0:
        if i == tables.map.spawn_y.shape[1] or tables.map.spawn_y[home, i] < 0:
            return False
        y, x = int(tables.map.spawn_y[home, i]), int(tables.map.spawn_x[home, i])
        i += 1
    state.occupancy[w, y, x] = a
    agents.y[w, a], agents.x[w, a] = y, x
    agents.present[w, a] = True
    agents.fresh[w, a] = True
    agents.respawn_in[w, a] = 0
    agents.last_action[w, a] = WAIT
    agents.last_ok[w, a] = True
    span = 1.0 - rules.start_need
    agents.hunger[w, a] = rules.start_need + span * draw(state.streams, w, STREAM_WORLD)
    agents.energy[w, a] = rules.start_need + span * draw(state.streams, w, STREAM_WORLD)
    agents.hygiene[w, a] = rules.start_need + span * draw(state.streams, w, STREAM_WORLD)
    for p in range(agents.personality.shape[2]):
        agents.personality[w, a, p] = 2.0 * draw(state.streams, w, STREAM_WORLD) - 1.0
    agents.money[w, a] = rules.start_money
    agents.groceries[w, a], agents.meals[w, a] = rules.start_groceries, rules.start_meals
    hire(state, tables, w, a)
    return True
