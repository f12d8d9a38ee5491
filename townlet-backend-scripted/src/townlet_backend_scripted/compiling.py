"""How this distribution compiles: what is kept on disk is known to be out of date by the file of the function alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

__all__ = ["compiled", "kept"]

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile what a kept function of the same file calls."""
    found: F = numba.njit(nogil=True, error_model="numpy")(function)
    return found


def kept(function: F) -> F:
    """Compile, and keep the machine code, with all that it calls, where a folder can be written.

    All that it calls must stand in its file: numba looks there for changes, and nowhere else.
    """
    # By numba's version: two environments that share the sources would run each other's.
    function.__qualname__ += f"-{numba.__version__}"
    try:
        found: F = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:
        return compiled(function)
    return found
