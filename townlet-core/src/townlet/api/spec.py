"""What an observation means: the name of every channel, feature and action, and a fingerprint of them all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from townlet.errors import ContractError

__all__ = ["ObservationSpec"]


@dataclass(frozen=True, slots=True)
class ObservationSpec:
    """The meaning of the arrays in an :class:`~townlet.api.ObservationBatch`.

    Attributes:
        variant: name of the observation variant, such as ``"hybrid"``.
        map_channels: names of the map's ``C`` channels, in order; empty if the variant has no map.
        map_height: ``H``, cells; 0 without a map.
        map_width: ``W``, cells; 0 without a map.
        feature_names: names of the ``F`` features, in order.
        action_names: names of the ``K`` actions, in order; the first is the one that does nothing.

    Raises:
        ContractError: on a repeated or empty name, or a size that does not fit the channels.
    """

    variant: str
    map_channels: tuple[str, ...]
    map_height: int
    map_width: int
    feature_names: tuple[str, ...]
    action_names: tuple[str, ...]

    def __post_init__(self) -> None:
        for field, names in (
            ("map_channels", self.map_channels),
            ("feature_names", self.feature_names),
            ("action_names", self.action_names),
        ):
            if not isinstance(names, tuple) or not all(isinstance(n, str) and n for n in names):
                raise ContractError(f"ObservationSpec.{field} must be a tuple of names that are not empty")
            repeated = sorted({n for n in names if names.count(n) > 1})
            if repeated:
                raise ContractError(f"ObservationSpec.{field} repeats {', '.join(map(repr, repeated))}")
        if not self.action_names:
            raise ContractError("ObservationSpec.action_names must name at least one action")
        if self.map_height < 0 or self.map_width < 0:
            raise ContractError("ObservationSpec.map_height and map_width must not be negative")
        if bool(self.map_channels) != bool(self.map_height * self.map_width):
            raise ContractError("ObservationSpec: a map needs channels, a height and a width, or none of them")

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """``(C, H, W)``; zeros without a map."""
        return len(self.map_channels), self.map_height, self.map_width

    @property
    def features(self) -> int:
        """``F``, the number of features."""
        return len(self.feature_names)

    @property
    def actions(self) -> int:
        """``K``, the number of actions."""
        return len(self.action_names)

    def feature(self, name: str) -> int:
        """Index of the feature ``name``. Raises ContractError for a name that is not there."""
        try:
            return self.feature_names.index(name)
        except ValueError:
            raise ContractError(f"the observation has no feature {name!r}") from None

    def action(self, name: str) -> int:
        """Index of the action ``name``. Raises ContractError for a name that is not there."""
        try:
            return self.action_names.index(name)
        except ValueError:
            raise ContractError(f"there is no action {name!r}") from None

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the spec: equal for equal specs, different after any renaming or reordering."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The spec as JSON-ready values; :meth:`from_json` reads it back."""
        data = asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in data.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ObservationSpec:
        """Read what :meth:`to_json` wrote. Raises ContractError for anything else."""
        try:
            return cls(
                variant=str(data["variant"]),
                map_channels=tuple(data["map_channels"]),
                map_height=int(data["map_height"]),
                map_width=int(data["map_width"]),
                feature_names=tuple(data["feature_names"]),
                action_names=tuple(data["action_names"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ContractError(f"not an observation spec: {error!r}") from error

    def first_difference(self, other: ObservationSpec) -> str | None:
        """The first thing in which ``other`` differs, in words, or None where the two are equal."""
        for field in ("variant", "map_height", "map_width"):
            mine, theirs = getattr(self, field), getattr(other, field)
            if mine != theirs:
                return f"{field} is {mine!r} here and {theirs!r} there"
        for field in ("map_channels", "feature_names", "action_names"):
            ours: tuple[str, ...] = getattr(self, field)
            theirs_names: tuple[str, ...] = getattr(other, field)
            for index, (a, b) in enumerate(zip(ours, theirs_names, strict=False)):
                if a != b:
                    return f"{field}[{index}] is {a!r} here and {b!r} there"
            if len(ours) != len(theirs_names):
                return f"{field} has {len(ours)} names here and {len(theirs_names)} there"
        return None
