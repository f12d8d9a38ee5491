"""What the mind wants, in order of urgency: the first rule that holds for an agent gives its goal.

A goal is a kind of facility to go to and use, or one of two things to do on the spot. How a goal is pursued
(walk, use, queue, wait) is the same for all and lies in :mod:`townlet_backend_scripted.policy`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet_backend_scripted.situation import Situation

__all__ = ["RULES", "STAY", "TALK", "Rule"]

Truth = NDArray[np.bool_]

STAY, TALK = "stay", "talk"


class Rule(NamedTuple):
    """One row of the table: what it is called, the goal it gives (a facility kind, STAY or TALK), and when."""

    name: str
    goal: str
    when: Callable[[Situation], Truth]


RULES: tuple[Rule, ...] = (
    Rule("talk in passing", TALK, lambda s: s.talks_first & s.may_chat),
    Rule("finish what is under way", STAY, lambda s: s.busy),
    # what cannot wait, not even for work
    Rule("eat what is in the bag", "table", lambda s: s.starving & s.has_meal),
    Rule("buy a meal for once", "counter", lambda s: s.foodless & s.rich & s.can_dine),
    Rule("cook at once", "stove", lambda s: s.foodless & s.can_cook),
    Rule("buy a meal at once", "counter", lambda s: s.foodless & s.can_dine),
    Rule("shop for food at once", "till", lambda s: s.foodless & s.can_afford_groceries),
    Rule("wash off the worst", "shower", lambda s: s.filthy & s.has_water),
    Rule("fall into bed", "bed", lambda s: s.exhausted),
    # work
    Rule("be at work", "desk", lambda s: s.on_duty),
    # free time
    Rule("wash on the way", "shower", lambda s: s.shower_near & s.dirty_here & s.has_water & s.shower_quiet & s.awake),
    Rule("eat", "table", lambda s: s.peckish & s.has_meal & s.awake),
    Rule("eat out", "counter", lambda s: s.peckish & s.rich & s.can_dine & s.awake),
    Rule("cook a meal", "stove", lambda s: s.peckish & s.can_cook & s.unhurried & s.awake),
    Rule("sleep on", STAY, lambda s: s.asleep & ~s.rested & ~s.unready),
    Rule("wash", "shower", lambda s: s.grimy & s.has_water & s.shower_quiet),
    Rule("go to bed", "bed", lambda s: s.sleepy & s.unhurried),
    Rule("hold up the shower", "shower", lambda s: s.meddling),
    Rule("fill the larder", "till", lambda s: s.larder_low & s.can_afford_groceries & s.till_quiet),
    Rule("cook ahead", "stove", lambda s: s.pantry_low & s.can_cook & s.stove_quiet & s.unhurried),
    # company
    Rule("talk to whoever is near", TALK, lambda s: s.outgoing & s.silent & ~s.talks_first),
    Rule("sit down", "bench", lambda s: s.bench_free & ~s.getting_ready),
    Rule("wait", STAY, lambda s: s.everybody),
)
"""The table. The last rule always holds."""
