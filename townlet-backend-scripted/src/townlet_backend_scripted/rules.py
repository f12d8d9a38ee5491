"""What the mind wants, in order of urgency: the first rule that holds for an agent gives its goal.

A goal is a kind of facility to go to and use, or one of two things to do on the spot. How a goal is pursued
(walk, use, queue, wait) is the same for all and lies in :mod:`townlet_backend_scripted.policy`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet_backend_scripted.situation import KINDS, Situation

__all__ = ["GOALS", "RULES", "STAY", "TALK", "Rule"]

Truth = NDArray[np.bool_]

GOALS = (*KINDS, "stay", "talk")
STAY, TALK = GOALS.index("stay"), GOALS.index("talk")


class Rule(NamedTuple):
    """One row of the table: what it is called, the goal it gives, and when."""

    name: str
    goal: int
    when: Callable[[Situation], Truth]


BED, SHOWER, STOVE, TABLE, TILL, COUNTER, DESK, BENCH = range(len(KINDS))

RULES: tuple[Rule, ...] = (
    Rule("talk in passing", TALK, lambda s: s.talks_first & s.may_chat),
    Rule("finish what is under way", STAY, lambda s: s.busy),
    # what cannot wait, not even for work
    Rule("eat what is in the bag", TABLE, lambda s: s.starving & s.has_meal),
    Rule("buy a meal for once", COUNTER, lambda s: s.foodless & s.rich & s.can_dine),
    Rule("cook at once", STOVE, lambda s: s.foodless & s.can_cook),
    Rule("buy a meal at once", COUNTER, lambda s: s.foodless & s.can_dine),
    Rule("shop for food at once", TILL, lambda s: s.foodless & s.can_afford_groceries),
    Rule("wash off the worst", SHOWER, lambda s: s.filthy & s.has_water),
    Rule("fall into bed", BED, lambda s: s.exhausted),
    # work
    Rule("be at work", DESK, lambda s: s.on_duty),
    # free time
    Rule("wash on the way", SHOWER, lambda s: s.shower_near & s.dirty_here & s.has_water & s.shower_quiet & s.awake),
    Rule("eat", TABLE, lambda s: s.peckish & s.has_meal & s.awake),
    Rule("eat out", COUNTER, lambda s: s.peckish & s.rich & s.can_dine & s.awake),
    Rule("cook a meal", STOVE, lambda s: s.peckish & s.can_cook & s.unhurried & s.awake),
    Rule("sleep on", STAY, lambda s: s.asleep & ~s.rested & ~s.unready),
    Rule("wash", SHOWER, lambda s: s.grimy & s.has_water & s.shower_quiet),
    Rule("go to bed", BED, lambda s: s.sleepy & s.unhurried),
    Rule("fill the larder", TILL, lambda s: s.larder_low & s.can_afford_groceries & s.till_quiet),
    Rule("cook ahead", STOVE, lambda s: s.pantry_low & s.can_cook & s.stove_quiet & s.unhurried),
    # company
    Rule("talk to whoever is near", TALK, lambda s: s.outgoing & s.silent & ~s.talks_first),
    Rule("sit down", BENCH, lambda s: s.bench_free & ~s.getting_ready),
    Rule("wait", STAY, lambda s: s.everybody),
)
"""The table. The last rule always holds."""
