"""What the rules know of an agent: named yes-or-no answers, one bit each, and which of them follow from others.

Everything here is a table. Most answers compare one feature with one threshold, in the town's own unit; the rest are
drawn from those. How the tables are read for all agents at once lies in :mod:`townlet_backend_scripted.kernel`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from townlet_backend_scripted.options import ScriptedOptions

__all__ = ["AT_LEAST", "BELOW", "CONCLUSIONS", "NAMES", "Comparison", "Conclusion", "bit", "pattern"]


class Comparison(NamedTuple):
    """Is the town's number behind ``feature`` below, or at least, a threshold in the feature's unit?

    ``doing_at_KIND`` stands for the features of all that can be done at that kind of facility.
    """

    name: str
    feature: str
    threshold: Callable[[ScriptedOptions], float]


class Conclusion(NamedTuple):
    """What is so where all conditions of one of the ``cases`` hold, and not so otherwise.

    A condition is the name of an answer that stands before this one, or ``not`` and such a name.
    """

    name: str
    cases: tuple[tuple[str, ...], ...]


def _fewer_than(count: float) -> float:
    return count - 0.5  # half an item less, so that rounding cannot tip a comparison


def _more_than(count: float) -> float:
    return count + 0.5


def _something(options: ScriptedOptions) -> float:  # noqa: ARG001 (a threshold that no option moves)
    return 1e-6


def _one(options: ScriptedOptions) -> float:  # noqa: ARG001
    return _more_than(0)


def _mood(options: ScriptedOptions) -> float:
    return 1.0 - 2.0 * options.social_appetite if options.social_appetite > 0 else 2.0


def _eagerness(options: ScriptedOptions) -> float:
    return _mood(options) if options.talk_first else 2.0


BELOW: tuple[Comparison, ...] = (
    Comparison("starving", "need_hunger", lambda o: o.eat_at_work_below),
    Comparison("foraging", "need_hunger", lambda o: o.forage_at_work_below),
    Comparison("hungry", "need_hunger", lambda o: o.eat_below),
    Comparison("hungry_soon", "need_hunger", lambda o: o.eat_before_work_below),
    Comparison("hungry_poor", "need_hunger", lambda o: o.eat_poor_below),
    Comparison("poor", "wallet", lambda o: o.thrift_money),
    Comparison("filthy", "need_hygiene", lambda o: o.wash_at_work_below),
    Comparison("dirty", "need_hygiene", lambda o: o.wash_below),
    Comparison("dirty_soon", "need_hygiene", lambda o: o.wash_before_work_below),
    Comparison("exhausted", "need_energy", lambda o: o.sleep_at_work_below),
    Comparison("tired", "need_energy", lambda o: o.sleep_below),
    Comparison("tired_soon", "need_energy", lambda o: o.sleep_before_work_below),
    Comparison("larder_low", "groceries", lambda o: _fewer_than(o.larder)),
    Comparison("pantry_low", "meals", lambda o: _fewer_than(o.pantry)),
    Comparison("till_quiet", "till_queue", lambda o: _more_than(o.patience)),
    Comparison("stove_quiet", "stove_queue", lambda o: _more_than(o.patience)),
    Comparison("shower_quiet", "shower_queue", lambda o: _more_than(o.patience)),
    Comparison("counter_quiet", "counter_queue", lambda o: _more_than(o.patience)),
    Comparison("bench_free", "bench_queue", _one),
    Comparison("silent", "last_chat", _something),
    Comparison("near_work", "to_shift_start", lambda o: o.preparation),
    Comparison("dirty_here", "need_hygiene", lambda o: o.wash_nearby_below),
    Comparison("shower_near", "shower_distance", lambda o: _more_than(o.nearby)),
    Comparison("pressed", "to_shift_start", lambda o: o.wind_down),
    Comparison("work_ahead", "to_shift_start", lambda o: o.sleep_ahead),
)

AT_LEAST: tuple[Comparison, ...] = (
    Comparison("rested", "need_energy", lambda o: o.rested_above),
    Comparison("has_meal", "meals", _something),
    Comparison("has_groceries", "groceries", _something),
    Comparison("has_power", "power", _something),
    Comparison("has_water", "water", _something),
    Comparison("can_afford_meal", "wallet", lambda o: o.meal_money),
    Comparison("can_afford_groceries", "wallet", lambda o: o.shopping_money),
    Comparison("rich", "wallet", lambda o: o.dining_money),
    Comparison(
        "employed", "has_job", lambda o: 1e-6 if o.works else 2.0
    ),  # who does not work lives as if without a job
    Comparison("in_shift", "in_shift", _something),
    Comparison("idle", "doing_none", _something),
    Comparison("asleep", "doing_at_bed", _something),
    Comparison("working", "doing_at_desk", _something),
    Comparison("resting", "doing_at_bench", _something),
    Comparison("showering", "doing_at_shower", _something),
    Comparison("clean", "need_hygiene", lambda o: o.clean_above + 1e-6),  # so that at 1 nobody is clean before the end
    Comparison("talks_first", "extroversion", _eagerness),
    Comparison("in_line", "in_queue", _something),
    Comparison("outgoing", "extroversion", _mood),
    Comparison("meddling", "extroversion", lambda o: -2.0 if o.meddles else 2.0),
)

_SEEN = ("must_go", "may_chat")
"""One has to set out now to be at work in time; somebody to talk to is near, and both are free."""

CONCLUSIONS: tuple[Conclusion, ...] = (
    # in the middle of something that ends by itself; a shower that has done its work is left
    Conclusion(
        "busy",
        (
            ("not idle", "not asleep", "not working", "not resting", "not showering"),
            ("not idle", "not asleep", "not working", "not resting", "not clean"),
        ),
    ),
    # in one's shift, or so near to it that one has to set out
    Conclusion("on_duty", (("employed", "in_shift"), ("employed", "must_go"))),
    # free, but the shift is near
    Conclusion("getting_ready", (("employed", "near_work", "not on_duty"),)),
    # hungry, dirty or tired by the threshold of the moment, which is higher when a shift is near; the poor eat later,
    # so that a meal fills more
    Conclusion(
        "peckish",
        (("not poor", "hungry"), ("not poor", "getting_ready", "hungry_soon"), ("poor", "hungry_poor")),
    ),
    Conclusion("grimy", (("dirty",), ("getting_ready", "dirty_soon"))),
    Conclusion("sleepy", (("tired",), ("employed", "not in_shift", "work_ahead", "tired_soon"))),
    # the shift is near, and one should eat or wash before it
    Conclusion("unready", (("getting_ready", "peckish"), ("getting_ready", "grimy"))),
    # hungry enough to leave work for food, and no meal in the bag
    Conclusion("foodless", (("foraging", "not has_meal"),)),
    # not asleep, or it is time to get up for work
    Conclusion("awake", (("not asleep",), ("unready",))),
    Conclusion("can_cook", (("has_groceries", "has_power"),)),
    # money, and no crowd, for a meal at the cafe
    Conclusion("can_dine", (("can_afford_meal", "counter_quiet"),)),
    # there is time for what takes long before the shift
    Conclusion("unhurried", (("not employed",), ("not pressed",))),
)
"""In the order in which they are drawn."""

NAMES = (*(question.name for question in BELOW + AT_LEAST), *_SEEN, *(conclusion.name for conclusion in CONCLUSIONS))
"""All answers, in the order of their bits: at most 64."""


def bit(name: str) -> int:
    """The bit that says whether ``name`` is so. Raises ValueError for what no answer is called."""
    if name not in NAMES:
        raise ValueError(f"no answer is called {name!r}; choose from {', '.join(NAMES)}")
    return 1 << NAMES.index(name)


def pattern(conditions: Iterable[str]) -> tuple[int, int]:
    """The bits that conditions ask about, and those of them that must be set. Raises ValueError as :func:`bit`."""
    asked, so = 0, 0
    for condition in conditions:
        one = bit(condition.removeprefix("not "))
        asked |= one
        so |= 0 if condition.startswith("not ") else one
    return asked, so
