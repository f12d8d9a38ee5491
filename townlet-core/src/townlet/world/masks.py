"""What each agent can do now. An action that the mask allows has an effect, or fails for a reason in the rules.

Such reasons: somebody else was first (a bump, a queue in place of a start, a queue that filled up), the partner of
a chat went away, a chat went badly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.world.compiled import compiled
from townlet.world.names import CHAT, DIRECTION_X, DIRECTION_Y, GOALS, NORTH, STAY, USE, WAIT, YIELD
from townlet.world.state import WorldState
from townlet.world.systems.chats import may_chat
from townlet.world.systems.facilities import use_possible
from townlet.world.systems.pursuits import goal_possible, is_asked
from townlet.world.systems.queues import may_yield
from townlet.world.tables import Tables
from townlet.world.tick import as_state, as_tables

__all__ = ["mask_world", "mask_worlds"]


@compiled
def mask_world(state: WorldState, tables: Tables, mask: NDArray[np.bool_], asked: NDArray[np.bool_], w: int) -> None:
    """Write the rows ``w * A .. w * A + A - 1`` of ``mask`` (bool ``[N, K]``) and ``asked`` (bool ``[N]``).

    ``K`` is 8 in the space ``primitive``, 10 in ``goals``, where only action 0 is left to rows that are not asked.
    Views in compiled code.
    """
    count = state.agents.present.shape[1]
    for a in range(count):
        asked[w * count + a] = is_asked(state, tables, w, a)
    if tables.rules.ask_every == 0:
        _mask_actions(state, tables, mask, w)
    else:
        _mask_goals(state, tables, mask, asked, w)


@compiled
def _mask_goals(state: WorldState, tables: Tables, mask: NDArray[np.bool_], asked: NDArray[np.bool_], w: int) -> None:
    count = state.agents.present.shape[1]
    for a in range(count):
        row = w * count + a
        mask[row, STAY] = True
        for goal in range(STAY + 1, len(GOALS)):
            mask[row, goal] = asked[row] and goal_possible(state, tables, w, a, goal)


@compiled
def _mask_actions(state: WorldState, tables: Tables, mask: NDArray[np.bool_], w: int) -> None:
    agents = state.agents
    count = agents.present.shape[1]
    for a in range(count):
        row = w * count + a
        able = agents.present[w, a] and agents.faint_left[w, a] == 0
        mask[row, WAIT] = True
        y, x = int(agents.y[w, a]), int(agents.x[w, a])
        for d in range(4):
            mask[row, NORTH + d] = able and tables.map.walkable[y + DIRECTION_Y[d], x + DIRECTION_X[d]] != 0
        mask[row, USE] = able and use_possible(state, tables, w, a)
        mask[row, CHAT] = able and may_chat(state, tables, w, a)
        mask[row, YIELD] = able and may_yield(state, w, a)


@compiled
def mask_worlds(
    state_ref: Any, tables_ref: Any, mask: NDArray[np.bool_], asked: NDArray[np.bool_], w0: int, w1: int
) -> None:
    """The masks of worlds ``w0 .. w1 - 1``. An entry point: takes the ``ref`` of bound state and tables."""
    state, tables = as_state(state_ref), as_tables(tables_ref)
    for w in range(w0, w1):
        mask_world(state, tables, mask, asked, w)
