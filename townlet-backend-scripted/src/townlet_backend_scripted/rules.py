"""What the mind wants, in order of urgency: the first rule that holds for an agent gives its goal.

A goal is a kind of facility to go to and use, or one of two things to do on the spot. How a goal is pursued
(walk, use, queue, wait) is the same for all and lies in :mod:`townlet_backend_scripted.policy`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet_backend_scripted.options import ScriptedOptions
from townlet_backend_scripted.seen import KINDS, Seen

__all__ = ["GOALS", "RULES", "STAY", "TALK", "Rule", "Situation", "situation"]

Truth = NDArray[np.bool_]

GOALS = (*KINDS, "stay", "talk")
STAY, TALK = GOALS.index("stay"), GOALS.index("talk")


class Situation(NamedTuple):
    """What the rules ask, answered once: bool ``[N]`` each.

    Attributes:
        busy: in the middle of something that ends by itself.
        asleep: sleeping.
        rested: slept enough.
        on_duty: in one's shift, or so near to it that one has to set out.
        getting_ready: free, but the shift is near.
        has_meal: a cooked meal in the bag.
        can_cook: groceries in the bag, and power.
        can_dine: money and no crowd for a meal at the cafe.
        rich: money to eat out whenever one likes.
        can_shop: money for groceries.
        has_water: showers run.
        hungry, dirty, tired: below the threshold of the moment, which is higher when the shift is near.
        starving, filthy, exhausted: below the threshold that ends even work.
        larder_low, pantry_low: fewer groceries, fewer cooked meals than one likes to have.
        till_quiet, stove_quiet, shower_quiet, bench_quiet: the queue is not longer than one's patience.
        chatty: in the mood for talk, and not just done with one.
    """

    busy: Truth
    asleep: Truth
    rested: Truth
    on_duty: Truth
    getting_ready: Truth
    has_meal: Truth
    can_cook: Truth
    can_dine: Truth
    rich: Truth
    can_shop: Truth
    has_water: Truth
    hungry: Truth
    dirty: Truth
    tired: Truth
    starving: Truth
    filthy: Truth
    exhausted: Truth
    larder_low: Truth
    pantry_low: Truth
    till_quiet: Truth
    stove_quiet: Truth
    shower_quiet: Truth
    bench_quiet: Truth
    chatty: Truth


def situation(seen: Seen, options: ScriptedOptions) -> Situation:
    """Answer the questions for all rows."""
    o = options
    hunger, energy, hygiene = seen["need_hunger"], seen["need_energy"], seen["need_hygiene"]
    works = seen["has_job"] > 0
    to_shift = seen["to_shift_start"] * np.float32(o.day_ticks)
    near = to_shift <= seen.distance("desk") + np.float32(o.arrival_buffer)
    on_duty = works & ((seen["in_shift"] > 0) | near)
    getting_ready = works & ~on_duty & (to_shift < o.preparation)
    asleep = seen["doing_sleep"] > 0
    talkative = o.social_appetite > 0
    return Situation(
        busy=(seen["doing_none"] <= 0) & ~asleep & (seen["doing_work"] <= 0) & (seen["doing_rest"] <= 0),
        asleep=asleep,
        rested=energy >= o.rested_above,
        on_duty=on_duty,
        getting_ready=getting_ready,
        has_meal=seen["meals"] > 0,
        can_cook=(seen["groceries"] > 0) & (seen["power"] > 0),
        can_dine=(seen["counter_queue"] <= _crowd(o.patience)) & (seen.money >= o.meal_money),
        rich=seen.money >= o.dining_money,
        can_shop=seen.money >= o.shopping_money,
        has_water=seen["water"] > 0,
        hungry=hunger < np.where(getting_ready, np.float32(o.eat_before_work_below), np.float32(o.eat_below)),
        dirty=hygiene < np.where(getting_ready, np.float32(o.wash_before_work_below), np.float32(o.wash_below)),
        tired=energy < o.sleep_below,
        starving=hunger < o.eat_at_work_below,
        filthy=hygiene < o.wash_at_work_below,
        exhausted=energy < o.sleep_at_work_below,
        larder_low=seen["groceries"] < _items(o.larder),
        pantry_low=seen["meals"] < _items(o.pantry),
        till_quiet=seen["till_queue"] <= _crowd(o.patience),
        stove_quiet=seen["stove_queue"] <= _crowd(o.patience),
        shower_quiet=seen["shower_queue"] <= _crowd(o.patience),
        bench_quiet=seen["bench_queue"] <= _crowd(0),
        chatty=talkative & (seen["extroversion"] >= 1.0 - 2.0 * o.social_appetite) & (seen["last_chat"] <= 0),
    )


def _items(count: int) -> np.float32:
    """The observation's measure of a bit less than ``count`` items, so that rounding cannot tip a comparison."""
    return np.float32((count - 0.5) / 5.0)


def _crowd(agents: int) -> np.float32:
    """The observation's measure of a bit more than ``agents`` using and waiting."""
    return np.float32((agents + 0.5) / 6.0)


class Rule(NamedTuple):
    """One row of the table: what it is called, the goal it gives, and when."""

    name: str
    goal: int
    when: Callable[[Situation], Truth]


BED, SHOWER, STOVE, TABLE, TILL, COUNTER, DESK, BENCH = range(len(KINDS))

RULES: tuple[Rule, ...] = (
    Rule("finish what is under way", STAY, lambda s: s.busy),
    # what cannot wait, not even for work
    Rule("eat what is in the bag", TABLE, lambda s: s.starving & s.has_meal),
    Rule("buy a meal for once", COUNTER, lambda s: s.starving & s.rich & s.can_dine),
    Rule("cook at once", STOVE, lambda s: s.starving & s.can_cook),
    Rule("buy a meal at once", COUNTER, lambda s: s.starving & s.can_dine),
    Rule("shop for food at once", TILL, lambda s: s.starving & s.can_shop),
    Rule("fall into bed", BED, lambda s: s.exhausted),
    Rule("wash off the worst", SHOWER, lambda s: s.filthy & s.has_water),
    # work
    Rule("be at work", DESK, lambda s: s.on_duty),
    # free time
    Rule("eat", TABLE, lambda s: s.hungry & s.has_meal & ~s.asleep),
    Rule("eat out", COUNTER, lambda s: s.hungry & s.rich & s.can_dine & ~s.asleep),
    Rule("cook a meal", STOVE, lambda s: s.hungry & s.can_cook & ~s.asleep),
    Rule("sleep on", STAY, lambda s: s.asleep & ~s.rested),
    Rule("wash", SHOWER, lambda s: s.dirty & s.has_water & s.shower_quiet),
    Rule("go to bed", BED, lambda s: s.tired),
    Rule("fill the larder", TILL, lambda s: s.larder_low & s.can_shop & s.till_quiet),
    Rule("cook ahead", STOVE, lambda s: s.pantry_low & s.can_cook & s.stove_quiet),
    # company
    Rule("talk to whoever is near", TALK, lambda s: s.chatty),
    Rule("sit down among others", BENCH, lambda s: s.bench_quiet & ~s.getting_ready),
    Rule("wait", STAY, lambda s: np.ones_like(s.busy)),
)
"""The table. The last rule always holds."""
