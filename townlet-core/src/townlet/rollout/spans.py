"""Decisions of several ticks: what is recorded tick by tick becomes one entry a decision."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from townlet.api import BoolArray, DurationArray, FloatArray, RolloutArrays

__all__ = ["Spans", "gather_spans"]


class Spans(NamedTuple):
    """Entries of decisions, ``[T, N]``; where nobody was asked there is nothing: 0, false, and a duration of 1.

    Attributes:
        rewards: float32, discounted sum of the rewards of all ticks of the decision.
        duration: int32, those ticks.
        terminated: bool, the life ended in one of them.
        truncated: bool, the episode was cut in one of them.
        bootstrap: float32, the value of what came after the last of them, where it was recorded.
    """

    rewards: FloatArray
    duration: DurationArray
    terminated: BoolArray
    truncated: BoolArray
    bootstrap: FloatArray


def gather_spans(arrays: RolloutArrays, length: int, gamma: float) -> Spans:
    """Sum what followed each asked entry up to the next one of its row, over the first ``length`` ticks.

    A decision that the end of the rollout cuts keeps the ticks that it had: its bootstrap is the value of the
    observation after them. Ticks before the first question of a row belong to a decision of the rollout before, which
    ended in that way; they are left out.

    Args:
        arrays: a rollout, tick by tick.
        length: ticks recorded.
        gamma: discount per tick.
    """
    rows = arrays.rows
    asked, active, starts = arrays.asked[:length], arrays.active[:length], arrays.episode_start[:length]
    spans = Spans(
        np.zeros((length, rows), np.float32),
        np.ones((length, rows), np.int32),
        np.zeros((length, rows), np.bool_),
        np.zeros((length, rows), np.bool_),
        np.zeros((length, rows), np.float32),
    )
    later = Spans(
        np.zeros(rows, np.float32),
        np.zeros(rows, np.int32),
        np.zeros(rows, np.bool_),
        np.zeros(rows, np.bool_),
        np.zeros(rows, np.float32),
    )
    goes_on = np.zeros(rows, np.bool_)
    for t in range(length - 1, -1, -1):
        ended, cut = arrays.terminated[t], arrays.truncated[t]
        goes_on &= ~(ended | cut)  # whether the next tick belongs to the decision of this one
        now = Spans(
            arrays.rewards[t] + np.float32(gamma) * np.where(goes_on, later.rewards, 0),
            1 + np.where(goes_on, later.duration, 0).astype(np.int32),
            ended | (goes_on & later.terminated),
            cut | (goes_on & later.truncated),
            np.where(goes_on, later.bootstrap, arrays.bootstrap[t]),
        )
        for kept, value in zip(spans, now, strict=True):
            np.copyto(kept[t], value, where=asked[t])
        later = now
        goes_on = active[t] & ~asked[t] & ~starts[t]
    return spans
