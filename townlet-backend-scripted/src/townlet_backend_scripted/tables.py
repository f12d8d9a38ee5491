"""From names to numbers: the tables of the mind for one observation and one set of options."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from townlet.api import Feature, ObservationSpec
from townlet.errors import ContractError
from townlet_backend_scripted.kernel import NUMBERS, PLACES, SATURATING, SCALED, UNCHANGED, MindTables
from townlet_backend_scripted.options import ScriptedOptions
from townlet_backend_scripted.rules import RULES, STAY, TALK
from townlet_backend_scripted.situation import AT_LEAST, BELOW, CONCLUSIONS, Comparison, bit, pattern

__all__ = ["tables_of"]

_WAY = ("north", "east", "south", "west", "usable", "here")
_MOVES = _WAY[:4]
_READ = ("to_shift_start", "desk_distance", "wallet")
_DOING_AT = "doing_at_"
_SHOWN = {"identity": UNCHANGED, "scaled": SCALED, "saturating": SATURATING}
_RESERVED = ("poor", "rich")  # moved by what is set aside, tick by tick


def tables_of(spec: ObservationSpec, options: ScriptedOptions) -> MindTables:
    """What the mind knows before it sees anything.

    Args:
        spec: what observations mean; every scale is read from it.
        options: the thresholds, in the town's own units.

    Raises:
        ContractError: if the observation lacks a feature, a facility kind or an action that the rules need.
    """
    below, at_least = _asked(spec, options, BELOW), _asked(spec, options, AT_LEAST)
    asked = [*below, *at_least]
    cases = [(*pattern(case), bit(drawn.name)) for drawn in CONCLUSIONS for case in drawn.cases]
    # In the action space "goals" a goal is the action; nobody walks there.
    kinds = spec.facility_kinds
    goals = [action.name for action in spec.actions] if spec.spans else [*kinds, STAY, TALK]
    rules = [(rule.asked, rule.so, _goal(goals, rule.goal)) for rule in RULES]
    ways = [[spec.feature_index(f"{kind}_{part}") for part in _WAY] for kind in kinds]
    return (
        np.array([column for column, _, _ in asked], np.uint64),
        np.array([threshold for _, threshold, _ in asked], np.float32),
        np.array([answer for _, _, answer in asked], np.uint64),
        np.array(cases, np.uint64),
        np.array(rules, np.uint64),
        np.array(ways, np.uint64),
        _places(spec, options, below=len(below), talk=_goal(goals, TALK)),
        _numbers(spec, options),
    )


def _asked(
    spec: ObservationSpec, options: ScriptedOptions, questions: tuple[Comparison, ...]
) -> list[tuple[int, float, int]]:
    """Column, threshold and bit of each comparison; for ``doing_at_KIND`` one for each thing to do there."""
    found = []
    for question in questions:
        if question.name in _RESERVED and options.reserve_money:
            continue
        value, facility = question.threshold(options), question.feature.removeprefix(_DOING_AT)
        if facility == question.feature:
            feature = spec.feature(question.feature)
            names, value = [feature.name], float(feature.transform.apply(value))
        else:  # what cannot be done there, nobody does
            names = [f"doing_{affordance}" for affordance in spec.affordances_of(facility)]
        found += [(spec.feature_index(name), value, bit(question.name)) for name in names]
    return found


def _places(spec: ObservationSpec, options: ScriptedOptions, *, below: int, talk: int) -> NDArray[np.uint64]:
    shift, desk, wallet = (spec.feature(name) for name in _READ)
    actions = dict.fromkeys((*_MOVES, "use"), 0) if spec.spans else {n: spec.action_index(n) for n in (*_MOVES, "use")}
    known = {
        "below": below,
        "goals_are_actions": int(spec.spans),
        "pushes": int(options.pushes),
        "shift": spec.feature_index(shift.name),
        "shift_shown": _how(shift),
        "desk": spec.feature_index(desk.name),
        "desk_shown": _how(desk),
        "wallet": spec.feature_index(wallet.name),
        "wallet_shown": _how(wallet),
        **actions,
        "chat": spec.action_index("talk" if spec.spans else "chat"),
        "talk": talk,
        **{name: bit(name) for name in ("must_go", "may_chat", "poor", "rich", "idle", "in_line")},
    }
    return np.array([known[name] for name in PLACES], np.uint64)


def _numbers(spec: ObservationSpec, options: ScriptedOptions) -> NDArray[np.float32]:
    shift, desk, wallet = (spec.feature(name) for name in _READ)
    known = {
        "shift_scale": shift.transform.scale,
        "desk_scale": desk.transform.scale,
        "wallet_scale": wallet.transform.scale,
        "buffer": options.arrival_buffer,
        "kept_a_tick": options.reserve_money / spec.day_ticks,
        "thrift": options.thrift_money,
        "dining": options.dining_money,
    }
    return np.array([known[name] for name in NUMBERS], np.float32)


def _how(feature: Feature) -> int:
    shown = _SHOWN.get(feature.transform.kind)
    if shown is None:
        raise ContractError(
            f"the rules read {feature.name!r} as a number that is {', '.join(_SHOWN)}, found {feature.transform.kind}"
        )
    return shown


def _goal(goals: Sequence[str], name: str) -> int:
    if name not in goals:
        raise ContractError(f"the rules need facilities of the kind {name!r}, which the town does not have")
    return goals.index(name)
