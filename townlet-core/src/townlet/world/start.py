"""The first moment of a town: arrays for ``W`` worlds, and everybody in bed at home on the morning of day 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.world.chance import stream_keys
from townlet.world.compiled import compiled, jit_enabled
from townlet.world.names import EVENTS, PRICE_GROCERIES, PRICE_MEAL, PRICES
from townlet.world.state import (
    QUEUE_PLACES,
    TIE_SLOTS,
    Agents,
    Clock,
    Objects,
    Outside,
    Posts,
    Streams,
    TickEvents,
    Ties,
    WorldState,
    field_specs,
    state_fields,
)
from townlet.world.systems.economy import deliver_stock
from townlet.world.systems.lives import move_in
from townlet.world.systems.shifts import run_shifts
from townlet.world.tables import Tables, Town
from townlet.world.tick import as_state, as_tables
from townlet.world.views import bind

__all__ = ["axis_sizes", "copy_state", "empty_state", "new_state", "reset_world"]

LONG_AGO = -(2**40)

# Fields that are not zero in an empty world.
_INITIAL: dict[str, float] = {
    "agents.y": -1,
    "agents.x": -1,
    "agents.job": -1,
    "agents.activity": -1,
    "agents.activity_object": -1,
    "agents.queue_object": -1,
    "agents.attendance": 1,
    "agents.last_ok": 1,
    "agents.last_meal_tick": -1,
    "agents.last_meal_object": -1,
    "objects.user": -1,
    "objects.queue": -1,
    "posts.holder": -1,
    "ties.other": -1,
    "clock.last_exit": LONG_AGO,
    "outside.power": 1,
    "outside.water": 1,
    "outside.meeting": -1,
    "events.started": -1,
    "events.finished": -1,
    "events.chat_with": -1,
    "occupancy": -1,
}


def axis_sizes(town: Town, worlds: int) -> dict[str, int]:
    """The size of each axis that annotations of the state name."""
    height, width = town.tables.map.walkable.shape
    return {
        "W": worlds,
        "A": town.agents,
        "O": len(town.tables.map.object_kind),
        "J": len(town.tables.posts.place),
        "H": height,
        "X": width,
        "Q": QUEUE_PLACES,
        "T": TIE_SLOTS,
        "P": len(PRICES),
        "S": 3,
        "E": len(EVENTS),
    }


def empty_state(town: Town, worlds: int) -> WorldState:
    """Arrays of zeros for ``worlds`` worlds of ``town``."""
    sizes = axis_sizes(town, worlds)

    def part(cls: type) -> Any:
        return cls(*(_zeros(spec.axes, spec.dtype, sizes) for spec in field_specs(cls)))

    occupancy = next(spec for spec in field_specs(WorldState) if spec.name == "occupancy")
    return WorldState(
        agents=part(Agents),
        objects=part(Objects),
        posts=part(Posts),
        ties=part(Ties),
        clock=part(Clock),
        outside=part(Outside),
        events=part(TickEvents),
        streams=part(Streams),
        occupancy=_zeros(occupancy.axes, occupancy.dtype, sizes),
    )


def _zeros(axes: tuple[str, ...], dtype: np.dtype[Any], sizes: dict[str, int]) -> NDArray[Any]:
    return np.zeros([int(axis) if axis.isdigit() else sizes[axis] for axis in axes], dtype)


def new_state(town: Town, seeds: Sequence[int]) -> WorldState:
    """Worlds of ``town``, one for each seed, at tick 0. A world depends on its own seed only.

    Raises:
        ValueError: without a seed, or with a seed below 0 or not below 2**64.
    """
    if not len(seeds) or not all(0 <= int(seed) < 2**64 for seed in seeds):
        raise ValueError(f"seeds must be at least one number of 0 .. 2**64 - 1; found {list(seeds)[:5]}")
    state = empty_state(town, len(seeds))
    for w, seed in enumerate(seeds):
        reset_world(state, town, w, int(seed))
    return state


def copy_state(source: WorldState, target: WorldState) -> None:
    """Copy every array of ``source`` into ``target`` (same shapes), which may be bound and stays so."""
    for (_, _, one), (_, _, two) in zip(state_fields(source), state_fields(target), strict=True):
        np.copyto(two, one, casting="no")


def reset_world(state: WorldState, town: Town, w: int, seed: int) -> None:
    """Put world ``w`` back to tick 0 under ``seed``, in place, as if it had just been made."""
    for name, _, array in state_fields(state):
        array[w] = _INITIAL.get(name, 0)
    rules = town.tables.rules
    state.agents.home[w] = town.tables.map.slot_home
    state.outside.prices[w, PRICE_GROCERIES] = rules.base_groceries
    state.outside.prices[w, PRICE_MEAL] = rules.base_meal
    state.streams.key[w] = stream_keys(np.array([seed], np.uint64))[0]
    bound, tables = bind(state), bind(town.tables)
    if jit_enabled():
        _settle(bound.ref, tables.ref, w)
    else:
        with np.errstate(over="ignore"):
            _settle(bound.ref, tables.ref, w)


@compiled
def _settle(state_ref: Any, tables_ref: Any, w: int) -> None:
    state, tables = as_state(state_ref), as_tables(tables_ref)
    _move_all_in(state, tables, w)


@compiled
def _move_all_in(state: WorldState, tables: Tables, w: int) -> None:
    """Fill the town as newcomers would; whoever finds no free tile at home arrives in the first ticks."""
    deliver_stock(state, tables, w)
    for a in range(state.agents.present.shape[1]):
        move_in(state, tables, w, a)
    run_shifts(state, tables, w)
