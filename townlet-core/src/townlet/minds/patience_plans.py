"""Whether a plan can be taken, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import BoolArray, Condition, ObservationBatch, ObservationSpec, Plan, PlanStep
from townlet.minds.patience_state import KINDS, MOST_CONDITIONS, tie_features

__all__ = ["ending", "fault_of", "holding", "spoken_to"]

_MOST = float(np.finfo(np.float32).max)
_BELOW, _ABOVE, _SPOKEN_TO = (KINDS.index(kind) for kind in KINDS[1:])


def fault_of(plan: object, possible: BoolArray, spec: ObservationSpec, most_steps: int) -> str:
    """Why a plan cannot be taken, in words; empty for one that can.

    Args:
        plan: what a slow mind answered.
        possible: bool ``[K]`` of the observation that it was asked about.
        spec: actions and features.
        most_steps: that core asked for.
    """
    if not isinstance(plan, Plan) or not isinstance(plan.reasons, str):
        return f"it is a {type(plan).__name__} or its reasons are not text"
    if len(plan.steps) > most_steps:
        return f"it has {len(plan.steps)} steps, at most {most_steps} were asked for"
    for step in plan.steps:
        if not isinstance(step, PlanStep) or type(step.action) is not int or type(step.ticks) is not int:
            return f"{step!r:.80} is not a step"
        if step.action >= spec.action_count:
            return f"there is no action {step.action}"
    if not possible[plan.steps[0].action]:
        return f"{spec.action_names[plan.steps[0].action]!r} is not possible"
    return _fault_of_conditions(plan, spec)


def _fault_of_conditions(plan: Plan, spec: ObservationSpec) -> str:
    kept = [condition for condition in plan.until if not isinstance(condition, Condition) or condition.kind != KINDS[0]]
    if len(kept) > MOST_CONDITIONS:
        return f"it has {len(kept)} conditions, at most {MOST_CONDITIONS} are kept"
    for condition in kept:
        if not isinstance(condition, Condition) or condition.kind not in ("impossible", *KINDS[1:]):
            return f"{condition!r:.80} is not a condition"
        if condition.feature and condition.feature not in spec.feature_names:
            return f"there is no feature {condition.feature!r:.80}"
        if not abs(condition.limit) <= _MOST:
            return f"the limit of {condition.feature!r:.80} is not finite"
    return ""


def holding(own: Mapping[str, NDArray[Any]], observations: ObservationBatch, spoken_to: BoolArray) -> BoolArray:
    """Which conditions of the rows' plans hold now: bool ``[N, MOST_CONDITIONS]``."""
    kinds = own["kinds"]
    if not kinds.any():
        return np.zeros(kinds.shape, np.bool_)
    values = np.take_along_axis(observations.features, own["features"].astype(np.intp), axis=1)
    holds: BoolArray = (kinds == _BELOW) & (values < own["limits"])
    holds |= (kinds == _ABOVE) & (values > own["limits"])
    holds |= (kinds == _SPOKEN_TO) & spoken_to[:, None]
    return holds


def ending(own: Mapping[str, NDArray[Any]], row: int, holds: BoolArray, spec: ObservationSpec) -> str:
    """Which condition ended the plan of a row, in words; empty if none did."""
    hit = np.flatnonzero(holds[row] & own["armed"][row])
    if not len(hit):
        return ""
    kind, limit = int(own["kinds"][row, hit[0]]), float(own["limits"][row, hit[0]])
    if kind == _SPOKEN_TO:
        return "somebody talked to it"
    name = spec.feature_names[int(own["features"][row, hit[0]])]
    return f"{name} is {'below' if kind == _BELOW else 'above'} {limit:g}"


def spoken_to(
    own: Mapping[str, NDArray[Any]], observations: ObservationBatch, spec: ObservationSpec
) -> tuple[BoolArray, NDArray[np.float32]]:
    """Which rows somebody talked with since their last decision, bool ``[N]``, and how familiar all are now.

    Talking makes familiar: it shows in the four people of the observation. Who began to chat itself is not spoken to.
    """
    ties = observations.features[:, tie_features(spec)]
    closer: BoolArray = np.any(ties > own["ties"] + 1e-6, axis=1)
    if "last_chat" in spec.feature_names:
        closer &= observations.features[:, spec.feature_names.index("last_chat")] <= 0
    return closer, ties
