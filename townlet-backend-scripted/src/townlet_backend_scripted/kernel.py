"""The loop that reads the tables, row by row: compiled, since a NumPy call for each answer costs more than the answer.

Interpreted (``NUMBA_DISABLE_JIT=1``) it gives the same. It takes plain arrays only and calls nothing outside this file,
so that numba, which looks at one file and at the types of arguments, knows when its cached machine code is out of date.

Axes: ``N`` rows, ``F`` features, ``K`` actions, ``Q`` comparisons, ``C`` cases of conclusions, ``R`` rules, ``G`` kinds
of facilities.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from townlet_backend_scripted.compiling import compiled, kept

__all__ = ["NUMBERS", "PLACES", "SATURATING", "SCALED", "UNCHANGED", "MindTables", "decide"]

Words = NDArray[np.uint64]
Floats = NDArray[np.float32]
Truth = NDArray[np.bool_]
Numbers = NDArray[np.int64]

MindTables: TypeAlias = tuple[Words, Floats, Words, Words, Words, Words, Words, Floats]
"""What :func:`decide` reads:

* columns, uint64 ``[Q]``: of the features that are compared; first those that are asked whether they are below
* thresholds, float32 ``[Q]``, in the unit of the features
* answers, uint64 ``[Q]``: the bits that are set where it is so
* cases, uint64 ``[C, 3]``: bits asked about, those that must be set, and the bit to set
* rules, uint64 ``[R, 3]``: bits asked about, those that must be set, and the goal
* ways, uint64 ``[G, 6]``: columns of the features north, east, south, west, usable, here
* places, uint64, by the names in ``PLACES``
* numbers, float32, by the names in ``NUMBERS``
"""

PLACES = (
    "below", "goals_are_actions", "pushes",  # how many comparisons ask "below?"; whether something is so
    "shift", "shift_shown", "desk", "desk_shown", "wallet", "wallet_shown",  # columns, and how they show a number
    "north", "east", "south", "west", "use", "chat", "talk",  # actions; the goal that is to talk
    "must_go", "may_chat", "poor", "rich", "idle", "in_line",  # bits
)  # fmt: skip
NUMBERS = ("shift_scale", "desk_scale", "wallet_scale", "buffer", "kept_a_tick", "thrift", "dining")
UNCHANGED, SCALED, SATURATING = range(3)
"""How a feature shows a number x: as it is, as x / scale, as x / (x + scale)."""

# Indices are unsigned: numba asks of a signed one each time whether it counts from the end.
U = np.uint64
(
    _BELOW, _GOALS_ARE_ACTIONS, _PUSHES,
    _SHIFT, _SHIFT_SHOWN, _DESK, _DESK_SHOWN, _WALLET, _WALLET_SHOWN,
    _NORTH, _EAST, _SOUTH, _WEST, _USE, _CHAT, _TALK,
    _MUST_GO, _MAY_CHAT, _POOR, _RICH, _IDLE, _IN_LINE,
) = map(U, range(len(PLACES)))  # fmt: skip
_SHIFT_SCALE, _DESK_SCALE, _WALLET_SCALE, _BUFFER, _KEPT_A_TICK, _THRIFT, _DINING = map(U, range(len(NUMBERS)))
_ASKED, _SO, _ANSWER = _, _, _GOAL = U(0), U(1), U(2)
_USABLE, _HERE = U(4), U(5)


@kept
def decide(features: Floats, mask: Truth, tables: MindTables, first: Numbers, actions: Numbers) -> None:
    """For each row the first rule that holds, and the action that follows from it.

    Where a goal is an action, rules whose goal is not possible now are passed over.

    Args:
        features: float32 ``[N, F]``, contiguous.
        mask: bool ``[N, K]``, contiguous.
        tables: what the mind knows.
        first: int64 ``[N]``, written: numbers of the rules.
        actions: int64 ``[N]``, written.
    """
    columns, thresholds, answers, cases, rules, ways, places, numbers = tables
    known, goals = np.zeros(len(first), np.uint64), np.zeros(len(first), np.uint64)
    _compare(features, columns, thresholds, answers, places[_BELOW], known)
    _look_around(features, mask, places, numbers, known)
    _conclude(cases, known)
    _choose(rules, mask, places, known, first, goals)
    if places[_GOALS_ARE_ACTIONS] > 0:
        actions[:] = goals
    else:
        _pursue(features, mask, ways, places, known, goals, actions)


@compiled
def _compare(
    features: Floats, columns: Words, thresholds: Floats, answers: Words, below: np.uint64, known: Words
) -> None:
    """The answers that are one feature against one threshold."""
    for n in range(U(len(known))):
        bits = U(0)
        for q in range(below):
            bits |= answers[q] if features[n, columns[q]] < thresholds[q] else U(0)
        for q in range(below, U(len(thresholds))):
            bits |= answers[q] if features[n, columns[q]] >= thresholds[q] else U(0)
        known[n] = bits


@compiled
def _look_around(features: Floats, mask: Truth, places: Words, numbers: Floats, known: Words) -> None:
    """Whether one has to set out, whether somebody would talk, and what money is for beside a reserve."""
    reserves = numbers[_KEPT_A_TICK] > 0
    for n in range(U(len(known))):
        ticks = np.rint(_undone(features[n, places[_SHIFT]], places[_SHIFT_SHOWN], numbers[_SHIFT_SCALE]))
        steps = np.rint(_undone(features[n, places[_DESK]], places[_DESK_SHOWN], numbers[_DESK_SCALE]))
        if ticks <= steps + numbers[_BUFFER]:
            known[n] |= places[_MUST_GO]
        if mask[n, places[_CHAT]]:
            known[n] |= places[_MAY_CHAT]
        if reserves:  # what must last until the next shift is not there to be spent
            wallet, kept = features[n, places[_WALLET]], numbers[_KEPT_A_TICK] * ticks
            if wallet < _shown(kept + numbers[_THRIFT], places[_WALLET_SHOWN], numbers[_WALLET_SCALE]):
                known[n] |= places[_POOR]
            if wallet >= _shown(kept + numbers[_DINING], places[_WALLET_SHOWN], numbers[_WALLET_SCALE]):
                known[n] |= places[_RICH]


@compiled
def _conclude(cases: Words, known: Words) -> None:
    """The answers that follow from others, in their order."""
    for n in range(U(len(known))):
        bits = known[n]
        for c in range(U(len(cases))):
            bits |= cases[c, _ANSWER] if bits & cases[c, _ASKED] == cases[c, _SO] else U(0)
        known[n] = bits


@compiled
def _choose(rules: Words, mask: Truth, places: Words, known: Words, first: Numbers, goals: Words) -> None:
    """The first rule that holds, and its goal."""
    passes_over = places[_GOALS_ARE_ACTIONS] > 0
    for n in range(U(len(known))):
        first[n], goals[n] = 0, rules[U(0), _GOAL]
        for r in range(U(len(rules))):
            if known[n] & rules[r, _ASKED] == rules[r, _SO]:
                if passes_over and not mask[n, rules[r, _GOAL]]:
                    continue
                first[n], goals[n] = r, rules[r, _GOAL]
                break


@compiled
def _pursue(
    features: Floats,
    mask: Truth,
    ways: Words,
    places: Words,
    known: Words,
    goals: Words,
    actions: Numbers,
) -> None:
    """The action that brings each row nearer to its goal: walk there, use what is there; or wait, action 0."""
    for n in range(U(len(known))):
        goal = goals[n]
        actions[n] = 0
        if goal >= U(len(ways)):
            if goal == places[_TALK] and mask[n, places[_CHAT]]:
                actions[n] = places[_CHAT]
        elif features[n, ways[goal, _HERE]] > 0:
            in_line = known[n] & places[_IN_LINE] != U(0) and places[_PUSHES] == U(0)
            may_start = features[n, ways[goal, _USABLE]] > 0 or not in_line
            if may_start and known[n] & places[_IDLE] != U(0) and mask[n, places[_USE]]:
                actions[n] = places[_USE]
        else:
            # A step to a tile where nobody stands scores 1, one into another agent a half: it may move on, and
            # after a few tries the agent slips past. Steps that lead nowhere score 0.
            best = np.float32(0)
            for side in range(U(4)):
                move = places[_NORTH + side]
                if features[n, ways[goal, side]] > best and mask[n, move]:
                    best = features[n, ways[goal, side]]
                    actions[n] = move


@compiled
def _undone(value: np.float32, shown: np.uint64, scale: np.float32) -> np.float32:
    """The number that a feature shows; infinite where a saturating one is at 1."""
    if shown == SCALED:
        return value * scale
    if shown == SATURATING:
        rest = np.float32(1) - value
        return scale * value / rest if rest != 0 else np.float32(np.inf)
    return value


@compiled
def _shown(number: np.float32, shown: np.uint64, scale: np.float32) -> np.float32:
    """How a feature shows a number."""
    if shown == SCALED:
        return number / scale
    if shown == SATURATING:
        return number / (number + scale)
    return number
