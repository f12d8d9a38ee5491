"""The state of ``W`` towns: arrays and nothing else. Nothing outside a :class:`WorldState` remembers anything.

Axes: ``W`` worlds, ``A`` agent slots, ``O`` facility objects, ``J`` job posts, ``H`` rows and ``X`` columns of
the map, ``Q`` queue places (6), ``T`` ties (6), ``P`` prices (2), ``S`` random streams (3), ``E`` events.
Each field is ``Annotated[array type, axes, meaning]``: allocation, snapshots and checks read these, so that a
new field is one line here. All arrays are C-contiguous; compiled rules rely on that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from townlet.world.annotations import array_dtype

__all__ = [
    "QUEUE_PLACES",
    "TIE_SLOTS",
    "Agents",
    "Clock",
    "FieldSpec",
    "Objects",
    "Outside",
    "Posts",
    "Streams",
    "TickEvents",
    "Ties",
    "WorldState",
    "field_specs",
    "state_fields",
]

QUEUE_PLACES = 6
"""Agents that can wait for one object."""
TIE_SLOTS = 6
"""Ties that one agent keeps; the weakest is forgotten for a new one."""

B1 = NDArray[np.bool_]
I8 = NDArray[np.int8]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
F32 = NDArray[np.float32]


class Agents(NamedTuple):
    """One row per slot, ``[W, A]`` unless said. An empty slot keeps its home and nothing else."""

    present: Annotated[B1, "W A", "somebody lives in this slot"]
    fresh: Annotated[B1, "W A", "the next observation is the first of this life (episode start)"]
    life: Annotated[I32, "W A", "how many lived here before"]
    age: Annotated[I32, "W A", "ticks lived"]
    y: Annotated[I16, "W A", "row of the map, -1 if nobody lives here"]
    x: Annotated[I16, "W A", "column of the map, -1 if nobody lives here"]
    hunger: Annotated[F32, "W A", "0 starving .. 1 satisfied"]
    energy: Annotated[F32, "W A", "0 .. 1"]
    hygiene: Annotated[F32, "W A", "0 .. 1"]
    money: Annotated[F32, "W A", "coins, never negative"]
    groceries: Annotated[I16, "W A", "carried"]
    meals: Annotated[I16, "W A", "carried"]
    home: Annotated[I16, "W A", "place: row of tables.own_* fields (homes come first)"]
    job: Annotated[I16, "W A", "post, -1 without one"]
    personality: Annotated[F32, "W A 3", "extroversion, forgiveness, ambition, each -1 .. 1"]
    rent_unpaid: Annotated[I16, "W A", "days of rent owed"]
    rent_due: Annotated[F32, "W A", "coins of rent owed"]
    activity: Annotated[I8, "W A", "affordance under way, -1 none"]
    activity_left: Annotated[I32, "W A", "ticks until it finishes"]
    activity_object: Annotated[I16, "W A", "object it holds, -1 none"]
    queue_object: Annotated[I16, "W A", "object it queues for, -1 none"]
    push_cooldown: Annotated[I16, "W A", "ticks until it may push in again"]
    chat_cooldown: Annotated[I16, "W A", "ticks until it may start a chat again"]
    faint_left: Annotated[I16, "W A", "ticks that it still lies fainted (may only wait)"]
    goal: Annotated[I8, "W A", "goal last chosen (names.GOALS); stay before the first choice"]
    goal_left: Annotated[I16, "W A", "ticks until it is asked for anew, 0 when it is over; 0 in the primitive space"]
    last_action: Annotated[I8, "W A", "primitive action of the last tick"]
    last_ok: Annotated[B1, "W A", "whether that had its effect (true after waiting)"]
    blocked_tries: Annotated[I8, "W A", "moves in a row that an agent in the way stopped"]
    hungry_ticks: Annotated[I16, "W A", "ticks in a row with hunger at its worst"]
    neglect_ticks: Annotated[I16, "W A", "ticks in a row with another need at its worst"]
    shift_phase: Annotated[I8, "W A", "one of names.SHIFT_*: off, due, on time, late, excused"]
    in_shift: Annotated[B1, "W A", "has a job and the clock is inside its shift"]
    on_site: Annotated[B1, "W A", "stands on a tile of its job's site"]
    late_ticks: Annotated[I16, "W A", "ticks of this shift gone by before it arrived"]
    shift_worked: Annotated[I16, "W A", "ticks worked in this shift"]
    absences: Annotated[I8, "W A", "shifts missed in a row"]
    attendance: Annotated[F32, "W A", "moving average over its shifts, 0 .. 1, 1 for a newcomer"]
    last_meal_tick: Annotated[I64, "W A", "tick at which it last finished a meal, -1 never"]
    last_meal_object: Annotated[I16, "W A", "table of that meal, -1 none"]
    exit_reason: Annotated[I8, "W A", "set in the tick in which the life ended (names.EXIT_*), else 0"]
    respawn_in: Annotated[I16, "W A", "ticks until a newcomer takes the empty slot"]


class Objects(NamedTuple):
    """Facility objects: who uses them, who waits."""

    user: Annotated[I16, "W O", "agent, -1 free"]
    queue: Annotated[I16, "W O Q", "agents waiting, head first, -1 after the last"]
    queue_length: Annotated[I8, "W O", "agents waiting"]
    grace: Annotated[I16, "W O", "ticks the head has left to take its turn; counts only while it could"]
    closed_until: Annotated[I64, "W O", "closed while clock.tick is below this"]
    stock: Annotated[F32, "W O", "units left to sell; only of kinds that sell"]


class Posts(NamedTuple):
    """Job posts."""

    holder: Annotated[I16, "W J", "agent, -1 vacant"]


class Ties(NamedTuple):
    """What an agent (first ``A``) thinks of others. Empty slots have ``other`` -1 and zeros."""

    other: Annotated[I16, "W A T", "agent, -1 none"]
    trust: Annotated[F32, "W A T", "-1 .. 1"]
    familiarity: Annotated[F32, "W A T", "-1 .. 1"]
    rivalry: Annotated[F32, "W A T", "-1 .. 1"]


class Clock(NamedTuple):
    """Time and what bounds the number of exits."""

    tick: Annotated[I64, "W", "ticks done; day = tick // day_ticks, time of day = tick % day_ticks"]
    exits_today: Annotated[I16, "W", "lives ended since the day began"]
    last_exit: Annotated[I64, "W", "tick of the last exit, far in the past at first"]


class Outside(NamedTuple):
    """Events from outside, their ends, and the earliest tick at which each target may be struck again."""

    power: Annotated[B1, "W", "electricity is on"]
    water: Annotated[B1, "W", "water is on"]
    power_until: Annotated[I64, "W", "tick at which power returns"]
    water_until: Annotated[I64, "W", "tick at which water returns"]
    power_ready: Annotated[I64, "W", "no blackout before this tick"]
    water_ready: Annotated[I64, "W", "no water outage before this tick"]
    prices: Annotated[F32, "W P", "of a basket of groceries, of a cafe meal; coins"]
    price_until: Annotated[I64, "W P", "tick at which a spike ends"]
    price_ready: Annotated[I64, "W P", "no spike before this tick"]
    object_ready: Annotated[I64, "W O", "no closing before this tick"]
    meeting: Annotated[I16, "W 2", "two rivals who are to meet, -1 nobody"]
    meeting_until: Annotated[I64, "W", "tick at which the invitation lapses"]
    meeting_ready: Annotated[I64, "W", "no arranged meeting before this tick"]


class TickEvents(NamedTuple):
    """What happened in the last tick; cleared when the next begins. Indices: ``names.EV_*``."""

    amount: Annotated[F32, "W A E", "per agent and kind of event: a count, coins or an intensity"]
    started: Annotated[I8, "W A", "affordance begun in this tick, -1 none"]
    finished: Annotated[I8, "W A", "affordance completed in this tick, -1 none"]
    chat_with: Annotated[I16, "W A", "whom it had a successful chat with that it began itself, -1 nobody"]


class Streams(NamedTuple):
    """Random streams ``world``, ``events``, ``policy`` (see townlet.rng): number ``n`` of stream ``key``."""

    key: Annotated[U64, "W S", "key of the stream"]
    counter: Annotated[U64, "W S", "numbers drawn so far"]


class WorldState(NamedTuple):
    """All of it."""

    agents: Agents
    objects: Objects
    posts: Posts
    ties: Ties
    clock: Clock
    outside: Outside
    events: TickEvents
    streams: Streams
    occupancy: Annotated[I16, "W H X", "agent on the tile, -1 none"]


class FieldSpec(NamedTuple):
    """One array of a NamedTuple, as annotated."""

    name: str
    dtype: np.dtype[Any]
    axes: tuple[str, ...]
    meaning: str


def field_specs(cls: type) -> tuple[FieldSpec, ...]:
    """The annotated array fields of a NamedTuple class (fields that are NamedTuples themselves left out)."""
    specs = []
    for name, hint in get_type_hints(cls, include_extras=True).items():
        if get_origin(hint) is Annotated:
            array_type, axes, meaning = get_args(hint)
            specs.append(FieldSpec(name, array_dtype(array_type), tuple(axes.split()), meaning))
    return tuple(specs)


def state_fields(state: WorldState) -> Iterator[tuple[str, FieldSpec, NDArray[Any]]]:
    """Every array of ``state`` with its dotted name (``"agents.hunger"``) and annotation, in a fixed order."""
    for group, part in zip(state._fields, state, strict=True):
        if isinstance(part, tuple):
            for spec in field_specs(type(part)):
                yield f"{group}.{spec.name}", spec, getattr(part, spec.name)
    for spec in field_specs(WorldState):
        yield spec.name, spec, getattr(state, spec.name)
