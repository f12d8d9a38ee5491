"""The compiled tables of a town: its map, affordances, posts and rules as arrays and numbers that never change.

Shared by all worlds of a run. Axes: ``H`` rows, ``X`` columns, ``O`` objects, ``D`` places (homes first, then
job sites), ``A`` agent slots, ``J`` posts, ``K`` affordances, ``L`` local fields of ``M`` tiles, ``N`` entries of a
list. A *place* is a home or a job site; its fields lead to the nearest tile from which `use` acts on one of its
beds or desks. What leads to one's own bed or desk is in :mod:`townlet.world.ways`. The arrays are read-only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet.config.town import TownConfig

__all__ = ["UNREACHABLE", "AffordanceTable", "MapTable", "PostTable", "Rules", "ScheduleTable", "Tables", "Town"]

UNREACHABLE: Final = 65535
"""Distance from a tile (a wall, a counter) from which one cannot walk there."""

B1 = NDArray[np.bool_]
U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
I8 = NDArray[np.int8]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
F32 = NDArray[np.float32]


class MapTable(NamedTuple):
    """The ground and the ways over it."""

    walkable: Annotated[U8, "H X", "1 where an agent can stand"]
    wall: Annotated[U8, "H X", "1 where a wall stands"]
    object_at: Annotated[I16, "H X", "object on the tile, -1 none"]
    use_object: Annotated[I16, "H X", "object that `use` acts on from the tile: under it or beside it, -1 none"]
    place_at: Annotated[I16, "H X", "place whose ground the tile is, -1 none"]
    object_kind: Annotated[I8, "O", "facility kind"]
    object_y: Annotated[I16, "O", "row"]
    object_x: Annotated[I16, "O", "column"]
    object_place: Annotated[I16, "O", "place it belongs to, -1 public"]
    kind_distance: Annotated[U16, "H X 8", "steps to the nearest tile that serves a facility kind, 65535 no way"]
    kind_steps: Annotated[U8, "H X 8", "bit d set where a step in direction d (N, E, S, W) shortens that way"]
    kind_nearest: Annotated[I16, "H X 8", "the object at the end of that way, -1 none"]
    place_distance: Annotated[U16, "D H X", "steps to the nearest bed or desk of a place"]
    place_steps: Annotated[U8, "D H X", "as kind_steps"]
    slot_home: Annotated[I16, "A", "home of a slot (a place)"]
    slot_bed: Annotated[I16, "A", "bed of a slot (an object)"]
    own_local: Annotated[I16, "O", "row of the local fields for a bed or desk, -1 for anything else"]
    local_distance: Annotated[U16, "L M", "steps to that very bed or desk, for the tiles of its place row by row"]
    local_steps: Annotated[U8, "L M", "as kind_steps"]
    place_top: Annotated[I16, "D", "first row of a place's ground"]
    place_left: Annotated[I16, "D", "first column"]
    place_columns: Annotated[I16, "D", "columns of its ground"]
    spawn_y: Annotated[I16, "D N", "rows of the tiles of a home on which a newcomer may appear, best first, -1 none"]
    spawn_x: Annotated[I16, "D N", "columns of the same"]
    chat_dy: Annotated[I8, "R", "offsets of the tiles in reach of a chat, nearest first"]
    chat_dx: Annotated[I8, "R", "columns of the same"]


class AffordanceTable(NamedTuple):
    """What can be done at facilities; compiled from the manifest. Effects columns: ``names.FX_*``."""

    facility: Annotated[I8, "K", "facility kind"]
    duration: Annotated[I32, "K", "ticks"]
    whole: Annotated[B1, "K", "something is taken at its start or given at its end, in vain if it is left early"]
    flags: Annotated[I32, "K", "names.FLAG_*: what must hold to start, and (power, water, in shift) to go on"]
    need_most: Annotated[F32, "K 3", "start only if the need is at most this"]
    min_items: Annotated[I16, "K 2", "groceries, meals carried"]
    min_stock: Annotated[F32, "K", "units on sale"]
    min_money: Annotated[F32, "K 3", "coins: constant, times price of groceries, times price of a meal"]
    at_start: Annotated[F32, "K 10", "effects when it begins"]
    each_tick: Annotated[F32, "K 10", "effects in each tick"]
    at_end: Annotated[F32, "K 10", "effects when it is completed"]
    decay: Annotated[F32, "K 3", "factor on the fall of each need meanwhile"]
    sociable: Annotated[B1, "K", "one can chat meanwhile"]
    of_kind: Annotated[I8, "8 4", "affordances of a facility kind in order of preference, -1 padded"]


class PostTable(NamedTuple):
    """Job posts, sorted by place."""

    place: Annotated[I16, "J", "site"]
    desk: Annotated[I16, "J", "desk (an object); its posts do not overlap"]
    start: Annotated[I32, "J", "first tick of the shift, of the day"]
    end: Annotated[I32, "J", "tick after the last"]
    wage: Annotated[F32, "J", "coins a tick"]
    first: Annotated[I16, "D1", "posts of place d are first[d] .. first[d + 1] - 1 (D + 1 entries)"]
    of_home: Annotated[I16, "D N", "posts that people of a home take, nearest sites first, -1 padded"]


class ScheduleTable(NamedTuple):
    """Events on a timetable, one row for each target."""

    day: Annotated[I32, "G", "day, -1 every day"]
    at: Annotated[I32, "G", "tick of the day"]
    event: Annotated[I8, "G", "names.OUTSIDE_KINDS"]
    ticks: Annotated[I32, "G", "how long"]
    target: Annotated[I16, "G", "price, object or agent, -1 none"]
    other: Annotated[I16, "G", "second agent of a meeting, -1 none"]
    factor: Annotated[F32, "G", "on a price"]


class Rules(NamedTuple):
    """Numbers of the rules, from the config; units there. ``ask_every`` is 0 in the primitive action space."""

    ask_every: int
    day_ticks: int
    hour_ticks: int
    hunger_decay: float
    energy_decay: float
    hygiene_decay: float
    company_effect: float
    ghost_after: int
    grace_ticks: int
    push_cooldown: int
    late_grace: int
    late_fee: float
    abandoned_after: int
    attended_share: float
    attendance_memory: float
    absences_allowed: int
    rent: float
    rent_days: int
    base_groceries: float
    base_meal: float
    stock_till: float
    stock_counter: float
    start_money: float
    start_groceries: int
    start_meals: int
    start_need: float
    shared_meal_window: int
    shared_meal_bonus: float
    chat_base: float
    chat_trust: float
    chat_familiarity: float
    chat_cooldown: int
    tie_decay: float
    collapse_ticks: int
    neglect_ticks: int
    faint_ticks: int
    faint_energy: float
    exits_per_day: int
    exit_gap: int
    respawn_min: int
    respawn_max: int
    outside_on: bool
    rate_price: float
    rate_power: float
    rate_water: float
    rate_closure: float
    rate_meeting: float
    spike_factor: float
    spike_ticks: int
    outage_ticks: int
    closure_ticks: int
    meeting_ticks: int
    outside_cooldown: int


class Tables(NamedTuple):
    """What compiled rules get beside the state."""

    map: MapTable
    affordances: AffordanceTable
    posts: PostTable
    schedule: ScheduleTable
    rules: Rules


@dataclass(frozen=True, slots=True)
class Town:
    """A town ready to be lived in: the compiled tables, and the words for their numbers.

    Attributes:
        config: what it was compiled from.
        tables: for compiled rules.
        agents: ``A``, agent slots.
        glyphs: the map's rows of text, ``H`` strings of ``X`` characters.
        affordances: ids, by number.
        places: names of homes and sites, by number.
        objects: names such as ``"stove 2"``, by number.
        homes: how many of the places are homes.
        digest: SHA-256 (hex) of the tables; a snapshot of one town is refused by another.
    """

    config: TownConfig
    tables: Tables
    agents: int
    glyphs: tuple[str, ...]
    affordances: tuple[str, ...]
    places: tuple[str, ...]
    objects: tuple[str, ...]
    homes: int
    digest: str
