"""What the annotations of the state's arrays say."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

__all__ = ["array_dtype"]


def array_dtype(hint: Any) -> np.dtype[Any]:
    """The dtype in ``NDArray[scalar]``, wherever NumPy keeps it: its alias has changed shape between releases.

    Raises:
        TypeError: for an annotation that names no NumPy scalar type.
    """
    scalar = _scalar_type(hint)
    if scalar is None:
        raise TypeError(f"an array must be annotated NDArray[scalar type], found {hint!r}")
    return np.dtype(scalar)


def _scalar_type(hint: Any) -> type[np.generic] | None:
    if isinstance(hint, type) and issubclass(hint, np.generic):
        return hint
    return next((found for part in get_args(hint) if (found := _scalar_type(part)) is not None), None)
