"""The egocentric map: windows copied out of padded maps of one byte a cell, then marked with friends and rivals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from townlet.observations.channels import NEUTRAL, OCCUPIED, PER_WAITING
from townlet.observations.relations import relation
from townlet.observations.surroundings import FULL, KINDS, Surroundings
from townlet.world.compiled import compiled
from townlet.world.names import BED, DESK
from townlet.world.state import WorldState
from townlet.world.tables import Tables

__all__ = ["refresh_scratch", "write_map"]

_USUAL = 11


@compiled
def refresh_scratch(state: WorldState, tables: Tables, surroundings: Surroundings, w: int, thread: int) -> None:
    """Draw the agents and the use of facilities of world ``w`` into the thread's scratch maps."""
    r, agents = surroundings.radius, state.agents
    people, busy = surroundings.people, surroundings.busy
    for y in range(people.shape[1]):
        for x in range(people.shape[2]):
            people[thread, y, x] = 0
    for a in range(agents.present.shape[1]):
        if agents.present[w, a]:
            people[thread, int(agents.y[w, a]) + r, int(agents.x[w, a]) + r] = NEUTRAL
    objects, ground, now = state.objects, tables.map, int(state.clock.tick[w])
    for o in range(objects.user.shape[1]):
        if objects.user[w, o] >= 0 or int(objects.closed_until[w, o]) > now:
            value = OCCUPIED
        else:
            value = PER_WAITING * int(objects.queue_length[w, o])
        busy[thread, int(ground.object_y[o]) + r, int(ground.object_x[o]) + r] = value


@compiled
def _copy_window(
    out: NDArray[np.uint8], n: int, c: int, layers: NDArray[np.uint8], layer: int, y: int, x: int, size: int
) -> None:
    if size == _USUAL:  # a length known when compiling: a row becomes a few wide moves
        for i in range(_USUAL):
            for j in range(_USUAL):
                out[n, c, i, j] = layers[layer, y + i, x + j]
    else:
        for i in range(size):
            for j in range(size):
                out[n, c, i, j] = layers[layer, y + i, x + j]


@compiled
def write_map(
    state: WorldState, surroundings: Surroundings, out: NDArray[np.uint8], n: int, w: int, a: int, thread: int
) -> None:
    """Write the window of agent ``a`` into ``out[n]`` (uint8 ``[C, size, size]``), itself in the middle."""
    agents, r = state.agents, surroundings.radius
    size = 2 * r + 1
    y, x = int(agents.y[w, a]), int(agents.x[w, a])  # also the window's corner in the padded maps
    static = surroundings.ground.shape[0]
    for c in range(static):
        _copy_window(out, n, c, surroundings.ground, c, y, x, size)
    _copy_window(out, n, static, surroundings.people, thread, y, x, size)
    _copy_window(out, n, static + 1, surroundings.busy, thread, y, x, size)
    out[n, static, r, r] = 0
    ties = state.ties
    for t in range(ties.other.shape[2]):
        other = int(ties.other[w, a, t])
        if other >= 0 and agents.present[w, other]:
            dy, dx = int(agents.y[w, other]) - y, int(agents.x[w, other]) - x
            if abs(dy) <= r and abs(dx) <= r:
                out[n, static, r + dy, r + dx] = relation(ties, w, a, t)
    if surroundings.variant == FULL:
        home, job = int(agents.home[w, a]), int(agents.job[w, a])
        for k in range(KINDS):
            layer = k
            if k == BED:
                layer = KINDS + home
            elif k == DESK and job >= 0:
                layer = KINDS + int(surroundings.post_place[job])
            _copy_window(out, n, static + 2 + k, surroundings.paths, layer, y, x, size)
