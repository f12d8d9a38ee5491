"""Counting what happens, tick by tick, into arrays of fixed size. Written by the step, read by people only."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet.config.rewards import REWARD_PARTS
from townlet.telemetry.measures import (
    LOW_NEED,
    M_ACTIONS,
    M_AGENT_DAYS,
    M_CLIPPED_TICKS,
    M_DECISIONS,
    M_ENERGY,
    M_EVENTS,
    M_EXITS,
    M_FINISHED,
    M_GOALS,
    M_GUARDED_TICKS,
    M_HUNGER,
    M_HYGIENE,
    M_LOW_TICKS,
    M_ON_SITE_TICKS,
    M_PARTS,
    M_REWARD,
    M_SHIFT_TICKS,
    M_SUFFICIENT_DAYS,
    M_TICKS,
    MEASURES,
    QUEUE_BINS,
    SAMPLE_TICKS,
)
from townlet.world.compiled import compiled
from townlet.world.names import EV_ARRIVED, EV_EXIT, EVENTS, FACILITY_KINDS
from townlet.world.state import WorldState
from townlet.world.tables import Tables

__all__ = ["DAYS_KEPT", "Counters", "Pay", "begin_counters", "measure_world", "new_counters"]

DAYS_KEPT = 64
"""Days whose sums a world remembers one by one."""
_PARTS = len(REWARD_PARTS)
_GUARD = REWARD_PARTS.index("guard")
_EVENTS = len(EVENTS)

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]
B1 = NDArray[np.bool_]


class Pay(NamedTuple):
    """What the tick paid, per row of ``N``; views of the rewards' own arrays."""

    rewards: Annotated[F32, "N"]
    parts: Annotated[F32, "N P"]
    clipped: Annotated[B1, "N"]


class Counters(NamedTuple):
    """``M`` measures (:data:`~townlet.telemetry.measures.MEASURES`). All of it is in a snapshot."""

    today: Annotated[F64, "W A M", "sums of the day under way"]
    before: Annotated[F64, "W A M", "sums of the days that ended"]
    days: Annotated[F64, "D W M", "sums of each day that ended, day d at row d % D"]
    days_ended: Annotated[I64, "W"]
    sufficient: Annotated[B1, "W A", "lived here since the day began, no need fell to LOW_NEED"]
    heat: Annotated[U32, "W H X", "agents seen on a tile"]
    queues: Annotated[U32, "W K B", "facilities of a kind seen with so many agents"]


def new_counters(worlds: int, agents: int, tables: Tables) -> Counters:
    """Zeros."""
    height, width = tables.map.walkable.shape
    return Counters(
        today=np.zeros((worlds, agents, len(MEASURES))),
        before=np.zeros((worlds, agents, len(MEASURES))),
        days=np.zeros((DAYS_KEPT, worlds, len(MEASURES))),
        days_ended=np.zeros(worlds, np.int64),
        sufficient=np.zeros((worlds, agents), np.bool_),
        heat=np.zeros((worlds, height, width), np.uint32),
        queues=np.zeros((worlds, len(FACILITY_KINDS), QUEUE_BINS), np.uint32),
    )


def begin_counters(state: WorldState, counters: Counters) -> None:
    """Forget everything and open the first day of fresh worlds."""
    for array in counters:
        array[...] = 0
    counters.sufficient[...] = state.agents.present


@compiled
def _measure_agent(state: WorldState, tables: Tables, counters: Counters, w: int, a: int) -> None:
    """Add the needs, the shift and what was finished in the tick of an agent that is still there."""
    agents, today = state.agents, counters.today
    hunger, energy, hygiene = float(agents.hunger[w, a]), float(agents.energy[w, a]), float(agents.hygiene[w, a])
    today[w, a, M_HUNGER] += hunger
    today[w, a, M_ENERGY] += energy
    today[w, a, M_HYGIENE] += hygiene
    if min(hunger, energy, hygiene) <= LOW_NEED:
        today[w, a, M_LOW_TICKS] += 1.0
        counters.sufficient[w, a] = False
    if agents.in_shift[w, a]:
        today[w, a, M_SHIFT_TICKS] += 1.0
        if agents.on_site[w, a]:
            today[w, a, M_ON_SITE_TICKS] += 1.0
    finished = int(state.events.finished[w, a])
    if finished >= 0:
        today[w, a, M_FINISHED + int(tables.affordances.facility[finished])] += 1.0


@compiled
def _close_day(counters: Counters, w: int) -> None:
    """End the day of world ``w``: judge it, move its sums to the days and to the run."""
    today, before = counters.today, counters.before
    slot = int(counters.days_ended[w]) % counters.days.shape[0]
    days = counters.days
    for m in range(today.shape[2]):
        days[slot, w, m] = 0.0
    for a in range(today.shape[1]):
        today[w, a, M_AGENT_DAYS] += 1.0
        if counters.sufficient[w, a]:
            today[w, a, M_SUFFICIENT_DAYS] += 1.0
        for m in range(today.shape[2]):
            days[slot, w, m] += today[w, a, m]
            before[w, a, m] += today[w, a, m]
            today[w, a, m] = 0.0
    counters.days_ended[w] += 1


@compiled
def _sample(state: WorldState, tables: Tables, counters: Counters, w: int) -> None:
    """Look at where everybody stands and how many are at each facility."""
    agents, objects, ground = state.agents, state.objects, tables.map
    for a in range(agents.present.shape[1]):
        if agents.present[w, a]:
            counters.heat[w, int(agents.y[w, a]), int(agents.x[w, a])] += np.uint32(1)
    for o in range(objects.user.shape[1]):
        there = int(objects.queue_length[w, o]) + (1 if objects.user[w, o] >= 0 else 0)
        counters.queues[w, int(ground.object_kind[o]), there] += np.uint32(1)


@compiled
def measure_world(state: WorldState, tables: Tables, counters: Counters, asked: B1, pay: Pay, w: int) -> None:
    """Count the tick that world ``w`` has just done. Runs after its rewards; ``asked`` (``[N]``) is of its start."""
    agents, amount, today = state.agents, state.events.amount, counters.today
    count = agents.present.shape[1]
    tick = int(state.clock.tick[w])
    for a in range(count):
        n = w * count + a
        for e in range(_EVENTS):  # most are 0: reading them costs less than writing all the sums
            if amount[w, a, e] != 0.0:
                today[w, a, M_EVENTS + e] += float(amount[w, a, e])
        ended = amount[w, a, EV_EXIT] > 0.0
        if ended:
            today[w, a, M_EXITS + int(agents.exit_reason[w, a]) - 1] += 1.0
            counters.sufficient[w, a] = False
        lived = agents.present[w, a] and amount[w, a, EV_ARRIVED] <= 0.0
        if not (ended or lived):
            continue
        if lived:
            _measure_agent(state, tables, counters, w, a)
        today[w, a, M_TICKS] += 1.0
        today[w, a, M_ACTIONS + int(agents.last_action[w, a])] += 1.0
        if asked[n]:
            today[w, a, M_DECISIONS] += 1.0
            if lived and tables.rules.ask_every > 0:
                today[w, a, M_GOALS + int(agents.goal[w, a])] += 1.0
        today[w, a, M_REWARD] += float(pay.rewards[n])
        for p in range(_PARTS):
            if pay.parts[n, p] != 0.0:
                today[w, a, M_PARTS + p] += float(pay.parts[n, p])
        if pay.parts[n, _GUARD] != 0.0:
            today[w, a, M_GUARDED_TICKS] += 1.0
        if pay.clipped[n]:
            today[w, a, M_CLIPPED_TICKS] += 1.0
    if tick % SAMPLE_TICKS == 0:
        _sample(state, tables, counters, w)
    if tick % tables.rules.day_ticks == 0:
        _close_day(counters, w)
        for a in range(count):
            counters.sufficient[w, a] = agents.present[w, a]
