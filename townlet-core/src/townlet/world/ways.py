"""Where a hint leads: to one's own bed, to one's own desk, to the nearest object of any other kind.

Far from home the way to a bed is that of the whole house (one field a house, however many live there); on its own
ground it is the way to that very bed. The same for the desk of a post.
"""

from __future__ import annotations

from townlet.world.compiled import compiled
from townlet.world.names import BED, DESK
from townlet.world.state import WorldState
from townlet.world.tables import UNREACHABLE, Tables

__all__ = ["own_object", "way_distance", "way_object", "way_steps"]


@compiled
def own_object(state: WorldState, tables: Tables, w: int, a: int, kind: int) -> int:
    """The bed or desk (kinds ``BED``, ``DESK``) that is ``a``'s own; -1 for other kinds and without a job."""
    if kind == BED:
        return int(tables.map.slot_bed[a])
    job = int(state.agents.job[w, a])
    if kind == DESK and job >= 0:
        return int(tables.posts.desk[job])
    return -1


@compiled
def way_object(state: WorldState, tables: Tables, w: int, a: int, kind: int) -> int:
    """The object at the end of the way, -1 if there is none of the kind."""
    own = own_object(state, tables, w, a, kind)
    if own >= 0:
        return own
    return int(tables.map.kind_nearest[int(state.agents.y[w, a]), int(state.agents.x[w, a]), kind])


@compiled
def _local(tables: Tables, own: int, y: int, x: int) -> int:
    """Number of the tile in the local fields of object ``own``, -1 where those do not lead to it."""
    ground = tables.map
    place = int(ground.object_place[own])
    if ground.place_at[y, x] != place:
        return -1
    tile = (y - int(ground.place_top[place])) * int(ground.place_columns[place]) + x - int(ground.place_left[place])
    return tile if int(ground.local_distance[int(ground.own_local[own]), tile]) != UNREACHABLE else -1


@compiled
def way_distance(state: WorldState, tables: Tables, w: int, a: int, kind: int) -> int:
    """Steps to a tile that serves it (off one's own ground: the nearest of the place); 65535 without a way."""
    y, x = int(state.agents.y[w, a]), int(state.agents.x[w, a])
    own = own_object(state, tables, w, a, kind)
    if own < 0:
        return int(tables.map.kind_distance[y, x, kind])
    tile = _local(tables, own, y, x)
    if tile >= 0:
        return int(tables.map.local_distance[int(tables.map.own_local[own]), tile])
    return int(tables.map.place_distance[int(tables.map.object_place[own]), y, x])


@compiled
def way_steps(state: WorldState, tables: Tables, w: int, a: int, kind: int) -> int:
    """Bit ``d`` set where a step in direction ``d`` (N, E, S, W) shortens the way."""
    y, x = int(state.agents.y[w, a]), int(state.agents.x[w, a])
    own = own_object(state, tables, w, a, kind)
    if own < 0:
        return int(tables.map.kind_steps[y, x, kind])
    tile = _local(tables, own, y, x)
    if tile >= 0:
        return int(tables.map.local_steps[int(tables.map.own_local[own]), tile])
    return int(tables.map.place_steps[int(tables.map.object_place[own]), y, x])
