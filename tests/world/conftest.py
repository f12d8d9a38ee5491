"""A small scene with four people, in which a test tells what they do and looks at what comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from townlet.config.town import GeneratorConfig, LivesConfig, OutsideConfig, TownConfig
from townlet.world import bind, compile_town, invariants, mask_worlds, new_state, step_towns
from townlet.world.maps import MapSource, parse_map
from townlet.world.names import ACTIONS, EVENTS, GOALS, SHIFT_OFF
from townlet.world.state import state_fields

PEOPLE = ("alice", "bob", "carol", "dave")

LEGEND = """
legend: {"#": wall, "~": water, ".": street, "b": bed, "s": shower, "o": stove, "t": table, "g": till, "c": counter,
         "d": desk, "n": bench}
"""

# Rows and columns from 0: beds in row 1; shower (4, 2), stove (4, 5), tables (4, 7) and (4, 9); till (6, 2),
# counter (6, 5), desk (6, 7); bench (7, 9).
SCENE = """
###########
#b.b.b.b..#
#.........#
#.........#
#.s..o.t.t#
#.........#
#.g..c.d..#
#........n#
###########
"""
SCENE_PLACES = """
  - {name: cottage, kind: home, rows: [2, 2], columns: [2, 8]}
  - {name: workshop, kind: site, rows: [7, 7], columns: [7, 9]}
"""

SPOTS = {
    "bed of alice": (1, 1),
    "shower": (4, 2),
    "beside the shower": (3, 2),
    "stove": (3, 5),
    "beside the stove": (4, 4),
    "also at the stove": (5, 5),
    "table": (3, 7),
    "other table": (3, 9),
    "till": (6, 1),
    "counter": (6, 4),
    "desk": (6, 8),
    "other side of the desk": (6, 6),
    "bench": (7, 9),
    "far": (2, 8),
    "away": (7, 1),
}


def draw_map(grid: str, places: str, *, agents: int = 4, complete: bool = False) -> MapSource:
    """A map from a drawing."""
    rows = "\n".join("  " + row for row in grid.strip().splitlines())
    text = f"schema: 1\nname: drawn\nagents: {agents}\ncomplete: {str(complete).lower()}\n{LEGEND}\ngrid: |\n{rows}\n"
    return parse_map(text + f"places:{places}", where="drawn")


class Story:
    """Four people in a scene; every tick is checked against the masks and the invariants."""

    def __init__(self, source: MapSource, config: TownConfig, seed: int = 7) -> None:
        self.town = compile_town(config, source)
        self.tables = self.town.tables
        self.state = new_state(self.town, [seed])
        self.agents = self.state.agents
        self.objects = self.state.objects
        self._state, self._tables = bind(self.state), bind(self.tables)
        self.names = GOALS if config.actions == "goals" else ACTIONS
        self._mask = np.zeros((self.town.agents, len(self.names)), np.bool_)
        self._asked = np.zeros(self.town.agents, np.bool_)
        for a in range(self.town.agents):
            self.set(a, hunger=0.7, energy=0.7, hygiene=0.7)
            self.dismiss(a)

    def number(self, who: str | int) -> int:
        return who if isinstance(who, int) else PEOPLE.index(who)

    def put(self, **where: str | tuple[int, int]) -> Story:
        """Put people on tiles: ``put(alice="stove", bob=(2, 3))``."""
        for who in where:
            a = self.number(who)
            if self.agents.y[0, a] >= 0:
                self.state.occupancy[0, self.agents.y[0, a], self.agents.x[0, a]] = -1
        for who, spot in where.items():
            y, x = SPOTS[spot] if isinstance(spot, str) else spot
            a = self.number(who)
            assert self.state.occupancy[0, y, x] < 0, f"{who} cannot stand at {spot}: somebody does"
            self.state.occupancy[0, y, x] = a
            self.agents.y[0, a], self.agents.x[0, a] = y, x
        return self

    def set(self, who: str | int, **fields: Any) -> Story:
        for name, value in fields.items():
            getattr(self.agents, name)[0, self.number(who)] = value
        return self

    def get(self, who: str | int, field: str) -> Any:
        return getattr(self.agents, field)[0, self.number(who)].item()

    def dismiss(self, who: str | int) -> None:
        a = self.number(who)
        if self.agents.job[0, a] >= 0:
            self.state.posts.holder[0, self.agents.job[0, a]] = -1
        self.set(a, job=-1, in_shift=False, on_site=False, shift_phase=SHIFT_OFF)

    def employ(self, who: str, post: int = 0) -> Story:
        self.set(who, job=post)
        self.state.posts.holder[0, post] = self.number(who)
        return self

    def at(self, tick: int) -> Story:
        """Set the clock."""
        self.state.clock.tick[0] = tick
        return self

    def can(self, who: str) -> set[str]:
        """What the mask allows."""
        mask_worlds(self._state.ref, self._tables.ref, self._mask, self._asked, 0, 1)
        return {name for name, allowed in zip(self.names, self._mask[self.number(who)], strict=True) if allowed}

    def asked(self) -> set[str]:
        """Whose next choice counts."""
        self.can(PEOPLE[0])
        return {PEOPLE[a] for a in np.flatnonzero(self._asked)}

    def do(self, times: int = 1, **choices: str) -> Story:
        """Ticks in which people choose as said and all others wait."""
        for _ in range(times):
            actions = np.zeros(self.town.agents, np.int64)
            for who, action in choices.items():
                assert action in self.can(who), f"{who} cannot {action}; possible: {sorted(self.can(who))}"
                actions[self.number(who)] = self.names.index(action)
            self.step(actions)
        return self

    def step(self, actions: np.ndarray[Any, Any]) -> Story:
        """One tick with actions by number; its invariants are checked."""
        money = self.agents.money.copy()
        step_towns(self._state, self._tables, actions)
        assert invariants.check(self.state, self.tables) == []
        assert np.abs(invariants.money_balance(money, self.state)).max() < 1e-4
        return self

    def wait(self, ticks: int = 1) -> Story:
        return self.do(ticks)

    def happened(self, who: str) -> dict[str, float]:
        """Events of the last tick."""
        row = self.state.events.amount[0, self.number(who)]
        return {name: round(float(v), 6) for name, v in zip(EVENTS, row, strict=True) if v}

    def doing(self, who: str) -> str | None:
        k = self.get(who, "activity")
        return None if k < 0 else self.town.affordances[k]

    def finished(self, who: str) -> str | None:
        k = int(self.state.events.finished[0, self.number(who)])
        return None if k < 0 else self.town.affordances[k]

    def spot(self, who: str) -> tuple[int, int]:
        return self.get(who, "y"), self.get(who, "x")

    def object(self, name: str) -> int:
        return self.town.objects.index(name)

    def queue(self, name: str) -> list[str]:
        o = self.object(name)
        return [PEOPLE[a] for a in self.objects.queue[0, o, : self.objects.queue_length[0, o]]]

    def tie(self, who: str, other: str) -> tuple[float, float, float] | None:
        """(trust, familiarity, rivalry) of who towards other."""
        ties, a = self.state.ties, self.number(who)
        for slot in range(ties.other.shape[2]):
            if ties.other[0, a, slot] == self.number(other):
                return tuple(round(float(part[0, a, slot]), 5) for part in ties[1:])  # type: ignore[return-value]
        return None


class Crowd:
    """Worlds in which everybody chooses at random among what is possible; `use` more often, so that things happen."""

    WEIGHTS = np.array([3.0, 1.0, 1.0, 1.0, 1.0, 6.0, 1.5, 1.5])
    GOAL_WEIGHTS = np.array([1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.5])

    def __init__(self, config: TownConfig, seeds: Sequence[int], *, choices: int = 0, threads: int = 1) -> None:
        self.town = compile_town(config)
        self.state = new_state(self.town, seeds)
        self.bound, self.tables = bind(self.state), bind(self.town.tables)
        self.threads = threads
        self.worlds, self.agents = len(seeds), self.town.agents
        self.weights = self.GOAL_WEIGHTS if config.actions == "goals" else self.WEIGHTS
        self.mask = np.zeros((self.worlds * self.agents, len(self.weights)), np.bool_)
        self.asked = np.zeros(self.worlds * self.agents, np.bool_)
        # one generator a world, so that a world's choices do not depend on its company
        self.random = [np.random.Generator(np.random.PCG64([choices, int(seed)])) for seed in seeds]

    def choose(self) -> np.ndarray[Any, Any]:
        mask_worlds(self.bound.ref, self.tables.ref, self.mask, self.asked, 0, self.worlds)
        shape = (self.agents, len(self.weights))
        draws = np.concatenate([random.random(shape) for random in self.random])
        return (draws * self.weights * self.mask).argmax(axis=1)

    def step(self, ticks: int = 1) -> Crowd:
        for _ in range(ticks):
            step_towns(self.bound, self.tables, self.choose(), threads=self.threads)
        return self

    def world(self, w: int = 0) -> dict[str, np.ndarray[Any, Any]]:
        """Copies of every array of one world."""
        return {name: array[w].copy() for name, _, array in state_fields(self.state)}


def digest_of(world: Mapping[str, np.ndarray[Any, Any]]) -> str:
    """SHA-256 (hex) of the arrays of one world."""
    digest = hashlib.sha256()
    for name in sorted(world):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(world[name]).tobytes())
    return digest.hexdigest()


LIVELY = OutsideConfig(price_spikes=3, blackouts=4, water_outages=4, closures=8, meetings=4, cooldown=50)
HARD = LivesConfig(exits_per_day=20, exit_gap=10)


@pytest.fixture
def crowd() -> Callable[..., Crowd]:
    """Builds a :class:`Crowd`: ``crowd("hamlet", [1, 2], choices=0, threads=1)``, with many events and exits."""

    def build(name: str = "hamlet", seeds: Sequence[int] = (1,), **options: Any) -> Crowd:
        generator = GeneratorConfig(agents=options.pop("agents", 16))
        actions = options.pop("actions", "primitive")
        config = TownConfig(map=name, outside=LIVELY, lives=HARD, generator=generator, actions=actions)
        return Crowd(config, seeds, **options)

    return build


@pytest.fixture
def digest() -> Callable[[Mapping[str, np.ndarray[Any, Any]]], str]:
    """SHA-256 (hex) of the arrays of one world."""
    return digest_of


@pytest.fixture
def quiet() -> TownConfig:
    """The default rules without events from outside."""
    return TownConfig(outside=OutsideConfig(enabled=False))


@pytest.fixture
def scene(quiet: TownConfig) -> Story:
    """Four people in bed in the scene, without jobs, all needs at 0.7."""
    return Story(draw_map(SCENE, SCENE_PLACES), quiet)


@pytest.fixture
def stage(quiet: TownConfig) -> Callable[..., Story]:
    """Builds a story on a drawing of one's own: ``stage(grid, places, agents=2, config=...)``."""

    def build(grid: str = SCENE, places: str = SCENE_PLACES, *, agents: int = 4, config: TownConfig = quiet) -> Story:
        return Story(draw_map(grid, places, agents=agents), config)

    return build


@pytest.fixture
def drawn() -> Callable[..., MapSource]:
    """Reads a drawing: ``drawn(grid, places, agents=1, complete=False)``."""
    return draw_map
