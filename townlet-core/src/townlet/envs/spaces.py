"""Observations and actions as spaces of gymnasium, and what a forbidden action means to an environment."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from townlet.api import ActionArray, ObservationBatch, ObservationSpec

__all__ = ["Forbidden", "action_space", "as_columns", "observation_space", "replace_forbidden"]

Forbidden = Literal["error", "wait"]
"""What a wrapper does with an action that the mask forbids: raise, or let the agent wait and say so in the info."""


def observation_space(spec: ObservationSpec) -> spaces.Dict:
    """``map`` uint8 ``[C, H, W]`` (left out if there is none), ``features`` float32, ``action_mask`` int8."""
    parts: dict[str, spaces.Space[Any]] = {
        "features": spaces.Box(-np.inf, np.inf, (spec.feature_count,), np.float32),
        "action_mask": spaces.MultiBinary(spec.action_count),
    }
    if spec.channels:
        parts["map"] = spaces.Box(0, 255, spec.map_shape, np.uint8)
    return spaces.Dict(parts)


def action_space(spec: ObservationSpec) -> spaces.Discrete:
    """One of the named actions."""
    return spaces.Discrete(spec.action_count)


def as_columns(batch: ObservationBatch) -> dict[str, NDArray[Any]]:
    """A batch as the arrays of the observation space, rows first; views, nothing is copied."""
    columns: dict[str, NDArray[Any]] = {"features": batch.features, "action_mask": batch.action_mask.view(np.int8)}
    if batch.map.size:
        columns["map"] = batch.map
    return columns


def replace_forbidden(
    actions: ActionArray, mask: NDArray[np.bool_], asked: NDArray[np.bool_]
) -> tuple[ActionArray, NDArray[np.bool_]]:
    """Actions with forbidden ones replaced by action 0, and which asked rows those were (bool ``[N]``).

    Args:
        actions: int64 ``[N]``, indices of actions or not.
        mask: bool ``[N, K]``, what is possible.
        asked: bool ``[N]``, whose action counts; what others give is forbidden to nobody, since nobody hears it.
    """
    known = (actions >= 0) & (actions < mask.shape[1])
    allowed = known & mask[np.arange(len(actions)), np.where(known, actions, 0)]
    return np.where(allowed, actions, 0), ~allowed & asked
