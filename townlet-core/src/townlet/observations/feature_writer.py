"""The named features of one agent: places and scales are those of :mod:`townlet.observations.features`."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from townlet.observations.channels import FRIEND, RIVAL
from townlet.observations.features import TIE_PARTS, feature_names, scale
from townlet.observations.relations import best_ties
from townlet.observations.surroundings import KINDS, Surroundings
from townlet.world.compiled import compiled
from townlet.world.names import DIRECTION_X, DIRECTION_Y, GOALS
from townlet.world.state import QUEUE_PLACES, WorldState
from townlet.world.systems.facilities import could_start
from townlet.world.tables import UNREACHABLE, Tables
from townlet.world.ways import way_distance, way_object, way_steps

__all__ = ["write_features"]

_NAMES: Final = feature_names()
_OWN: Final = _NAMES.index("wallet")
_TIME: Final = _NAMES.index("time_sin")
_JOB: Final = _NAMES.index("has_job")
_LAST: Final = _NAMES.index("last_wait")
_DOING: Final = _NAMES.index("doing_none")
_QUEUE: Final = _NAMES.index("in_queue")
_POWER: Final = _NAMES.index("power")
_KIND: Final = _NAMES.index("bed_north")
_PERSON: Final = _NAMES.index("extroversion")
_TIES: Final = _NAMES.index("friend1_trust")
_PRICES: Final = _NAMES.index("price_groceries")
_BLOCKED: Final = _NAMES.index("blocked")
_RESET: Final = _NAMES.index("context_reset")
_LEFT: Final = _NAMES.index("activity_left")
_LAST_OK: Final = _NAMES.index("last_ok")
_WIDTH: Final = len(TIE_PARTS)
_PURSE: Final = scale("wallet")
_CARRY: Final = scale("groceries")
_LATE: Final = scale("lateness")
_NEAR: Final = scale("bed_distance")
_REACH: Final = int(scale("friend1_dy"))

Rows = NDArray[np.float32]


@compiled
def _write_own(
    state: WorldState, tables: Tables, surroundings: Surroundings, out: Rows, n: int, w: int, a: int
) -> None:
    agents, rules = state.agents, tables.rules
    out[n, 0] = agents.hunger[w, a]
    out[n, 1] = agents.energy[w, a]
    out[n, 2] = agents.hygiene[w, a]
    money = float(agents.money[w, a])
    out[n, _OWN] = money / (money + _PURSE)
    out[n, _OWN + 1] = min(float(agents.rent_unpaid[w, a]) / rules.rent_days, 1.0)
    out[n, _OWN + 2] = min(float(agents.groceries[w, a]) / _CARRY, 1.0)
    out[n, _OWN + 3] = min(float(agents.meals[w, a]) / _CARRY, 1.0)
    now = int(state.clock.tick[w]) % rules.day_ticks
    out[n, _TIME] = surroundings.time[now, 0]
    out[n, _TIME + 1] = surroundings.time[now, 1]
    job = int(agents.job[w, a])
    for i in range(_JOB, _JOB + 5):
        out[n, i] = 0.0
    out[n, _JOB + 7] = 0.0
    if job >= 0:
        out[n, _JOB] = 1.0
        out[n, _JOB + 2] = 1.0 if agents.on_site[w, a] else 0.0
        if agents.in_shift[w, a]:
            out[n, _JOB + 1] = 1.0
            out[n, _JOB + 4] = max(int(tables.posts.end[job]) - now, 0) / rules.day_ticks
        else:
            out[n, _JOB + 3] = ((int(tables.posts.start[job]) - now) % rules.day_ticks) / rules.day_ticks
        out[n, _JOB + 7] = float(tables.posts.wage[job]) / surroundings.best_wage
    out[n, _JOB + 5] = min(float(agents.late_ticks[w, a]) / _LATE, 1.0)
    out[n, _JOB + 6] = agents.attendance[w, a]


@compiled
def _write_doing(state: WorldState, tables: Tables, out: Rows, n: int, w: int, a: int) -> None:
    agents = state.agents
    table = tables.affordances
    for i in range(_LAST, _POWER):
        out[n, i] = 0.0
    for i in range(_DOING, _DOING + 1 + table.duration.shape[0]):
        out[n, i] = 0.0
    out[n, _LAST + int(agents.last_action[w, a])] = 1.0
    if agents.last_ok[w, a]:
        out[n, _LAST_OK] = 1.0
    activity = int(agents.activity[w, a])
    out[n, _DOING + 1 + activity] = 1.0  # -1: none, which comes first
    if activity >= 0:
        out[n, _LEFT] = float(agents.activity_left[w, a]) / max(int(table.duration[activity]), 1)
    o = int(agents.queue_object[w, a])
    if o >= 0:
        out[n, _QUEUE] = 1.0
        objects = state.objects
        for place in range(QUEUE_PLACES):
            if objects.queue[w, o, place] == a:
                out[n, _QUEUE + 1] = (place + 1) / QUEUE_PLACES
        out[n, _QUEUE + 2] = int(objects.queue_length[w, o]) / QUEUE_PLACES
    out[n, _QUEUE + 3] = float(agents.push_cooldown[w, a]) / max(tables.rules.push_cooldown, 1)


@compiled
def _write_kinds(state: WorldState, tables: Tables, out: Rows, n: int, w: int, a: int) -> None:
    agents, ground, objects = state.agents, tables.map, state.objects
    y, x = int(agents.y[w, a]), int(agents.x[w, a])
    blocked = 0  # bit d: somebody stands in direction d
    for d in range(4):
        ny, nx = y + DIRECTION_Y[d], x + DIRECTION_X[d]
        inside = 0 <= ny < ground.walkable.shape[0] and 0 <= nx < ground.walkable.shape[1]
        if inside and state.occupancy[w, ny, nx] >= 0:
            blocked |= 1 << d
    in_use = int(ground.use_object[y, x])
    for k in range(KINDS):
        distance = way_distance(state, tables, w, a, k)
        steps = way_steps(state, tables, w, a, k)
        o = way_object(state, tables, w, a, k)
        at = _KIND + 8 * k
        for d in range(4):
            bit = (steps >> d) & 1
            out[n, at + d] = bit * (1.0 - 0.5 * ((blocked >> d) & 1))
        if o < 0 or distance == UNREACHABLE:
            out[n, at + 4] = 1.0
            out[n, at + 5] = 0.0
            out[n, at + 6] = 0.0
            out[n, at + 7] = 0.0
        else:
            out[n, at + 4] = distance / (distance + _NEAR)
            using = 1 if objects.user[w, o] >= 0 else 0
            out[n, at + 5] = min((using + int(objects.queue_length[w, o])) / QUEUE_PLACES, 1.0)
            out[n, at + 6] = 1.0 if could_start(state, tables, w, a, o) >= 0 else 0.0
            out[n, at + 7] = 1.0 if in_use == o else 0.0


@compiled
def _write_tie(state: WorldState, out: Rows, n: int, at: int, w: int, a: int, t: int) -> None:
    if t < 0:
        for i in range(_WIDTH):
            out[n, at + i] = 0.0
        return
    agents, ties = state.agents, state.ties
    out[n, at] = ties.trust[w, a, t]
    out[n, at + 1] = ties.familiarity[w, a, t]
    out[n, at + 2] = ties.rivalry[w, a, t]
    other = int(ties.other[w, a, t])
    dy, dx = 0, 0
    if agents.present[w, other]:
        dy = int(agents.y[w, other]) - int(agents.y[w, a])
        dx = int(agents.x[w, other]) - int(agents.x[w, a])
    out[n, at + 3] = min(max(dy, -_REACH), _REACH) / _REACH
    out[n, at + 4] = min(max(dx, -_REACH), _REACH) / _REACH


@compiled
def write_features(
    state: WorldState, tables: Tables, surroundings: Surroundings, out: Rows, n: int, w: int, a: int
) -> None:
    """Write every feature of agent ``a`` of world ``w`` into ``out[n]`` (float32 ``[F]``)."""
    agents, rules = state.agents, tables.rules
    _write_own(state, tables, surroundings, out, n, w, a)
    _write_doing(state, tables, out, n, w, a)
    out[n, _POWER] = 1.0 if state.outside.power[w] else 0.0
    out[n, _POWER + 1] = 1.0 if state.outside.water[w] else 0.0
    _write_kinds(state, tables, out, n, w, a)
    for i in range(3):
        out[n, _PERSON + i] = agents.personality[w, a, i]
    friend1, friend2 = best_ties(state.ties, w, a, FRIEND)
    rival1, rival2 = best_ties(state.ties, w, a, RIVAL)
    _write_tie(state, out, n, _TIES, w, a, friend1)
    _write_tie(state, out, n, _TIES + _WIDTH, w, a, friend2)
    _write_tie(state, out, n, _TIES + 2 * _WIDTH, w, a, rival1)
    _write_tie(state, out, n, _TIES + 3 * _WIDTH, w, a, rival2)
    out[n, _PRICES] = float(state.outside.prices[w, 0]) / rules.base_groceries
    out[n, _PRICES + 1] = float(state.outside.prices[w, 1]) / rules.base_meal
    out[n, _BLOCKED] = min(int(agents.blocked_tries[w, a]) / rules.ghost_after, 1.0)
    out[n, _RESET] = 1.0 if agents.fresh[w, a] else 0.0
    goals = _DOING + 1 + tables.affordances.duration.shape[0]
    if rules.ask_every > 0 and out.shape[1] > goals:
        for goal in range(len(GOALS)):
            out[n, goals + goal] = 1.0 if agents.goal[w, a] == goal else 0.0
