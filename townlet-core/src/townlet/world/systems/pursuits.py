"""Goals: how one is pursued tick by tick, when it is over, and who is asked for the next.

In the action space ``goals`` an agent chooses a kind of facility to go to and use, to stay, or to talk. The same few
habits pursue it for everybody: walk, join the queue, use, wait. A goal is over when something was finished or
stopped from outside, when it has become impossible, or after ``ask_every`` ticks. Then the agent is asked for the
next one, but not in the middle of an activity that it would have to leave in vain, nor while it lies fainted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from townlet.world.compiled import compiled
from townlet.world.names import (
    CHAT,
    DIRECTION_X,
    DIRECTION_Y,
    EV_INTERRUPTED,
    EV_TURN_LOST,
    FIRST_KIND,
    NORTH,
    STAY,
    TALK,
    USE,
    WAIT,
)
from townlet.world.state import WorldState
from townlet.world.systems.chats import may_chat
from townlet.world.systems.facilities import could_start, in_prospect, use_possible
from townlet.world.tables import UNREACHABLE, Tables
from townlet.world.ways import way_distance, way_object, way_steps

__all__ = ["can_be_asked", "choose_goals", "end_goals", "goal_over", "goal_possible", "habit", "is_asked"]


@compiled
def is_asked(state: WorldState, tables: Tables, w: int, a: int) -> bool:
    """Whether the next action of ``a`` counts. In the primitive space that of everybody who lives here does."""
    agents = state.agents
    if tables.rules.ask_every == 0:
        return bool(agents.present[w, a])
    return agents.goal_left[w, a] == 0 and can_be_asked(state, tables, w, a)


@compiled
def can_be_asked(state: WorldState, tables: Tables, w: int, a: int) -> bool:
    """Whether ``a``, who pursues nothing, may choose a goal: not while it lies fainted or would leave in vain."""
    agents = state.agents
    if not agents.present[w, a] or agents.faint_left[w, a] > 0:
        return False
    k = int(agents.activity[w, a])
    return k < 0 or not tables.affordances.whole[k]


@compiled
def _does(state: WorldState, tables: Tables, w: int, a: int, kind: int) -> bool:
    """Whether ``a`` is using a facility of this kind."""
    k = int(state.agents.activity[w, a])
    return k >= 0 and int(tables.affordances.facility[k]) == kind


@compiled
def goal_possible(state: WorldState, tables: Tables, w: int, a: int, goal: int) -> bool:
    """Whether ``a`` could pursue a goal (``names.GOALS``) as things stand."""
    if goal == STAY:
        return True
    if goal == TALK:
        return may_chat(state, tables, w, a)
    kind = goal - FIRST_KIND
    if _does(state, tables, w, a, kind):
        return True
    if way_distance(state, tables, w, a, kind) == UNREACHABLE:
        return False
    o = way_object(state, tables, w, a, kind)
    return o >= 0 and in_prospect(state, tables, w, a, o)


@compiled
def _step_of(state: WorldState, tables: Tables, w: int, a: int, kind: int) -> int:
    """A step on the way, if possible to a tile where nobody stands; `wait` where no step leads on."""
    y, x = int(state.agents.y[w, a]), int(state.agents.x[w, a])
    steps = way_steps(state, tables, w, a, kind)
    chosen = WAIT
    for d in range(4):
        if (steps >> d) & 1 == 0:
            continue
        if state.occupancy[w, y + DIRECTION_Y[d], x + DIRECTION_X[d]] < 0:
            return NORTH + d
        if chosen == WAIT:
            chosen = NORTH + d
    return chosen


@compiled
def habit(state: WorldState, tables: Tables, w: int, a: int, goal: int) -> int:
    """The primitive action by which ``a`` serves a goal now; `wait` for somebody who is away or lies fainted."""
    if not state.agents.present[w, a] or state.agents.faint_left[w, a] > 0:
        return WAIT
    if goal == STAY:
        return WAIT
    if goal == TALK:
        return CHAT if may_chat(state, tables, w, a) else WAIT
    kind = goal - FIRST_KIND
    if _does(state, tables, w, a, kind):
        return WAIT
    o = way_object(state, tables, w, a, kind)
    if o < 0:
        return WAIT
    if int(tables.map.use_object[int(state.agents.y[w, a]), int(state.agents.x[w, a])]) != o:
        return _step_of(state, tables, w, a, kind)
    if could_start(state, tables, w, a, o) >= 0:
        return USE
    if int(state.agents.queue_object[w, a]) != o and use_possible(state, tables, w, a):
        return USE
    return WAIT


@compiled
def choose_goals(state: WorldState, tables: Tables, actions: NDArray[np.int64], w: int) -> None:
    """Take the goals (int64 ``[N]``) of those who are asked; everybody's habits choose the action of this tick."""
    agents = state.agents
    count = agents.present.shape[1]
    for a in range(count):
        if is_asked(state, tables, w, a):
            agents.goal[w, a] = int(actions[w * count + a])
            agents.goal_left[w, a] = tables.rules.ask_every
        if agents.goal_left[w, a] > 0:
            agents.goal_left[w, a] -= 1
        agents.last_action[w, a] = habit(state, tables, w, a, int(agents.goal[w, a]))


@compiled
def goal_over(state: WorldState, tables: Tables, w: int, a: int, goal: int) -> bool:
    """Whether a goal that ``a`` pursued in the tick that just passed is over, for better or worse."""
    agents, events = state.agents, state.events
    return (
        not agents.present[w, a]
        or agents.faint_left[w, a] > 0
        or goal == TALK
        or events.finished[w, a] >= 0
        or events.amount[w, a, EV_INTERRUPTED] > 0.0
        or events.amount[w, a, EV_TURN_LOST] > 0.0
        or not goal_possible(state, tables, w, a, goal)
    )


@compiled
def end_goals(state: WorldState, tables: Tables, w: int) -> None:
    """Those whose goal is over are free."""
    agents = state.agents
    for a in range(agents.present.shape[1]):
        if agents.goal_left[w, a] > 0 and goal_over(state, tables, w, a, int(agents.goal[w, a])):
            agents.goal_left[w, a] = 0
