"""What a Townlet dataset looks like as a Minari dataset (https://minari.farama.org), and Minari itself.

An episode of Minari is a life. Observations are a dictionary of ``map`` (left out by variants without one),
``features`` and ``action_mask``, one more than there are actions, as Minari wants it: after the last action comes
what the row saw next, or the last observation again where the life ended or the recording did. What else a dataset
holds is in ``infos``, an entry an action, and the manifest's facts are in the metadata under ``townlet``.
"""

from __future__ import annotations

from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import ObservationSpec
from townlet.errors import UsageError

__all__ = ["DAMAGED", "INFOS", "KEY", "SEEN", "minari_module", "require_minari", "spaces_of"]

KEY = "townlet"
SEEN = ("map", "features", "action_mask")
DAMAGED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What Minari, h5py and Gymnasium raise over files that are not what they should be."""
INFOS = ("episode_start", "asked", "log_probs", "values", "bootstrap", "reward_parts")


def require_minari() -> None:
    """Raises UsageError where Minari or h5py is not installed; imports neither."""
    for name in ("h5py", "minari"):
        if find_spec(name) is None:
            raise _missing(name)


def _missing(name: str | None) -> UsageError:
    return UsageError(
        f"exchange with Minari needs a package that is not installed: {name}",
        details=("pip install 'townlet-core[minari]'",),
    )


def minari_module() -> ModuleType:
    """Minari, imported now. Raises UsageError where it or h5py is not installed."""
    try:
        import h5py  # noqa: F401 (Minari imports it only when it writes)
        import minari
    except ImportError as problem:
        raise _missing(problem.name) from problem
    module: ModuleType = minari
    return module


def spaces_of(spec: ObservationSpec) -> tuple[Any, Any]:
    """Gymnasium's spaces of observations and actions."""
    from gymnasium import spaces

    parts: dict[str, Any] = {
        "features": spaces.Box(-np.inf, np.inf, (spec.feature_count,), np.float32),
        "action_mask": spaces.MultiBinary(spec.action_count),
    }
    if spec.channels:
        parts["map"] = spaces.Box(0, 255, spec.map_shape, np.uint8)
    return spaces.Dict(parts), spaces.Discrete(spec.action_count)


def told(array: NDArray[Any]) -> NDArray[Any]:
    """An observation array in the dtype of its space."""
    return array.astype(np.int8) if array.dtype == np.bool_ else array
