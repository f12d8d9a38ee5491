"""One tick of a town, as a table of contents.

What an agent saw (``masks`` and observations are made after a tick) is what its action meets: actions come first,
time and chance after them.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.world.compiled import compiled, jit_enabled
from townlet.world.state import WorldState
from townlet.world.systems.activities import run_activities
from townlet.world.systems.beginning import begin_tick
from townlet.world.systems.chats import run_chats
from townlet.world.systems.economy import collect_rent, start_day
from townlet.world.systems.facilities import use_facilities
from townlet.world.systems.lives import count_misery, end_lives, receive_newcomers
from townlet.world.systems.movement import move_agents
from townlet.world.systems.needs import fall_of_needs
from townlet.world.systems.outside import run_outside
from townlet.world.systems.pursuits import end_goals
from townlet.world.systems.queues import run_queues, yield_turns
from townlet.world.systems.shifts import run_shifts
from townlet.world.systems.ties import fade_ties
from townlet.world.tables import Tables
from townlet.world.views import Bound, viewer

__all__ = ["as_state", "as_tables", "step_towns", "tick_world", "tick_worlds"]

as_state = viewer(WorldState)
as_tables = viewer(Tables)


@compiled
def tick_world(state: WorldState, tables: Tables, actions: NDArray[np.int64], w: int) -> None:
    """One tick of world ``w``; ``actions`` int64 ``[N]``, row ``w * A + a``. Views in compiled code."""
    begin_tick(state, tables, actions, w)
    # what everybody chose
    move_agents(state, tables, w)
    yield_turns(state, tables, w)
    use_facilities(state, tables, w)
    run_chats(state, tables, w)
    # what follows from it
    run_activities(state, tables, w)
    fall_of_needs(state, tables, w)
    run_queues(state, tables, w)
    fade_ties(state, tables, w)
    # time goes on
    state.clock.tick[w] += 1
    start_day(state, tables, w)
    run_outside(state, tables, w)
    run_shifts(state, tables, w)
    collect_rent(state, w)
    # lives end and begin
    count_misery(state, w)
    end_lives(state, tables, w)
    receive_newcomers(state, tables, w)
    # who is to choose next
    end_goals(state, tables, w)


@compiled
def tick_worlds(state_ref: Any, tables_ref: Any, actions: NDArray[np.int64], w0: int, w1: int) -> None:
    """One tick of the worlds ``w0 .. w1 - 1``. An entry point: takes the ``ref`` of bound state and tables."""
    state, tables = as_state(state_ref), as_tables(tables_ref)
    for w in range(w0, w1):
        tick_world(state, tables, actions, w)


def step_towns(state: Bound, tables: Bound, actions: NDArray[np.int64], *, threads: int = 1) -> None:
    """One tick of all worlds; the result does not depend on ``threads``.

    Args:
        state: a bound :class:`WorldState`, changed in place.
        tables: the bound tables of its town.
        actions: int64 ``[N]``; possible ones (see :mod:`townlet.world.masks`). An impossible one has no effect, and
            in the space ``goals`` only those who are asked are heard.
        threads: how many to use; each steps a range of worlds without the GIL.
    """
    worlds = len(state.value.clock.tick)
    if not jit_enabled():
        with np.errstate(over="ignore"):
            tick_worlds(state.ref, tables.ref, actions, 0, worlds)
        return
    bounds: Sequence[int] = np.linspace(0, worlds, min(threads, worlds) + 1).astype(int).tolist()
    others = [
        threading.Thread(target=tick_worlds, args=(state.ref, tables.ref, actions, w0, w1))
        for w0, w1 in pairwise(bounds[1:])
    ]
    for thread in others:
        thread.start()
    tick_worlds(state.ref, tables.ref, actions, bounds[0], bounds[1])
    for thread in others:
        thread.join()
