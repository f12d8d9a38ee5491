"""What the mind wants, in order of urgency: the first rule that holds for an agent gives its goal.

A goal is a kind of facility to go to and use, or one of two things to do on the spot. How a goal is pursued
(walk, use, queue, wait) is the same for all and lies in :mod:`townlet_backend_scripted.kernel`.
"""

from __future__ import annotations

from townlet_backend_scripted.situation import pattern

__all__ = ["RULES", "STAY", "TALK", "Rule"]

STAY, TALK = "stay", "talk"


class Rule:
    """One row of the table: what it is called, the goal it gives, and when it holds.

    Args:
        name: what it is called.
        goal: a facility kind, STAY or TALK.
        conditions: names of what must be so, or, behind ``not``, must not be so: answers of a situation.

    Raises:
        ValueError: for a condition that a situation does not answer.
    """

    def __init__(self, name: str, goal: str, *conditions: str) -> None:
        self.name, self.goal, self.conditions = name, goal, conditions
        self.asked, self.so = pattern(conditions)
        """The bits it asks about, and those of them that must be set."""


RULES: tuple[Rule, ...] = (
    Rule("talk in passing", TALK, "talks_first", "may_chat"),
    Rule("finish what is under way", STAY, "busy"),
    # what cannot wait, not even for work
    Rule("eat what is in the bag", "table", "starving", "has_meal"),
    Rule("buy a meal for once", "counter", "foodless", "rich", "can_dine"),
    Rule("cook at once", "stove", "foodless", "can_cook"),
    Rule("buy a meal at once", "counter", "foodless", "can_dine"),
    Rule("shop for food at once", "till", "foodless", "can_afford_groceries"),
    Rule("wash off the worst", "shower", "filthy", "has_water"),
    Rule("fall into bed", "bed", "exhausted"),
    # work
    Rule("be at work", "desk", "on_duty"),
    # free time
    Rule("wash on the way", "shower", "shower_near", "dirty_here", "has_water", "shower_quiet", "awake"),
    Rule("eat", "table", "peckish", "has_meal", "awake"),
    Rule("eat out", "counter", "peckish", "rich", "can_dine", "awake"),
    Rule("cook a meal", "stove", "peckish", "can_cook", "unhurried", "awake"),
    Rule("sleep on", STAY, "asleep", "not rested", "not unready"),
    Rule("wash", "shower", "grimy", "has_water", "shower_quiet"),
    Rule("go to bed", "bed", "sleepy", "unhurried"),
    Rule("hold up the shower", "shower", "meddling"),
    Rule("fill the larder", "till", "larder_low", "can_afford_groceries", "till_quiet"),
    Rule("cook ahead", "stove", "pantry_low", "can_cook", "stove_quiet", "unhurried"),
    # company
    Rule("talk to whoever is near", TALK, "outgoing", "silent", "not talks_first"),
    Rule("sit down", "bench", "bench_free", "not getting_ready"),
    Rule("wait", STAY),
)
"""The table. The last rule always holds."""
