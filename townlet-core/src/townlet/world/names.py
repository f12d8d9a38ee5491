"""The fixed tables of names: actions, facility kinds, events, exits. Their order is part of the contract.

The numbers are what compiled rules use; the tuples are what people, specs and files read.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACTIONS",
    "ACTION_MEANINGS",
    "EVENTS",
    "EXIT_REASONS",
    "FACILITY_KINDS",
    "GOALS",
    "GOAL_MEANINGS",
    "NEEDS",
    "OUTSIDE_KINDS",
    "PRICES",
]

ACTIONS: Final = ("wait", "north", "east", "south", "west", "use", "chat", "yield")
WAIT, NORTH, EAST, SOUTH, WEST, USE, CHAT, YIELD = range(8)
ACTION_MEANINGS: Final = {
    "wait": "do nothing, or continue what is under way",
    "north": "take a step north",
    "east": "take a step east",
    "south": "take a step south",
    "west": "take a step west",
    "use": "use the facility here or beside you: start, join its queue, or push in",
    "chat": "talk to the nearest person in reach",
    "yield": "let the next in the queue go first",
}

# direction d = action - NORTH, as (row, column)
DIRECTION_Y: Final = (-1, 0, 1, 0)
DIRECTION_X: Final = (0, 1, 0, -1)

FACILITY_KINDS: Final = ("bed", "shower", "stove", "table", "till", "counter", "desk", "bench")
BED, SHOWER, STOVE, TABLE, TILL, COUNTER, DESK, BENCH = range(8)
WALKABLE_KINDS: Final = (BED, SHOWER, BENCH)
SELLING_KINDS: Final = (TILL, COUNTER)

# The actions of the space `goals`: to go to a kind of facility and use it, or one of two things to do on the spot.
GOALS: Final = ("stay", *FACILITY_KINDS, "talk")
STAY, FIRST_KIND, TALK = 0, 1, len(GOALS) - 1
GOAL_MEANINGS: Final = {
    "stay": "stay, or continue what is under way",
    **{kind: f"go to the nearest {kind} and use it" for kind in FACILITY_KINDS},
    "bed": "go to your own bed and use it",
    "desk": "go to your own desk (without a job: the nearest) and use it",
    "talk": "talk to the nearest person in reach",
}

NEEDS: Final = ("hunger", "energy", "hygiene")
PERSONALITY: Final = ("extroversion", "forgiveness", "ambition")
EXTROVERSION, FORGIVENESS, AMBITION = range(3)
PRICES: Final = ("groceries", "meal")
PRICE_GROCERIES, PRICE_MEAL = range(2)
STREAM_WORLD, STREAM_EVENTS, STREAM_POLICY = range(3)

SHIFT_OFF, SHIFT_DUE, SHIFT_ON_TIME, SHIFT_LATE, SHIFT_EXCUSED = range(5)
"""Shift phases: no shift now; begun and not yet there; arrived in time; arrived late; joined or hired mid-shift."""

EXIT_REASONS: Final = ("none", "collapse", "eviction", "neglect", "removed")
EXIT_NONE, EXIT_COLLAPSE, EXIT_EVICTION, EXIT_NEGLECT, EXIT_REMOVED = range(5)

OUTSIDE_KINDS: Final = ("price_spike", "blackout", "water_outage", "closure", "meeting", "departure")
PRICE_SPIKE, BLACKOUT, WATER_OUTAGE, CLOSURE, MEETING, DEPARTURE = range(6)

# What can happen to an agent in a tick: column of TickEvents.amount. Counts unless said.
EVENTS: Final = (
    "wages",  # coins earned
    "spent",  # coins paid in shops and for showers
    "rent",  # coins of rent paid
    "fee",  # coins of penalty for lateness paid
    "starter",  # coins brought along by a newcomer
    "lost",  # coins taken along by one who left
    "chat_ok",  # began a chat that went well
    "chat_failed",  # began one that did not
    "chat_quality",  # 0..1 of the successful chat
    "conflict",  # pushed in
    "conflict_intensity",  # 1 + rivalry of the one passed over
    "conflict_suffered",  # was passed over
    "conflict_avoided",  # let the next go first
    "helped",  # let somebody go first who was late for work
    "shared_meal",
    "takeover",  # took over a post
    "post_taken",  # had its post taken over
    "job_lost",  # dismissed for absence
    "bump",  # an agent was in the way of a move
    "ghost",  # a ghost step
    "on_time",
    "late",
    "attended",  # shift ended, worked long enough
    "absent",  # shift ended, did not
    "late_ticks",  # ticks late, in the tick of arrival
    "interrupted",  # an outage or closing ended the activity
    "turn_lost",  # first in the queue, did not take its turn
    "faint",
    "tie_formed",
    "reconciled",  # met the rival as arranged and talked
    "arrived",  # a newcomer moved in
    "exit",  # a life ended
)
(
    EV_WAGES,
    EV_SPENT,
    EV_RENT,
    EV_FEE,
    EV_STARTER,
    EV_LOST,
    EV_CHAT_OK,
    EV_CHAT_FAILED,
    EV_CHAT_QUALITY,
    EV_CONFLICT,
    EV_CONFLICT_INTENSITY,
    EV_CONFLICT_SUFFERED,
    EV_CONFLICT_AVOIDED,
    EV_HELPED,
    EV_SHARED_MEAL,
    EV_TAKEOVER,
    EV_POST_TAKEN,
    EV_JOB_LOST,
    EV_BUMP,
    EV_GHOST,
    EV_ON_TIME,
    EV_LATE,
    EV_ATTENDED,
    EV_ABSENT,
    EV_LATE_TICKS,
    EV_INTERRUPTED,
    EV_TURN_LOST,
    EV_FAINT,
    EV_TIE_FORMED,
    EV_RECONCILED,
    EV_ARRIVED,
    EV_EXIT,
) = range(len(EVENTS))

# Columns of the effect and requirement tables of an affordance.
EFFECTS: Final = (
    "hunger",
    "energy",
    "hygiene",
    "money",
    "groceries",
    "meals",
    "stock",
    "price_groceries",  # coins, times the price in force
    "price_meal",
    "wage",  # coins, times the wage of the post
)
(
    FX_HUNGER,
    FX_ENERGY,
    FX_HYGIENE,
    FX_MONEY,
    FX_GROCERIES,
    FX_MEALS,
    FX_STOCK,
    FX_PRICE_GROCERIES,
    FX_PRICE_MEAL,
    FX_WAGE,
) = range(len(EFFECTS))

FLAGS: Final = ("power", "water", "in_shift", "own_bed")
FLAG_POWER, FLAG_WATER, FLAG_IN_SHIFT, FLAG_OWN_BED = 1, 2, 4, 8
