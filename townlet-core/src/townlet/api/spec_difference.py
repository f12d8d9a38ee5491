"""In what two specs differ, in words a person can act on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from townlet.api.meaning import Action, Affordance, Code, Feature, MapChannel

if TYPE_CHECKING:
    from townlet.api.spec import ObservationSpec

__all__ = ["differences"]

Entry = MapChannel | Feature | Action | Affordance
_SHOWN = 5


def differences(here: ObservationSpec, there: ObservationSpec) -> tuple[str, ...]:
    """Everything in which the two mean something else, coarse things first."""
    return tuple(_differences(here, there))


def _differences(here: ObservationSpec, there: ObservationSpec) -> Iterator[str]:
    for what, mine, theirs in (
        ("the observation variant", here.variant, there.variant),
        ("the action space", here.action_space, there.action_space),
        ("the length of a day in ticks", here.day_ticks, there.day_ticks),
        ("the map's height", here.map_height, there.map_height),
        ("the map's width", here.map_width, there.map_width),
    ):
        if mine != theirs:
            yield f"{what} is {mine!r} here and {theirs!r} there"
    yield from _names("facility kind", here.facility_kinds, there.facility_kinds)
    yield from _entries("affordance", here.affordances, there.affordances)
    yield from _entries("map channel", here.channels, there.channels)
    yield from _entries("feature", here.features, there.features)
    yield from _entries("action", here.actions, there.actions)


def _names(what: str, here: Sequence[str], there: Sequence[str]) -> Iterator[str]:
    """Missing names, and where there are none, another order."""
    only_here, only_there = _without(here, there), _without(there, here)
    if only_here:
        yield f"{what} {_some(only_here)} is missing there"
    if only_there:
        yield f"{what} {_some(only_there)} is missing here"
    if not only_here and not only_there:
        for index, (mine, theirs) in enumerate(zip(here, there, strict=True)):
            if mine != theirs:
                yield f"{what} {index} is {mine!r} here and {theirs!r} there"
                return


def _entries(what: str, here: Sequence[Entry], there: Sequence[Entry]) -> Iterator[str]:
    yield from _names(what, [entry.name for entry in here], [entry.name for entry in there])
    theirs = {entry.name: entry for entry in there}
    for mine in here:
        other = theirs.get(mine.name)
        if other is not None and other != mine:
            yield f"{what} {mine.name!r} {_unlike(mine, other)}"


def _unlike(mine: Entry, other: Entry) -> str:
    if isinstance(mine, Affordance) and isinstance(other, Affordance):
        return f"belongs to the {mine.facility} here and to the {other.facility} there"
    if isinstance(mine, MapChannel | Feature) and isinstance(other, MapChannel | Feature):
        if (mine.unit, mine.transform) != (other.unit, other.transform):
            return f"is {_scale(mine)} here and {_scale(other)} there"
        if (mine.low, mine.high) != (other.low, other.high):
            return f"goes from {mine.low:g} to {mine.high:g} here and from {other.low:g} to {other.high:g} there"
        return _codes(mine.codes, other.codes)
    return "differs"  # pragma: no cover (entries of one kind that are unlike in nothing are equal)


def _scale(entry: MapChannel | Feature) -> str:
    return f"{entry.transform.formula} of {entry.unit}" if entry.unit else entry.transform.formula


def _codes(mine: Sequence[Code], other: Sequence[Code]) -> str:
    here, there = ({code.value: code.meaning for code in codes} for codes in (mine, other))
    for value in sorted({*here, *there}):
        if here.get(value) != there.get(value):
            return f"has {value:g} for {here.get(value, 'nothing')!r} here and {there.get(value, 'nothing')!r} there"
    return "lists its codes in another order"


def _without(names: Sequence[str], others: Sequence[str]) -> list[str]:
    known = set(others)
    return [name for name in names if name not in known]


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:_SHOWN]))
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
