"""Events from outside: rare, bounded, drawn from the ``events`` stream, with peace for each target afterwards."""

from __future__ import annotations

from townlet.world.chance import draw, draw_index
from townlet.world.compiled import compiled
from townlet.world.names import (
    BED,
    BLACKOUT,
    CLOSURE,
    DEPARTURE,
    DESK,
    EXIT_REMOVED,
    FLAG_POWER,
    FLAG_WATER,
    PRICE_GROCERIES,
    PRICE_SPIKE,
    PRICES,
    STREAM_EVENTS,
    WATER_OUTAGE,
)
from townlet.world.state import TIE_SLOTS, WorldState
from townlet.world.systems.activities import interrupt, stop_without
from townlet.world.systems.lives import end_life
from townlet.world.systems.queues import dissolve_queue
from townlet.world.systems.ties import feel
from townlet.world.tables import Tables

__all__ = ["blackout", "close_object", "invite", "raise_price", "run_outside", "water_outage"]

_RIVALS = 0.1  # least rivalry of two who are made to meet


@compiled
def run_outside(state: WorldState, tables: Tables, w: int) -> None:
    """End what is over; perhaps begin something. Five numbers are drawn in each tick, whatever comes of them."""
    _end_outages(state, tables, w)
    _keep_schedule(state, tables, w)
    rules, outside = tables.rules, state.outside
    if not rules.outside_on:
        return
    now = int(state.clock.tick[w])
    if draw(state.streams, w, STREAM_EVENTS) < rules.rate_price:
        p = draw_index(state.streams, w, STREAM_EVENTS, len(PRICES))
        if now >= int(outside.price_ready[w, p]):
            raise_price(state, tables, w, p, rules.spike_factor, rules.spike_ticks)
    if draw(state.streams, w, STREAM_EVENTS) < rules.rate_power and now >= int(outside.power_ready[w]):
        blackout(state, tables, w, rules.outage_ticks)
    if draw(state.streams, w, STREAM_EVENTS) < rules.rate_water and now >= int(outside.water_ready[w]):
        water_outage(state, tables, w, rules.outage_ticks)
    if draw(state.streams, w, STREAM_EVENTS) < rules.rate_closure:
        o = draw_index(state.streams, w, STREAM_EVENTS, len(tables.map.object_kind))
        kind = int(tables.map.object_kind[o])
        if kind != BED and kind != DESK and now >= int(outside.object_ready[w, o]):
            close_object(state, tables, w, o, rules.closure_ticks)
    if draw(state.streams, w, STREAM_EVENTS) < rules.rate_meeting and now >= int(outside.meeting_ready[w]):
        _invite_rivals(state, tables, w, rules.meeting_ticks)


@compiled
def _end_outages(state: WorldState, tables: Tables, w: int) -> None:
    outside, now = state.outside, int(state.clock.tick[w])
    if not outside.power[w] and now >= int(outside.power_until[w]):
        outside.power[w] = True
    if not outside.water[w] and now >= int(outside.water_until[w]):
        outside.water[w] = True
    for p in range(len(PRICES)):
        base = tables.rules.base_groceries if p == PRICE_GROCERIES else tables.rules.base_meal
        if now >= int(outside.price_until[w, p]):
            outside.prices[w, p] = base
    a, b = int(outside.meeting[w, 0]), int(outside.meeting[w, 1])
    if a >= 0 and now >= int(outside.meeting_until[w]):
        outside.meeting[w, 0], outside.meeting[w, 1] = -1, -1
        feel(state, w, a, b, 0.0, 0.0, 0.10)
        feel(state, w, b, a, 0.0, 0.0, 0.10)


@compiled
def _keep_schedule(state: WorldState, tables: Tables, w: int) -> None:
    """Events on the timetable; no number is drawn."""
    schedule, day_ticks = tables.schedule, tables.rules.day_ticks
    day, time = int(state.clock.tick[w]) // day_ticks, int(state.clock.tick[w]) % day_ticks
    for i in range(len(schedule.at)):
        if int(schedule.at[i]) != time or (int(schedule.day[i]) >= 0 and int(schedule.day[i]) != day):
            continue
        event, ticks, target = int(schedule.event[i]), int(schedule.ticks[i]), int(schedule.target[i])
        if event == PRICE_SPIKE:
            raise_price(state, tables, w, target, float(schedule.factor[i]), ticks)
        elif event == BLACKOUT:
            blackout(state, tables, w, ticks)
        elif event == WATER_OUTAGE:
            water_outage(state, tables, w, ticks)
        elif event == CLOSURE:
            close_object(state, tables, w, target, ticks)
        elif event == DEPARTURE:
            _depart(state, tables, w, target)
        elif target < 0:
            _invite_rivals(state, tables, w, ticks)
        elif state.agents.present[w, target] and state.agents.present[w, int(schedule.other[i])]:
            invite(state, tables, w, target, int(schedule.other[i]), ticks)


@compiled
def _depart(state: WorldState, tables: Tables, w: int, target: int) -> None:
    """``target``, or without one whoever has lived there longest, moves away; no exit in the sense of the bounds."""
    agents = state.agents
    a = target if target >= 0 else 0
    for b in range(agents.present.shape[1]):
        if target < 0 and int(agents.age[w, b]) > int(agents.age[w, a]):
            a = b
    if agents.present[w, a]:
        end_life(state, tables, w, a, EXIT_REMOVED)


@compiled
def raise_price(state: WorldState, tables: Tables, w: int, p: int, factor: float, ticks: int) -> None:
    """Multiply price ``p`` (names.PRICES) for a while."""
    now = int(state.clock.tick[w])
    base = tables.rules.base_groceries if p == PRICE_GROCERIES else tables.rules.base_meal
    state.outside.prices[w, p] = base * factor
    state.outside.price_until[w, p] = now + ticks
    state.outside.price_ready[w, p] = now + ticks + tables.rules.outside_cooldown


@compiled
def blackout(state: WorldState, tables: Tables, w: int, ticks: int) -> None:
    """No power for a while; what needs it ends at once and leaves nothing occupied."""
    now = int(state.clock.tick[w])
    state.outside.power[w] = False
    state.outside.power_until[w] = now + ticks
    state.outside.power_ready[w] = now + ticks + tables.rules.outside_cooldown
    stop_without(state, tables, w, FLAG_POWER)


@compiled
def water_outage(state: WorldState, tables: Tables, w: int, ticks: int) -> None:
    """No water for a while."""
    now = int(state.clock.tick[w])
    state.outside.water[w] = False
    state.outside.water_until[w] = now + ticks
    state.outside.water_ready[w] = now + ticks + tables.rules.outside_cooldown
    stop_without(state, tables, w, FLAG_WATER)


@compiled
def close_object(state: WorldState, tables: Tables, w: int, o: int, ticks: int) -> None:
    """Close a facility for a while; its user stops and its queue goes."""
    now = int(state.clock.tick[w])
    state.objects.closed_until[w, o] = now + ticks
    state.outside.object_ready[w, o] = now + ticks + tables.rules.outside_cooldown
    user = int(state.objects.user[w, o])
    if user >= 0:
        interrupt(state, tables, w, user)
    dissolve_queue(state, tables, w, o)


@compiled
def invite(state: WorldState, tables: Tables, w: int, a: int, b: int, ticks: int) -> None:
    """Ask two to meet and talk; a good chat in time reconciles them, no chat makes it worse."""
    now = int(state.clock.tick[w])
    state.outside.meeting[w, 0], state.outside.meeting[w, 1] = a, b
    state.outside.meeting_until[w] = now + ticks
    state.outside.meeting_ready[w] = now + ticks + tables.rules.outside_cooldown


@compiled
def _invite_rivals(state: WorldState, tables: Tables, w: int, ticks: int) -> None:
    """The two with the strongest rivalry, if there are any worth the name."""
    ties = state.ties
    one, two, strongest = -1, -1, _RIVALS
    for a in range(ties.other.shape[1]):
        for slot in range(TIE_SLOTS):
            if ties.other[w, a, slot] >= 0 and float(ties.rivalry[w, a, slot]) > strongest:
                one, two, strongest = a, int(ties.other[w, a, slot]), float(ties.rivalry[w, a, slot])
    if one >= 0:
        invite(state, tables, w, one, two, ticks)
