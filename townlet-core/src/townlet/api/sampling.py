"""Choosing actions from scores under a mask, with random numbers that are a function of the state alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from townlet.api.batch import ActionArray, BoolArray, FloatArray
from townlet.rng import derive, uniform

_NEVER = np.float64(-np.inf)

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
    possible = mask.any(axis=1)
    if not possible.all():
        mask = mask.copy()
        mask[:, 0] |= ~possible
    scores = np.where(mask, logits, _NEVER)
    scores -= scores.max(axis=1, keepdims=True)
    totals = np.exp(scores).cumsum(axis=1)
    total = totals[:, -1]
    actions: ActionArray = (totals <= (uniforms * total)[:, None]).sum(axis=1, dtype=np.int64)
    beyond = actions == mask.shape[1]
    if beyond.any():  # a number so close to 1 that its share of the total was rounded up to all of it
        actions[beyond] = mask.shape[1] - 1 - mask[beyond, ::-1].argmax(axis=1)
    log_probs = scores[np.arange(len(actions)), actions] - np.log(total)
    return actions, log_probs.astype(np.float32)
