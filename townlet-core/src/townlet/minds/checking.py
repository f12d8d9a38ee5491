"""Checks that what a mind answered follows the contract."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import isfinite
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from townlet.api import BoolArray, Decision, FloatArray, ObservationBatch, ObservationSpec
from townlet.errors import BackendContractError
from townlet.plugins.provenance import Provenance

__all__ = ["check_decision", "check_values"]

_FEW = 4096


def check_decision(
    decision: object,
    observations: ObservationBatch,
    told: Provenance,
    spec: ObservationSpec,
    name_of: Callable[[int], str],
) -> None:
    """Refuse anything but one action per row, in range, and possible by the mask.

    Args:
        decision: the answer.
        observations: what was asked about.
        told: who answered.
        spec: names the actions.
        name_of: from a row of ``observations`` to its agent, in words.

    Raises:
        BackendContractError: naming backend, agent and action.
    """
    if not isinstance(decision, Decision):
        _refuse(told, f"answered with a {type(decision).__name__}, not a Decision")
    actions, mask = decision.actions, observations.action_mask
    if len(actions) != len(mask):
        _refuse(told, f"answered with {len(actions)} actions for {len(mask)} rows")
    if not len(actions):
        return
    unsigned = actions.view(np.uint64)  # a negative number is a large one there
    if unsigned.item(unsigned.argmax()) >= mask.shape[1]:
        row = int(np.flatnonzero((actions < 0) | (actions >= mask.shape[1]))[0])
        _refuse(
            told,
            f"chose action number {actions[row]} for {name_of(row)}",
            f"actions are numbered from 0 to {mask.shape[1] - 1}: {', '.join(spec.action_names)}",
        )
    if not _all_finite(decision.logits, decision.log_probs, decision.values):
        counted = observations.asked
        _finite(told, "logits", decision.logits, counted, name_of)
        _finite(told, "log_probs", decision.log_probs, counted, name_of)
        _finite(told, "values", decision.values, counted, name_of)
    allowed = mask[_numbers(len(mask)), actions]
    if not allowed.item(allowed.argmin()):
        wrong = np.flatnonzero(~allowed)
        row = int(wrong[0])
        names = spec.action_names
        possible = [names[k] for k in np.flatnonzero(mask[row])]
        more = [] if len(wrong) == 1 else [f"the same in {len(wrong) - 1} further rows of this tick"]
        _refuse(
            told,
            f"chose {names[int(actions[row])]!r} for {name_of(row)}, which is not possible now",
            f"possible by the action mask: {', '.join(possible) or 'nothing'}",
            *more,
        )


def check_values(
    values: FloatArray | None, observations: ObservationBatch, told: Provenance, name_of: Callable[[int], str]
) -> None:
    """Refuse values that are not one finite float32 per row; None is allowed. As :func:`check_decision`."""
    if values is not None and (values.dtype != np.float32 or values.shape != observations.active.shape):
        _refuse(told, f"valued {observations.rows} rows with an array {values.dtype.name} {list(values.shape)}")
    _finite(told, "values", values, observations.active, name_of)


def _finite(
    told: Provenance, name: str, array: FloatArray | None, rows: BoolArray, name_of: Callable[[int], str]
) -> None:
    """Refuse NaN, and infinity where it means nothing, in the rows that count."""
    if array is None or _all_finite(array):
        return
    bad = np.isnan(array) | np.isposinf(array) if name == "logits" else ~np.isfinite(array)
    wrong = np.flatnonzero(rows & bad.reshape(len(bad), -1).any(axis=1))
    if len(wrong):
        row = int(wrong[0])
        more = () if len(wrong) == 1 else (f"the same in {len(wrong) - 1} further rows of this tick",)
        _refuse(
            told,
            f"gave {name} that are not finite for {name_of(row)}",
            f"found {np.array2string(array[row], threshold=6)}",
            *more,
            "its weights may hold NaN: go back to the last good checkpoint",
        )


def _all_finite(*arrays: FloatArray | None) -> bool:
    """Quickly: a sum is finite only where all is, and where an overflow makes it infinite, whoever asks looks closer.
    Of the few rows of a town each number is looked at: that is quicker than to have warnings of overflow kept off."""
    for array in arrays:
        if array is None or not array.size:
            continue
        flat = array.ravel()
        if flat.size < _FEW:
            finite = np.isfinite(flat)
            if not finite.item(finite.argmin()):
                return False
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                if not isfinite(np.add.reduce(flat)):
                    return False
    return True


@lru_cache(maxsize=16)
def _numbers(rows: int) -> NDArray[np.intp]:
    return np.arange(rows)


def _refuse(told: Provenance, what: str, *details: str) -> NoReturn:
    origin = (f"backend: {told.distribution} {told.version or ''}".rstrip(),) if told.distribution else ()
    raise BackendContractError(f"policy backend {told.active!r} {what}", details=(*details, *origin))
