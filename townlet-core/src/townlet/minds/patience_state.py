"""What core remembers of agents with a slow mind: their plans, their questions under way, their account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import ObservationBatch, ObservationSpec, Plan, PolicyState, row_keys
from townlet.errors import ContractError
from townlet.minds.ledger import COUNTS

__all__ = ["MOST_CONDITIONS", "PatientState", "first_arrays"]

MOST_CONDITIONS = 8
"""Conditions of a plan, at most."""

KINDS = ("", "feature_below", "feature_above", "spoken_to")
"""Codes of conditions; 0 stands for no condition. ``impossible`` ends every plan and is not kept."""

_REASON_BYTES = 600
_FALLBACK = "fallback."
_STREAM = 0x736C6F77
"""So that questions do not draw what other minds draw from the same seed."""


@dataclass(frozen=True, slots=True)
class PatientState:
    """A value: what :class:`~townlet.minds.patience.Patience` keeps of its rows, and the fallback's state.

    Attributes:
        own: named arrays ``[N, ...]``, see :func:`first_arrays`.
        fallback: of the mind that acts where there is no plan.
    """

    own: Mapping[str, NDArray[Any]]
    fallback: PolicyState

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """All as named arrays; those of the fallback have that before the name."""
        return {**self.own, **{_FALLBACK + name: array for name, array in self.fallback.arrays().items()}}

    def with_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> PatientState:
        """The same kind of state with other arrays. Raises ContractError if names or dtypes differ."""
        mine = self.arrays()
        if {n: a.dtype for n, a in arrays.items()} != {n: a.dtype for n, a in mine.items()}:
            raise ContractError(f"the state of a slow mind holds {sorted(mine)}, found {sorted(arrays)}")
        own = {name: arrays[name] for name in self.own}
        rest = {name.removeprefix(_FALLBACK): a for name, a in arrays.items() if name.startswith(_FALLBACK)}
        return PatientState(own, self.fallback.with_arrays(rest))


def first_arrays(spec: ObservationSpec, rows: int, seed: int, *, steps: int, waits: bool) -> dict[str, NDArray[Any]]:
    """The state of ``rows`` rows of one town before its first tick.

    Args:
        spec: the observations.
        rows: ``N``.
        seed: of the town's policy stream.
        steps: of a plan, at most.
        waits: the town waits for answers, so no question is under way between two ticks.

    Returns:
        ``town``, ``key`` (uint64): which town a row belongs to, and what its questions draw from; ``slot``;
        ``tick``: of the next decision; ``fresh``: no question was put in this life; ``actions``, ``lasting``
        ``[N, steps]``: the plan, -1 for no step; ``kinds``, ``features``, ``limits``, ``armed``
        ``[N, MOST_CONDITIONS]``: what ends it; ``planned``: tick of the question that it answers; ``next``: the first
        tick at which it may ask; ``reasons``: of the last plan, UTF-8; ``ties``: familiarity last seen; ``tally`` and
        ``cost``: the account; ``asked``, ``number``: tick and number of the question under way, -1 and 0 for none;
        and what it was asked on, where towns do not wait.
    """
    arrays: dict[str, NDArray[Any]] = {
        "town": np.full(rows, seed & 0xFFFFFFFFFFFFFFFF, np.uint64),
        "key": row_keys(rows, seed ^ _STREAM),
        "slot": np.arange(rows, dtype=np.int32),
        "tick": np.zeros(rows, np.int64),
        "fresh": np.ones(rows, np.bool_),
        "actions": np.full((rows, steps), -1, np.int32),
        "lasting": np.zeros((rows, steps), np.int32),
        "kinds": np.zeros((rows, MOST_CONDITIONS), np.int8),
        "features": np.zeros((rows, MOST_CONDITIONS), np.int32),
        "limits": np.zeros((rows, MOST_CONDITIONS), np.float32),
        "armed": np.zeros((rows, MOST_CONDITIONS), np.bool_),
        "planned": np.full(rows, -1, np.int64),
        "next": np.zeros(rows, np.int64),
        "reasons": np.zeros((rows, _REASON_BYTES), np.uint8),
        "ties": np.zeros((rows, len(tie_features(spec))), np.float32),
        "tally": np.zeros((rows, len(COUNTS)), np.int64),
        "cost": np.zeros(rows, np.float64),
        "asked": np.full(rows, -1, np.int64),
        "number": np.zeros(rows, np.uint64),
    }
    if not waits:
        arrays |= {
            "seen_map": np.zeros((rows, *spec.map_shape), np.uint8),
            "seen_features": np.zeros((rows, spec.feature_count), np.float32),
            "seen_mask": np.zeros((rows, spec.action_count), np.bool_),
            "seen_fresh": np.zeros(rows, np.bool_),
        }
    return arrays


def tie_features(spec: ObservationSpec) -> list[int]:
    """Where the observation says how familiar people are."""
    return [i for i, name in enumerate(spec.feature_names) if name.endswith("_familiarity")]


def keep_plan(own: dict[str, NDArray[Any]], row: int, plan: Plan, asked: int, spec: ObservationSpec) -> None:
    """Write a plan that was found good into a row."""
    drop_plan(own, row)
    for i, step in enumerate(plan.steps):
        own["actions"][row, i], own["lasting"][row, i] = step.action, min(step.ticks, 2**31 - 1)
    wanted = [condition for condition in plan.until if condition.kind != "impossible"]
    for i, condition in enumerate(wanted):
        own["kinds"][row, i] = KINDS.index(condition.kind)
        own["limits"][row, i] = condition.limit
        if condition.feature:
            own["features"][row, i] = spec.feature_names.index(condition.feature)
    own["planned"][row] = asked
    text = plan.reasons.encode("utf-8", "replace")[:_REASON_BYTES]
    own["reasons"][row] = 0
    own["reasons"][row, : len(text)] = np.frombuffer(text, np.uint8)


def drop_plan(own: dict[str, NDArray[Any]], row: int) -> None:
    """A row without a plan; the reasons of the last one stay."""
    own["actions"][row], own["lasting"][row] = -1, 0
    own["kinds"][row], own["armed"][row] = 0, False
    own["planned"][row] = -1


def reasons_of(own: Mapping[str, NDArray[Any]], row: int) -> str:
    """Reasons of the row's last plan, as far as they are kept."""
    return bytes(own["reasons"][row]).rstrip(b"\0").decode("utf-8", "ignore")


def keep_question(own: dict[str, NDArray[Any]], row: int, seen: ObservationBatch, fresh: bool) -> None:
    """Write what a row is asked on, so that it can be asked again after a resume."""
    own["seen_map"][row], own["seen_features"][row] = seen.map[row], seen.features[row]
    own["seen_mask"][row], own["seen_fresh"][row] = seen.action_mask[row], fresh


def kept_question(own: Mapping[str, NDArray[Any]], row: int) -> ObservationBatch:
    """What the row's question under way was asked on: one row."""
    one = np.ones(1, np.bool_)
    at = slice(row, row + 1)
    return ObservationBatch(
        own["seen_map"][at].copy(),
        own["seen_features"][at].copy(),
        own["seen_mask"][at].copy(),
        one,
        own["seen_fresh"][at].copy(),
    )


def forget_question(own: dict[str, NDArray[Any]], row: int) -> None:
    """No question of the row is under way."""
    own["number"][row], own["asked"][row] = 0, -1
