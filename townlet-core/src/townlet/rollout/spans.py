"""Decisions of several ticks: what is recorded tick by tick becomes one entry a decision, and nothing between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet.api import BoolArray, DurationArray, FloatArray, RolloutArrays

__all__ = ["Spans", "decisions_only", "gather_spans", "side_by_side"]

_BETWEEN: Mapping[str, int] = {"duration": 1}
"""What stands where a row has no further decision, unless it is 0 or false."""


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


def decisions_only(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The asked entries of each row one after the other, without the ticks between: ``[T, N, ...]`` to ``[D, N, ...]``.

    ``D`` is the largest number of decisions of a row, at least 1; a row with fewer is filled up with entries that
    are not asked. An entry begins a sequence where one of the ticks since the row's last decision did.

    Args:
        arrays: of a rollout with its spans (:func:`gather_spans`), by the names of a ``RolloutBatch``.
    """
    asked = arrays["asked"]
    row, tick = np.nonzero(asked.T)  # row by row, each in the order of time
    counts = asked.sum(axis=0)
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    depth = max(1, int(counts.max(initial=0)))
    begun = np.cumsum(arrays["episode_start"], axis=0)[tick, row]
    before = np.where(place > 0, np.roll(begun, 1), 0)
    found: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        kept = np.full((depth, *array.shape[1:]), _BETWEEN.get(name, 0), array.dtype)
        kept[place, row] = begun > before if name == "episode_start" else array[tick, row]
        found[name] = kept
    found["action_mask"][..., 0] |= ~found["asked"]  # possible everywhere, as in each observation
    return found


def side_by_side(pieces: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """What :func:`decisions_only` gave of several groups of rows, as one; the shorter ones are filled up."""
    depth = max(len(piece["asked"]) for piece in pieces)
    joined: dict[str, NDArray[Any]] = {}
    for name in pieces[0]:
        parts = []
        for piece in pieces:
            missing = depth - len(piece[name])
            rest = np.full((missing, *piece[name].shape[1:]), _BETWEEN.get(name, 0), piece[name].dtype)
            parts.append(np.concatenate([piece[name], rest]) if missing else piece[name])
        joined[name] = np.concatenate(parts, axis=1)
    joined["action_mask"][..., 0] |= ~joined["asked"]
    return joined
