"""Observations in words: what a row sees, knows, does and may do, in English that is the same for the same numbers.

Everything comes from the spec: scales are inverted, codes are named, affordances, actions and kinds of facilities are
those of the town. Features that the town of Townlet gives are told in sentences where the spec has them; the long
form continues with every feature and every channel of the map, those of other towns too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from townlet.api.batch import ObservationBatch
from townlet.api.meaning import Feature
from townlet.api.spec import ObservationSpec
from townlet.api.words_map import compass, far, surroundings
from townlet.errors import ContractError

__all__ = ["Words"]

_WAYS: Final = ("north", "east", "south", "west")
_TIES: Final = {
    "friend1": "best friend",
    "friend2": "second friend",
    "rival1": "worst rival",
    "rival2": "second rival",
}
_OWN: Final = ("bed", "desk")
_REMEMBERED: Final = 100_000


class Words:
    """Tells rows of observations in words. Made once for a spec; holds nothing else.

    Args:
        spec: what the observations mean.
    """

    def __init__(self, spec: ObservationSpec) -> None:
        self.spec = spec
        self._sheet = _Sheet(spec)

    def short(self, observations: ObservationBatch, row: int = 0) -> str:
        """The situation of a row in some ten lines; with :meth:`choices` at most 400 tokens in Townlet's own towns."""
        told = _Row(self._sheet, observations, row)
        lines = (" ".join(teller(told)) for teller in _TELLERS)
        return "\n".join(line for line in lines if line)

    def long(self, observations: ObservationBatch, row: int = 0) -> str:
        """The short form, then all that lies around on the map, then every feature by name."""
        told = _Row(self._sheet, observations, row)
        lines = [line for line in (self.short(observations, row),) if line]
        lines.append("Around:")
        lines += surroundings(self.spec, observations.map[row])
        lines.append("Everything known:")
        lines += [f"{feature.name}: {told.said(feature)} ({feature.description})" for feature in self.spec.features]
        return "\n".join(lines)

    def choices(self, observations: ObservationBatch, row: int = 0) -> tuple[str, ...]:
        """The actions possible now, one line each: index, name, what it does. In the order of their indices."""
        possible = observations.action_mask[row]
        return tuple(
            f"{k} {action.name}: {action.description}" if action.description else f"{k} {action.name}"
            for k, action in enumerate(self.spec.actions)
            if possible[k]
        )


class _Sheet:
    """What is looked up in a spec again and again, and the numbers that were decoded lately."""

    def __init__(self, spec: ObservationSpec) -> None:
        self.spec = spec
        self.at = {feature.name: i for i, feature in enumerate(spec.features)}
        self.named: dict[str, list[str]] = {
            start: [feature.name for feature in spec.features if feature.name.startswith(start)]
            for start in ("need_", "last_", "doing_", "goal_")
        }
        """Names of features by what they begin with."""
        self.sees_agents = "agents" in spec.channel_names
        self._numbers: dict[tuple[int, float], float] = {}
        self._ticks: dict[tuple[float, float], int] = {}

    def tick(self, row: _Row) -> int:
        """The tick of the day that a row's clock shows."""
        key = row.value("time_sin"), row.value("time_cos")
        if key not in self._ticks:
            self._ticks[key] = int(self.spec.tick_of_day(row.features))
        return self._ticks[key]

    def number(self, at: int, value: float) -> float:
        """A value of feature number ``at`` in the town's unit. The same few values come again from tick to tick."""
        key = at, value
        if key not in self._numbers:
            if len(self._numbers) >= _REMEMBERED:
                self._numbers.clear()
            self._numbers[key] = float(self.spec.features[at].decode(value))
        return self._numbers[key]


class _Row:
    """The numbers of one row, by name and in the town's units."""

    def __init__(self, sheet: _Sheet, observations: ObservationBatch, row: int) -> None:
        spec = sheet.spec
        if not 0 <= row < observations.rows:
            raise ContractError(f"there is no row {row} among {observations.rows}")
        if observations.features.shape[1] != spec.feature_count:
            raise ContractError(
                f"the observations have {observations.features.shape[1]} features, the spec {spec.feature_count}"
            )
        self.spec = spec
        self.map = observations.map[row]
        self.features = observations.features[row]
        self._values: list[float] = self.features.tolist()
        self.sheet, self._at = sheet, sheet.at

    def has(self, *names: str) -> bool:
        return all(name in self._at for name in names)

    def value(self, name: str) -> float:
        return self._values[self._at[name]]

    def named(self, start: str) -> list[str]:
        """Features that begin so and are on, without their beginning."""
        return [name.removeprefix(start) for name in self.sheet.named[start] if self.yes(name)]

    def yes(self, name: str) -> bool:
        return name in self._at and self._values[self._at[name]] > 0

    def number(self, name: str) -> float:
        """In the town's unit; 0 where there is no such feature."""
        at = self._at.get(name)
        return 0.0 if at is None else self.sheet.number(at, self._values[at])

    def said(self, feature: Feature) -> str:
        """The value of a feature in words."""
        value = self._values[self._at[feature.name]]
        for code in feature.codes:
            if math.isclose(code.value, value, abs_tol=1e-6):
                return code.meaning
        if feature.transform.kind in ("sine", "cosine"):
            return f"{value:.2f}"
        number = self.sheet.number(self._at[feature.name], value)
        more = "at least " if feature.transform.kind == "scaled" and value >= feature.high else ""
        return more + amount(number, feature.unit)

    def told(self, name: str) -> str:
        return self.said(self.spec.features[self._at[name]])


def amount(number: float, unit: str) -> str:
    """A number with its unit: ``3 coins``, ``1 step``, ``45 %``, ``0.30``."""
    if math.isinf(number):
        return "out of reach" if unit == "steps" else f"very many {unit}".strip()
    if unit == "share":
        return f"{100 * number:.0f} %"
    if unit in ("", "usual prices"):
        return f"{number:.2f}" + (" times the usual" if unit else "")
    count = round(number)
    return f"{count} {unit.removesuffix('s') if abs(count) == 1 else unit}"


def listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _time(row: _Row) -> Iterator[str]:
    if row.yes("context_reset"):
        yield "You have just moved in."
    if row.has("time_sin", "time_cos"):
        yield f"It is tick {row.sheet.tick(row)} of a day of {row.spec.day_ticks}."
    for utility in ("power", "water"):
        if row.has(utility) and not row.yes(utility):
            yield f"There is no {utility}."
    for name, goods in (("price_groceries", "Groceries"), ("price_meal", "Meals")):
        if row.has(name) and abs(row.number(name) - 1) > 0.005:
            yield f"{goods} cost {row.told(name)}."


def _needs(row: _Row) -> Iterator[str]:
    needs = [name.removeprefix("need_") for name in row.sheet.named["need_"]]
    if needs:
        levels = [f"{need} {100 * row.number(f'need_{need}'):.0f}" for need in needs]
        yield f"Needs, 100 satisfied, 0 unbearable: {', '.join(levels)}."


def _bag(row: _Row) -> Iterator[str]:
    held = [row.told("wallet")] if row.has("wallet") else []
    for name in ("groceries", "meals"):
        if row.has(name):
            at_least = "at least " if row.told(name).startswith("at least") else ""
            count = round(row.number(name))
            held.append(f"{at_least}{count} {'meal' if name == 'meals' and count == 1 else name}")
    if held:
        yield f"You have {listed(held)}."
    if row.yes("rent_unpaid"):
        yield f"Rent is unpaid for {row.told('rent_unpaid')} of the time after which you are evicted."


def _work(row: _Row) -> Iterator[str]:
    if not row.has("has_job"):
        return
    if not row.yes("has_job"):
        yield "You have no job."
        return
    where = "at your place of work" if row.yes("on_site") else "not at your place of work"
    if row.yes("in_shift"):
        yield f"Your shift is on for {row.told('to_shift_end')} more and you are {where}."
    else:
        yield f"Your shift begins in {row.told('to_shift_start')}; you are {where}."
    if row.yes("lateness"):
        yield f"You came {row.told('lateness')} late."


def _doing(row: _Row) -> Iterator[str]:
    doing = [a for a in row.spec.affordances if row.yes(f"doing_{a.name}")]
    if doing:
        name, facility = doing[0].name.replace("_", " "), doing[0].facility
        left = f", {row.told('activity_left')} of it left" if row.has("activity_left") else ""
        yield f"You are busy at the {facility}: {name}{left}."
    elif row.yes("in_queue"):
        place, length = round(row.number("queue_place")), round(row.number("queue_length"))
        yield f"You stand in a queue, place {place} of {length}."
    elif row.yes("doing_none"):
        yield "You are free."
    goals = [action.name for action in row.spec.actions if row.yes(f"goal_{action.name}")]
    if goals:
        yield f"Your last goal was {goals[0]}."
    last = row.named("last_")
    if last and last[0] != "ok":
        yield f"Your last action was {last[0]}, {'with effect' if row.yes('last_ok') else 'in vain'}."
    if row.yes("blocked"):
        yield "Somebody blocks your way."


def _facilities(row: _Row) -> Iterator[str]:
    lines = [line for kind in row.spec.facility_kinds if (line := _facility(row, kind))]
    if lines:
        yield "Nearest facilities:\n" + "\n".join(lines)


def _facility(row: _Row, kind: str) -> str:
    if not row.has(f"{kind}_distance"):
        return ""
    name = f"your {kind}" if kind in _OWN and (kind == "bed" or row.yes("has_job")) else kind
    steps = row.number(f"{kind}_distance")
    if math.isinf(steps):
        return f"- {name}: out of reach"
    parts = []
    if row.yes(f"{kind}_here"):
        parts.append("here")
    else:
        ways = [way for way in _WAYS if row.yes(f"{kind}_{way}")]
        parts.append(amount(steps, "steps") + (f" {' or '.join(ways)}" if ways else ""))
    people = round(row.number(f"{kind}_queue"))
    if people:
        parts.append(f"{people} there")
    if row.yes(f"{kind}_usable"):
        parts.append("usable")
    return f"- {name}: {', '.join(parts)}"


def _people(row: _Row) -> Iterator[str]:
    if row.sheet.sees_agents:
        yield from far(row.spec, row.map, "agents", "In sight: {}.", most=4)
    for slot, who in _TIES.items():
        feelings = [(part, row.number(f"{slot}_{part}")) for part in ("trust", "familiarity", "rivalry")]
        felt = [f"{part} {100 * value:.0f}" for part, value in feelings if abs(value) >= 0.005]
        if felt:
            yield f"Your {who} ({', '.join(felt)}) is {_place(row, slot)}."


def _place(row: _Row, slot: str) -> str:
    return compass(round(row.number(f"{slot}_dy")), round(row.number(f"{slot}_dx"))) or "not around"


def _self(row: _Row) -> Iterator[str]:
    traits = [name for name in ("extroversion", "forgiveness", "ambition") if row.has(name)]
    if traits:
        yield f"Your nature, -100 to 100: {', '.join(f'{name} {100 * row.number(name):.0f}' for name in traits)}."


_TELLERS: Final[tuple[Callable[[_Row], Iterator[str]], ...]] = (
    _time,
    _needs,
    _bag,
    _work,
    _doing,
    _facilities,
    _people,
    _self,
)
