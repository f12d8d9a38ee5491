"""What the rules ask of an observation: named yes-or-no questions, answered for all rows at once.

Most questions compare one feature with one threshold, and those are answered together in two comparisons; the
threshold is put into the feature's own unit once, when the mind is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet.api import ObservationBatch, ObservationSpec
from townlet_backend_scripted.options import ScriptedOptions

__all__ = ["AT_LEAST", "BELOW", "NAMES", "Comparison", "Reader", "Situation"]

Column = NDArray[np.float32]
Truth = NDArray[np.bool_]


class Comparison(NamedTuple):
    """Is the town's number behind ``feature`` below, or at least, a threshold in the feature's unit?

    ``doing_at_KIND`` stands for the features of all that can be done at that kind of facility.
    """

    name: str
    feature: str
    threshold: Callable[[ScriptedOptions], float]


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

_CONCLUSIONS = (
    "may_chat",
    "busy",
    "on_duty",
    "getting_ready",
    "peckish",
    "grimy",
    "sleepy",
    "unready",
    "foodless",
    "awake",
    "can_cook",
    "can_dine",
    "unhurried",
    "everybody",
)

NAMES = (*(question.name for question in BELOW + AT_LEAST), *_CONCLUSIONS)
"""All that a situation answers, in the order of its table."""
_POOR, _RICH = NAMES.index("poor"), NAMES.index("rich")
_WAY = ("north", "east", "south", "west", "usable", "here")
_DOING_AT = "doing_at_"


class Situation:
    """The answers of one tick, bool ``[N]`` each: those to the questions above by their names, and what follows.

    Attributes:
        may_chat: somebody to talk to is near, and both are free.
        busy: in the middle of something that ends by itself; a shower that has done its work is left.
        unhurried: there is time for what takes long before the shift.
        on_duty: in one's shift, or so near to it that one has to set out.
        getting_ready: free, but the shift is near.
        peckish, grimy, sleepy: hungry, dirty or tired by the threshold of the moment, which is higher when a shift
            is near; the poor eat later, so that a meal fills more.
        unready: the shift is near, and one should eat or wash before it.
        awake: not asleep, or it is time to get up for work.
        foodless: hungry enough to leave work for food, and no meal in the bag.
        can_cook: groceries in the bag, and power.
        can_dine: money and no crowd for a meal at the cafe.
        meddling: of a mind to be in other people's way.
        everybody: always true.
    """

    starving: Truth
    foraging: Truth
    hungry: Truth
    hungry_soon: Truth
    filthy: Truth
    dirty: Truth
    dirty_soon: Truth
    exhausted: Truth
    tired: Truth
    tired_soon: Truth
    larder_low: Truth
    pantry_low: Truth
    till_quiet: Truth
    stove_quiet: Truth
    shower_quiet: Truth
    counter_quiet: Truth
    bench_free: Truth
    silent: Truth
    idle: Truth
    near_work: Truth
    work_ahead: Truth
    rested: Truth
    has_meal: Truth
    has_groceries: Truth
    has_power: Truth
    has_water: Truth
    can_afford_meal: Truth
    can_afford_groceries: Truth
    rich: Truth
    employed: Truth
    in_shift: Truth
    asleep: Truth
    working: Truth
    resting: Truth
    showering: Truth
    clean: Truth
    dirty_here: Truth
    hungry_poor: Truth
    poor: Truth
    shower_near: Truth
    pressed: Truth
    talks_first: Truth
    in_line: Truth
    outgoing: Truth
    meddling: Truth
    may_chat: Truth
    busy: Truth
    on_duty: Truth
    getting_ready: Truth
    peckish: Truth
    grimy: Truth
    sleepy: Truth
    unready: Truth
    foodless: Truth
    awake: Truth
    can_cook: Truth
    can_dine: Truth
    unhurried: Truth
    everybody: Truth

    def __init__(self, answers: Truth, must_go: Truth, may_chat: Truth) -> None:
        self._answers, self.rows = answers, len(must_go)
        self.__dict__.update(zip(NAMES, answers[:, : self.rows], strict=True))
        self.may_chat[:] = may_chat
        self.everybody[:] = True
        np.logical_not(
            self.idle | self.asleep | self.working | self.resting | (self.showering & self.clean), out=self.busy
        )
        np.logical_and(self.employed, self.in_shift | must_go, out=self.on_duty)
        np.logical_and(self.employed & self.near_work, ~self.on_duty, out=self.getting_ready)
        well_off = ~self.poor & (self.hungry | (self.getting_ready & self.hungry_soon))
        np.logical_or(well_off, self.poor & self.hungry_poor, out=self.peckish)
        np.logical_or(self.dirty, self.getting_ready & self.dirty_soon, out=self.grimy)
        before_work = self.employed & ~self.in_shift & self.work_ahead
        np.logical_or(self.tired, before_work & self.tired_soon, out=self.sleepy)
        np.logical_and(self.getting_ready, self.peckish | self.grimy, out=self.unready)
        np.logical_and(self.foraging, ~self.has_meal, out=self.foodless)
        np.logical_or(~self.asleep, self.unready, out=self.awake)
        np.logical_and(self.has_groceries, self.has_power, out=self.can_cook)
        np.logical_and(self.can_afford_meal, self.counter_quiet, out=self.can_dine)
        np.logical_not(self.employed & self.pressed, out=self.unhurried)

    def table(self) -> Truth:
        """All answers in the order of ``NAMES``, then their opposites: bool ``[2 K, N rounded up to 8]``."""
        return np.concatenate((self._answers, ~self._answers))


class Reader:
    """Finds the features by name once, and asks each observation.

    Args:
        spec: what observations mean; every scale is read from it.
        options: the thresholds, in the town's own units.

    Raises:
        ContractError: if the observation lacks a feature that is asked about.
    """

    def __init__(self, spec: ObservationSpec, options: ScriptedOptions) -> None:
        questions = BELOW + AT_LEAST
        columns = [_columns(spec, question.feature) for question in questions]
        self._to_shift, self._to_desk = spec.feature("to_shift_start"), spec.feature("desk_distance")
        self._money, self._a_tick = spec.feature("wallet").transform, options.reserve_money / spec.day_ticks
        self._thrift, self._dining = options.thrift_money, options.dining_money
        beside = ("to_shift_start", "desk_distance", "wallet")
        asked = (*(found[0] for found in columns), *map(spec.feature_index, beside))
        self._columns = np.array(asked, np.intp)
        self._more = [(at, np.array(found[1:], np.intp)) for at, found in enumerate(columns) if len(found) > 1]
        thresholds = [_threshold(spec, question, options) for question in questions]
        self._below = np.array(thresholds[: len(BELOW)], np.float32)[:, None]
        self._at_least = np.array(thresholds[len(BELOW) :], np.float32)[:, None]
        self._buffer = options.arrival_buffer
        kinds = spec.facility_kinds
        self._way = np.array([[spec.feature_index(f"{kind}_{part}") for kind in kinds] for part in _WAY], np.intp)
        self._starts = np.zeros(0, np.intp)
        self._chat = spec.action_index("talk" if spec.spans else "chat")

    def situation(self, observations: ObservationBatch) -> Situation:
        """The answers for all rows."""
        values = np.ascontiguousarray(observations.features.take(self._columns, axis=1).T)
        for at, columns in self._more:
            np.maximum(values[at], observations.features.take(columns, axis=1).max(axis=1), out=values[at])
        first, second = len(BELOW), len(BELOW) + len(AT_LEAST)
        ticks = np.rint(self._to_shift.decode(values[second]))
        steps = np.rint(self._to_desk.decode(values[second + 1]))
        rows = observations.rows
        table = np.zeros((len(NAMES), rows + -rows % 8), np.bool_)
        answers = table[:, :rows]
        np.less(values[:first], self._below, out=answers[:first])
        np.greater_equal(values[first:second], self._at_least, out=answers[first:second])
        if self._a_tick:  # what must last until the next shift is not there to be spent
            wallet, kept = values[second + 2], self._a_tick * ticks
            np.less(wallet, self._money.apply(kept + self._thrift), out=answers[_POOR])
            np.greater_equal(wallet, self._money.apply(kept + self._dining), out=answers[_RICH])
        return Situation(table, ticks <= steps + self._buffer, observations.action_mask[:, self._chat])

    def way(self, observations: ObservationBatch, kinds: NDArray[np.intp]) -> Column:
        """The way to each row's own kind of facility: float32 ``[6, N]``: north, east, south, west, usable, here."""
        rows, features = observations.features.shape
        if len(self._starts) != rows:
            self._starts = np.arange(rows, dtype=np.intp) * features
        return observations.features.reshape(-1).take(self._way.take(kinds, axis=1) + self._starts)


def _columns(spec: ObservationSpec, name: str) -> list[int]:
    """Where a question finds its answer; for ``doing_at_KIND`` one column for each thing to do there."""
    facility = name.removeprefix(_DOING_AT)
    if facility == name:
        return [spec.feature_index(name)]
    return [spec.feature_index(f"doing_{affordance}") for affordance in spec.affordances_of(facility)] or [0]


def _threshold(spec: ObservationSpec, question: Comparison, options: ScriptedOptions) -> float:
    """In the array's own numbers."""
    value, facility = question.threshold(options), question.feature.removeprefix(_DOING_AT)
    if facility == question.feature:
        return float(spec.feature(question.feature).transform.apply(value))
    return value if spec.affordances_of(facility) else np.inf  # what cannot be done there, nobody does
