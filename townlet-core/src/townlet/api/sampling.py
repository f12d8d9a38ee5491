"""Choosing actions from scores under a mask, with random numbers that are a function of the state alone."""

from __future__ import annotations

from functools import lru_cache
from math import inf

import numpy as np
from numpy.typing import NDArray

from townlet.api.batch import ActionArray, BoolArray, FloatArray
from townlet.rng import derive, uniform

_NEVER = np.array(-np.inf)  # float64, without a dimension: a scalar would be made into one each time

__all__ = ["greedy_actions", "row_keys", "row_uniforms", "sample_actions"]


def row_keys(rows: int, seed: int) -> NDArray[np.uint64]:
    """One random key a row: uint64 ``[N]``. Keep it in the policy's state beside a counter."""
    base = np.full(rows, seed & 0xFFFFFFFFFFFFFFFF, np.uint64)
    return derive(base, np.arange(rows, dtype=np.uint64))


def row_uniforms(keys: NDArray[np.uint64], counters: NDArray[np.uint64]) -> NDArray[np.float64]:
    """One number in [0, 1) a row: float64 ``[N]``, a function of its key and counter (both uint64 ``[N]``)."""
    return uniform(keys, counters)


def greedy_actions(logits: FloatArray, mask: BoolArray) -> ActionArray:
    """The possible action with the highest score; int64 ``[N]``. A row with nothing possible takes action 0."""
    actions: ActionArray = np.where(mask, logits, -np.inf).argmax(axis=1).astype(np.int64)
    return actions


def sample_actions(
    logits: FloatArray, mask: BoolArray, uniforms: NDArray[np.float64]
) -> tuple[ActionArray, FloatArray]:
    """Draw from the softmax of ``logits`` over the possible actions, by inversion.

    Args:
        logits: float32 ``[N, K]``.
        mask: bool ``[N, K]``. A row with nothing possible takes action 0.
        uniforms: float64 ``[N]`` in [0, 1).

    Returns:
        Actions int64 ``[N]`` and the logarithm of their probabilities float32 ``[N]``.
    """
    rows, count = mask.shape
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    # Few rows are drawn for at a time, and argmax costs them a fraction of what sums and maxima along an axis do.
    starts = _starts(rows, count)
    scores = np.where(mask, logits, _NEVER)
    best = scores.ravel().take(starts + scores.argmax(axis=1))
    if not best.item(best.argmin()) > -inf:  # somebody for whom nothing is possible, or NaN
        nothing = np.flatnonzero(~mask.any(axis=1))
        scores[nothing, 0] = best[nothing] = logits[nothing, 0]
    scores -= best[:, None]
    totals = np.exp(scores).cumsum(axis=1)
    total = totals[:, -1]
    aim = uniforms * total
    actions: ActionArray = (totals > aim[:, None]).argmax(axis=1).astype(np.int64, copy=False)
    beyond = total <= aim
    if beyond.item(beyond.argmax()):  # a number so close to 1 that its share of the total was rounded up to all of it
        last = count - 1 - mask[beyond, ::-1].argmax(axis=1)
        actions[beyond] = np.where(mask[beyond].any(axis=1), last, 0)
    log_probs = scores.ravel().take(starts + actions) - np.log(total)
    return actions, log_probs.astype(np.float32)


@lru_cache(maxsize=16)
def _starts(rows: int, count: int) -> NDArray[np.intp]:
    """Where each row of a flattened array ``[rows, count]`` starts."""
    starts = np.arange(0, rows * count, count)
    starts.flags.writeable = False
    return starts
