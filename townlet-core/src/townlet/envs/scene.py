"""What there is to draw of one town at one tick, read out of the state once for every kind of picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet.envs.terrain import rooms_of, terrain
from townlet.world.names import FACILITY_KINDS
from townlet.world.state import WorldState
from townlet.world.tables import Town

__all__ = ["KIND_LETTERS", "Facility", "Person", "Scene", "TieLine", "read_scene"]

KIND_LETTERS = dict(zip(FACILITY_KINDS, "BSOTGCDN", strict=True))
"""bed B, shower S, stove (oven) O, table T, till (groceries) G, counter (cafe) C, desk D, bench N."""

_TIE_SHOWN = 0.1  # ties weaker than this are not drawn


@dataclass(frozen=True, slots=True)
class Person:
    """One agent. Needs are 0 .. 1; ``queue_place`` is 1 for the head of a queue, 0 outside of one."""

    slot: int
    name: str
    y: int
    x: int
    needs: tuple[float, float, float]
    money: float
    doing: str
    queue_place: int


@dataclass(frozen=True, slots=True)
class Facility:
    """One facility object."""

    kind: str
    y: int
    x: int
    used: bool
    closed: bool
    waiting: int


@dataclass(frozen=True, slots=True)
class TieLine:
    """A tie between two agents (slots): ``friendly`` or a rivalry, with its strength 0 .. 1."""

    one: int
    other: int
    friendly: bool
    strength: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A town at one tick.

    ``walls`` bool, ``places`` int16 (-1 street) and ``terrain`` (a glyph a tile: ``#~._,``) are ``[H, X]``; ``rooms``
    are boxes (top, left, bottom, right), and ``uses`` says what the floor of a tile (y, x) is for.
    """

    day: int
    time: float
    power: bool
    water: bool
    walls: NDArray[np.bool_]
    places: NDArray[np.int16]
    homes: int
    terrain: NDArray[np.str_]
    rooms: tuple[tuple[int, int, int, int], ...]
    uses: Mapping[tuple[int, int], str]
    people: tuple[Person, ...]
    facilities: tuple[Facility, ...]
    ties: tuple[TieLine, ...]


def read_scene(town: Town, state: WorldState, names: tuple[str, ...], world: int) -> Scene:
    """Read world ``world``."""
    tables, w = town.tables, world
    tick, day_ticks = int(state.clock.tick[w]), tables.rules.day_ticks
    ground = _ground(_Same(town))
    return Scene(
        day=tick // day_ticks,
        time=tick % day_ticks / day_ticks,
        power=bool(state.outside.power[w]),
        water=bool(state.outside.water[w]),
        walls=tables.map.wall > 0,
        places=tables.map.place_at,
        homes=town.homes,
        terrain=ground.terrain,
        rooms=ground.rooms,
        uses=ground.uses,
        people=tuple(_person(town, state, names[a], w, int(a)) for a in np.flatnonzero(state.agents.present[w])),
        facilities=tuple(_facility(town, state, w, o) for o in range(len(tables.map.object_kind))),
        ties=tuple(_ties(state, w)),
    )


class _Same:
    """A town by its identity: its arrays have no hash."""

    __slots__ = ("town",)

    def __init__(self, town: Town) -> None:
        self.town = town

    def __hash__(self) -> int:
        return id(self.town)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.town is self.town


class _Ground(NamedTuple):
    """What never changes in a town's scenes."""

    terrain: NDArray[np.str_]
    rooms: tuple[tuple[int, int, int, int], ...]
    uses: Mapping[tuple[int, int], str]


@lru_cache(maxsize=4)
def _ground(of: _Same) -> _Ground:
    """Read once for a town, since it takes the map's file and a walk over all its tiles."""
    ground = terrain(of.town)
    rooms = rooms_of(of.town, ground)
    ground.flags.writeable = False
    return _Ground(
        terrain=ground,
        rooms=tuple(tuple(room["box"]) for room in rooms),
        uses={spot: room["use"] for room in rooms for spot in _floor_of(room["box"], ground)},
    )


def _floor_of(box: Sequence[int], ground: NDArray[np.str_]) -> Iterator[tuple[int, int]]:
    """The tiles of floor in a box."""
    top, left, bottom, right = box
    for y, x in np.argwhere(ground[top : bottom + 1, left : right + 1] == "_"):
        yield top + int(y), left + int(x)


def _person(town: Town, state: WorldState, name: str, w: int, a: int) -> Person:
    agents, queue_place = state.agents, 0
    o, activity = int(agents.queue_object[w, a]), int(agents.activity[w, a])
    doing = town.affordances[activity].replace("_", " ") if activity >= 0 else ""
    if o >= 0:
        queue_place = int(np.argmax(state.objects.queue[w, o] == a)) + 1
        doing = f"queue {town.objects[o]}"
    if agents.faint_left[w, a] > 0:
        doing = "fainted"
    needs = float(agents.hunger[w, a]), float(agents.energy[w, a]), float(agents.hygiene[w, a])
    y, x = int(agents.y[w, a]), int(agents.x[w, a])
    return Person(int(a), name, y, x, needs, float(agents.money[w, a]), doing, queue_place)


def _facility(town: Town, state: WorldState, w: int, o: int) -> Facility:
    ground, objects = town.tables.map, state.objects
    return Facility(
        kind=FACILITY_KINDS[int(ground.object_kind[o])],
        y=int(ground.object_y[o]),
        x=int(ground.object_x[o]),
        used=bool(objects.user[w, o] >= 0),
        closed=bool(objects.closed_until[w, o] > state.clock.tick[w]),
        waiting=int(objects.queue_length[w, o]),
    )


def _ties(state: WorldState, w: int) -> list[TieLine]:
    """One line for each pair that is present, friendship or rivalry, whichever is the stronger in either's eyes."""
    strongest: dict[tuple[int, int], float] = {}
    ties, present = state.ties, state.agents.present
    for a, t in zip(*np.nonzero(ties.other[w] >= 0), strict=True):
        b = int(ties.other[w, a, t])
        if present[w, a] and present[w, b]:
            trust, rivalry = float(ties.trust[w, a, t]), float(ties.rivalry[w, a, t])
            value = -rivalry if rivalry > trust else trust
            pair = (min(int(a), b), max(int(a), b))
            if abs(value) > abs(strongest.get(pair, 0.0)):
                strongest[pair] = value
    return [
        TieLine(a, b, friendly=value > 0, strength=min(abs(value), 1.0))
        for (a, b), value in sorted(strongest.items())
        if abs(value) >= _TIE_SHOWN
    ]
