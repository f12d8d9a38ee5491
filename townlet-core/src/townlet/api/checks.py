"""Checks that the contract's values make at their birth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.errors import ContractError

__all__ = ["check_array", "check_rows"]


def check_array(owner: str, name: str, array: NDArray[Any], dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    """Refuse ``array`` unless it has exactly this dtype and shape; -1 in ``shape`` fits any length.

    Raises:
        ContractError: naming ``owner.name``, the rule and what was found.
    """
    if type(array) is not np.ndarray and not isinstance(array, np.ndarray):
        raise ContractError(f"{owner}.{name} must be a numpy array, found {type(array).__name__}")
    found_dtype = array.dtype
    if found_dtype.type is not dtype or not found_dtype.isnative:  # quicker than to compare them, and asked each tick
        raise ContractError(
            f"{owner}.{name} must have dtype {np.dtype(dtype).name}, found {array.dtype.name}",
            details=(f"convert it with {name}.astype(np.{np.dtype(dtype).name})",),
        )
    found = array.shape
    if found != shape and not _fits(found, shape):
        want = ", ".join("any" if s == -1 else str(s) for s in shape)
        raise ContractError(f"{owner}.{name} must have shape [{want}], found {list(found)}")


def _fits(found: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    if len(found) != len(shape):
        return False
    for want, got in zip(shape, found, strict=True):  # noqa: SIM110 (each value is checked each tick: a generator costs)
        if want not in (-1, got):
            return False
    return True


def check_rows(owner: str, name: str, array: NDArray[Any], rows: int) -> None:
    """Refuse ``array`` unless its first axis has ``rows`` entries."""
    if array.ndim == 0 or array.shape[0] != rows:
        raise ContractError(f"{owner}.{name} must have {rows} rows on its first axis, found shape {list(array.shape)}")
