"""The words of an interface: what one feature, one channel of the map, one action and one affordance mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from townlet.errors import ContractError

__all__ = ["FLAG", "Action", "Affordance", "Code", "Feature", "MapChannel", "Transform"]

Kind = Literal["identity", "scaled", "saturating", "closeness", "sine", "cosine"]
Numbers = float | NDArray[Any]

_FORMULAS: Mapping[str, str] = {
    "identity": "x",
    "scaled": "x / {s:g}",
    "saturating": "x / (x + {s:g})",
    "closeness": "255 * {s:g} // (x + {s:g})",
    "sine": "sin(2 pi x / {s:g})",
    "cosine": "cos(2 pi x / {s:g})",
}
_FORWARD: Mapping[str, Callable[[NDArray[Any], float], NDArray[Any]]] = {
    "identity": lambda x, s: x,  # noqa: ARG005
    "scaled": lambda x, s: x / s,
    "saturating": lambda x, s: x / (x + s),
    "closeness": lambda x, s: np.floor(255 * s / (x + s)),
    "sine": lambda x, s: np.sin(2 * math.pi * x / s),
    "cosine": lambda x, s: np.cos(2 * math.pi * x / s),
}
_BACK: Mapping[str, Callable[[NDArray[Any], float], NDArray[Any]]] = {
    "identity": lambda v, s: v,  # noqa: ARG005
    "scaled": lambda v, s: v * s,
    "saturating": lambda v, s: s * v / (1 - v),
    "closeness": lambda v, s: 255 * s / v - s,
}


@dataclass(frozen=True, slots=True)
class Transform:
    """How a number of the town becomes the number in an array.

    Attributes:
        kind: ``identity`` x, ``scaled`` x / scale, ``saturating`` x / (x + scale), ``closeness``
            255 * scale // (x + scale), ``sine`` and ``cosine`` of the angle x / scale of a whole turn.
        scale: in the unit of the number.

    Raises:
        ContractError: for an unknown kind, or a scale that is not a number above 0.
    """

    kind: Kind = "identity"
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ContractError(f"no transform is called {self.kind!r}; choose from {', '.join(get_args(Kind))}")
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise ContractError(f"the scale of a transform must be above 0, found {self.scale!r}")

    @property
    def formula(self) -> str:
        """Such as ``x / (x + 50)``."""
        return _FORMULAS[self.kind].format(s=self.scale)

    def apply(self, numbers: Numbers) -> NDArray[Any]:
        """The town's numbers as an array holds them, not yet held within the bounds of a feature.

        Arrays of floats keep their dtype; everything else is computed in float64.
        """
        return _FORWARD[self.kind](_floats(numbers), self.scale)

    def invert(self, values: Numbers) -> NDArray[Any]:
        """The town's numbers for values of an array: infinite where ``saturating`` is at 1 or ``closeness`` at 0.

        Raises:
            ContractError: for a sine or cosine, of which it takes both: :meth:`ObservationSpec.tick_of_day`.
        """
        back = _BACK.get(self.kind)
        if back is None:
            raise ContractError(f"a {self.kind} alone does not say which number it is of")
        if self.kind not in ("saturating", "closeness"):  # nothing is divided by
            return back(_floats(values), self.scale)
        with np.errstate(divide="ignore"):
            return back(_floats(values), self.scale)


def _floats(numbers: Numbers) -> NDArray[Any]:
    array = np.asarray(numbers)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


@dataclass(frozen=True, slots=True)
class Code:
    """One value that stands for something, such as 160 for a friend on the map."""

    value: float
    meaning: str


FLAG: Final = (Code(0, "no"), Code(1, "yes"))
"""The codes of a feature that says yes or no."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of an observation.

    Attributes:
        name: unique among the features.
        low: least value it takes in an array.
        high: greatest. A number of the town beyond what ``low`` and ``high`` stand for is shown as the nearer one.
        unit: what the town's number counts, such as ``"coins"`` or ``"ticks"``; empty for a pure number.
        transform: from the town's number to the value in an array.
        description: one sentence for people; not part of the fingerprint.
        codes: all values that it takes, where each stands for something; empty for a quantity.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    transform: Transform = Transform()
    description: str = field(default="", compare=False)
    codes: tuple[Code, ...] = ()

    def __post_init__(self) -> None:
        _check_range(f"feature {self.name!r}", self.low, self.high, self.codes)

    def encode(self, numbers: Numbers) -> NDArray[Any]:
        """The town's numbers, in ``unit``, as the array holds them: transformed, and held within the bounds."""
        held: NDArray[Any] = np.clip(self.transform.apply(numbers), self.low, self.high)
        return held

    def decode(self, values: Numbers) -> NDArray[Any]:
        """The town's numbers, in ``unit``, for values of the array. Raises ContractError as ``Transform.invert``."""
        return self.transform.invert(values)


@dataclass(frozen=True, slots=True)
class MapChannel:
    """One channel of the map, uint8. Fields as in :class:`Feature`; most channels have ``codes`` for their cells."""

    name: str
    low: float = 0
    high: float = 255
    unit: str = ""
    transform: Transform = Transform()
    description: str = field(default="", compare=False)
    codes: tuple[Code, ...] = ()

    def __post_init__(self) -> None:
        _check_range(f"map channel {self.name!r}", self.low, self.high, self.codes)
        if self.low < 0 or self.high > 255:
            raise ContractError(f"map channel {self.name!r}: cells are in 0 .. 255, found {self.low} .. {self.high}")


@dataclass(frozen=True, slots=True)
class Action:
    """One action: its name, and for people what it does (not part of the fingerprint)."""

    name: str
    description: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Affordance:
    """Something that can be done at a facility: its name, and the kind of facility."""

    name: str
    facility: str


def plain(entry: Feature | MapChannel | Action | Affordance, *, described: bool) -> dict[str, Any]:
    """An entry of a spec as JSON-ready values: numbers as floats, and without its description if not ``described``."""
    found: dict[str, Any] = {"name": entry.name}
    if isinstance(entry, Affordance):
        return {**found, "facility": entry.facility}
    if described:
        found["description"] = entry.description
    if isinstance(entry, Action):
        return found
    return {
        **found,
        "low": float(entry.low),
        "high": float(entry.high),
        "unit": entry.unit,
        "transform": {"kind": entry.transform.kind, "scale": float(entry.transform.scale)},
        "codes": [{"value": float(code.value), "meaning": code.meaning} for code in entry.codes],
    }


def meaning(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the feature or channel that :func:`plain` wrote. Raises KeyError or TypeError for others."""
    return {**entry, "transform": Transform(**entry["transform"]), "codes": tuple(Code(**c) for c in entry["codes"])}


def _check_range(what: str, low: float, high: float, codes: tuple[Code, ...]) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ContractError(f"{what}: low must be below high, found {low!r} and {high!r}")
    values = [code.value for code in codes]
    if len(set(values)) != len(values) or any(not low <= value <= high for value in values):
        raise ContractError(f"{what}: its codes must be different values from {low:g} to {high:g}, found {values}")
