"""The beginning of a tick: what happened in the last one is over, and everybody has chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from townlet.world.compiled import compiled
from townlet.world.names import EXIT_NONE, WAIT
from townlet.world.state import WorldState
from townlet.world.systems.pursuits import choose_goals
from townlet.world.tables import Tables

__all__ = ["begin_tick"]


@compiled
def begin_tick(state: WorldState, tables: Tables, actions: NDArray[np.int64], w: int) -> None:
    """Clear the events and take the actions (int64 ``[N]``); who is away or lies fainted waits whatever was chosen.

    In the space ``goals`` the actions are goals, and habits choose what serves them.
    """
    agents, events = state.agents, state.events
    count, kinds = events.amount.shape[1], events.amount.shape[2]
    for a in range(count):
        for e in range(kinds):
            events.amount[w, a, e] = 0.0
        events.started[w, a] = -1
        events.finished[w, a] = -1
        events.chat_with[w, a] = -1
        agents.fresh[w, a] = False
        agents.exit_reason[w, a] = EXIT_NONE
        agents.last_ok[w, a] = True
        if tables.rules.ask_every == 0:
            able = agents.present[w, a] and agents.faint_left[w, a] == 0
            agents.last_action[w, a] = int(actions[w * count + a]) if able else WAIT
    if tables.rules.ask_every > 0:
        choose_goals(state, tables, actions, w)
