"""Goals for single agents of a town whose actions are primitive: the habits of ``goals``, led from outside the town.

What somebody pursues is then no part of the town's state: whoever leads an agent remembers its goal, and how long it
still holds, and hands both in. Played so, a town goes on tick by tick as one in which everybody chooses goals.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.world.compiled import compiled
from townlet.world.names import GOALS, STAY
from townlet.world.systems.pursuits import can_be_asked, goal_over, goal_possible, habit
from townlet.world.tick import as_state, as_tables

__all__ = ["choices_of", "habits_of"]


@compiled
def choices_of(
    state_ref: Any,
    tables_ref: Any,
    rows: NDArray[np.intp],
    goal: NDArray[np.int64],
    left: NDArray[np.int64],
    mask: NDArray[np.bool_],
    asked: NDArray[np.bool_],
) -> None:
    """After a tick: whose goal is over, who is to choose, and what. An entry point: takes ``ref`` of bound values.

    Args:
        state_ref: the towns.
        tables_ref: their tables.
        rows: the agents that are led: intp ``[n]``.
        goal: what each pursues: int64 ``[n]``; a new life begins with `stay`.
        left: for how many ticks more, 0 for one that is over: int64 ``[n]``; both are written.
        mask: bool ``[n, 10]``, the goals that are possible, to be written; `stay` alone for those who are not asked.
        asked: bool ``[n]``, to be written.
    """
    state, tables = as_state(state_ref), as_tables(tables_ref)
    count = state.agents.present.shape[1]
    for i in range(len(rows)):
        w, a = divmod(int(rows[i]), count)
        if state.agents.fresh[w, a]:
            goal[i], left[i] = STAY, 0
        if left[i] > 0 and goal_over(state, tables, w, a, int(goal[i])):
            left[i] = 0
        asked[i] = left[i] == 0 and can_be_asked(state, tables, w, a)
        mask[i, STAY] = True
        for g in range(STAY + 1, len(GOALS)):
            mask[i, g] = asked[i] and goal_possible(state, tables, w, a, g)


@compiled
def habits_of(
    state_ref: Any, tables_ref: Any, rows: NDArray[np.intp], goal: NDArray[np.int64], actions: NDArray[np.int64]
) -> None:
    """The primitive action that serves the goal of each row: int64 ``[n]``, written. See :func:`choices_of`."""
    state, tables = as_state(state_ref), as_tables(tables_ref)
    count = state.agents.present.shape[1]
    for i in range(len(rows)):
        w, a = divmod(int(rows[i]), count)
        actions[i] = habit(state, tables, w, a, int(goal[i]))
