"""The interface of a town: what every channel, feature and action means, and a fingerprint of all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from townlet.api.meaning import Action, Affordance, Feature, MapChannel, meaning, plain
from townlet.api.spec_difference import differences
from townlet.errors import ContractError

__all__ = ["ActionSpace", "ObservationSpec"]

ActionSpace = Literal["primitive", "goals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationSpec:
    """The meaning of the arrays in an :class:`~townlet.api.ObservationBatch`, and of the actions answered to it.

    Two towns with equal specs can be played by the same mind. What may differ between them (map, prices, rules) is
    in :class:`~townlet.api.TownFacts`.

    Attributes:
        variant: name of the observation variant, such as ``"hybrid"``.
        channels: the map's ``C`` channels, in order; empty if the variant has no map.
        map_height: ``H``, cells; 0 without a map.
        map_width: ``W``, cells; 0 without a map.
        features: the ``F`` features, in order.
        actions: the ``K`` actions, in order; the first is the one that does nothing.
        action_space: ``"primitive"``: an action each tick; ``"goals"``: something to pursue.
        facility_kinds: names of the kinds of facilities, in order.
        affordances: what can be done at them, in order.
        day_ticks: ticks of a day.

    Raises:
        ContractError: on a repeated or empty name, a size that does not fit the channels, an affordance of a
            facility that is not there, or another action space.
    """

    variant: str
    channels: tuple[MapChannel, ...] = ()
    map_height: int = 0
    map_width: int = 0
    features: tuple[Feature, ...]
    actions: tuple[Action, ...]
    action_space: ActionSpace = "primitive"
    facility_kinds: tuple[str, ...] = ()
    affordances: tuple[Affordance, ...] = ()
    day_ticks: int

    def __post_init__(self) -> None:
        _check_entries("channels", self.channels, MapChannel)
        _check_entries("features", self.features, Feature)
        _check_entries("actions", self.actions, Action)
        _check_entries("affordances", self.affordances, Affordance)
        _check_names("facility_kinds", self.facility_kinds)
        if not self.actions:
            raise ContractError("ObservationSpec.actions must hold at least one action")
        if self.map_height < 0 or self.map_width < 0:
            raise ContractError("ObservationSpec.map_height and map_width must not be negative")
        if bool(self.channels) != bool(self.map_height * self.map_width):
            raise ContractError("ObservationSpec: a map needs channels, a height and a width, or none of them")
        if self.action_space not in get_args(ActionSpace):
            known = ", ".join(map(repr, get_args(ActionSpace)))
            raise ContractError(f"ObservationSpec.action_space must be one of {known}, found {self.action_space!r}")
        if self.day_ticks < 1:
            raise ContractError(f"ObservationSpec.day_ticks must be 1 or more, found {self.day_ticks}")
        for affordance in self.affordances:
            if affordance.facility not in self.facility_kinds:
                raise ContractError(f"the affordance {affordance.name!r} needs {affordance.facility!r}: no such kind")

    @classmethod
    def of_names(
        cls,
        variant: str,
        *,
        features: tuple[str, ...],
        actions: tuple[str, ...],
        channels: tuple[str, ...] = (),
        map_size: tuple[int, int] = (0, 0),
        day_ticks: int = 1,
    ) -> Self:
        """A spec of names alone, for toys and tests: every feature a pure number from 0 to 1, every cell 0 .. 255."""
        return cls(
            variant=variant,
            channels=tuple(MapChannel(name) for name in channels),
            map_height=map_size[0],
            map_width=map_size[1],
            features=tuple(Feature(name) for name in features),
            actions=tuple(Action(name) for name in actions),
            day_ticks=day_ticks,
        )

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """``(C, H, W)``; zeros without a map."""
        return len(self.channels), self.map_height, self.map_width

    @property
    def feature_count(self) -> int:
        """``F``."""
        return len(self.features)

    @property
    def action_count(self) -> int:
        """``K``."""
        return len(self.actions)

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of the map's channels, in order."""
        return tuple(channel.name for channel in self.channels)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features, in order."""
        return tuple(feature.name for feature in self.features)

    @property
    def action_names(self) -> tuple[str, ...]:
        """Names of the actions, in order."""
        return tuple(action.name for action in self.actions)

    @property
    def spans(self) -> bool:
        """Whether a decision lasts several ticks: an agent pursues what it chose until it is asked again."""
        return self.action_space != "primitive"

    def channel_index(self, name: str) -> int:
        """Index of the map's channel ``name``. Raises ContractError for a name that is not there."""
        return _index(self.channel_names, name, "the map has no channel")

    def feature_index(self, name: str) -> int:
        """Index of the feature ``name``. Raises ContractError for a name that is not there."""
        return _index(self.feature_names, name, "the observation has no feature")

    def action_index(self, name: str) -> int:
        """Index of the action ``name``. Raises ContractError for a name that is not there."""
        return _index(self.action_names, name, "there is no action")

    def feature(self, name: str) -> Feature:
        """The feature ``name``. Raises ContractError for a name that is not there."""
        return self.features[self.feature_index(name)]

    def affordances_of(self, facility: str) -> tuple[str, ...]:
        """Names of what can be done at a kind of facility."""
        return tuple(a.name for a in self.affordances if a.facility == facility)

    def tick_of_day(self, features: NDArray[np.float32]) -> NDArray[np.int64]:
        """The time of day, ticks, of rows of features float32 ``[..., F]``, from ``time_sin`` and ``time_cos``."""
        sine = features[..., self.feature_index("time_sin")]
        cosine = features[..., self.feature_index("time_cos")]
        turns = np.arctan2(sine, cosine, dtype=np.float64) / (2 * np.pi)
        return np.rint(turns * self.day_ticks).astype(np.int64) % self.day_ticks

    def fingerprint(self) -> str:
        """SHA-256 (hex) of everything but the descriptions for people.

        Equal for equal specs; different after any renaming or reordering, and with any other range, unit, scale,
        code, day length, facility kind or affordance.
        """
        text = json.dumps(self._plain(described=False), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The spec as JSON-ready values; :meth:`from_json` reads it back."""
        return self._plain(described=True)

    def _plain(self, *, described: bool) -> dict[str, Any]:
        return {
            "variant": self.variant,
            "channels": [plain(channel, described=described) for channel in self.channels],
            "map_height": self.map_height,
            "map_width": self.map_width,
            "features": [plain(feature, described=described) for feature in self.features],
            "actions": [plain(action, described=described) for action in self.actions],
            "action_space": self.action_space,
            "facility_kinds": list(self.facility_kinds),
            "affordances": [plain(affordance, described=described) for affordance in self.affordances],
            "day_ticks": self.day_ticks,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ObservationSpec:
        """Read what :meth:`to_json` wrote. Raises ContractError for anything else."""
        try:
            return cls(
                variant=str(data["variant"]),
                channels=tuple(MapChannel(**meaning(entry)) for entry in data["channels"]),
                map_height=int(data["map_height"]),
                map_width=int(data["map_width"]),
                features=tuple(Feature(**meaning(entry)) for entry in data["features"]),
                actions=tuple(Action(**entry) for entry in data["actions"]),
                action_space=data["action_space"],
                facility_kinds=tuple(data["facility_kinds"]),
                affordances=tuple(Affordance(**entry) for entry in data["affordances"]),
                day_ticks=int(data["day_ticks"]),
            )
        except KeyError as error:
            old = "feature_names" in data
            raise ContractError(
                f"not an observation spec: {error} is missing"
                + (" (it is one of names alone, as Townlet wrote before specs carried their meaning)" if old else "")
            ) from error
        except (TypeError, ValueError, OverflowError, AttributeError) as error:
            raise ContractError(f"not an observation spec: {error!r:.400}") from error

    def differences(self, other: ObservationSpec) -> tuple[str, ...]:
        """Everything in which ``other`` means something else, in words; "here" is this spec, "there" the other."""
        return differences(self, other)

    def first_difference(self, other: ObservationSpec) -> str | None:
        """The first of :meth:`differences`, or None where the two are equal."""
        return next(iter(self.differences(other)), None)


def _check_entries(field: str, entries: Any, kind: type[MapChannel | Feature | Action | Affordance]) -> None:
    if not isinstance(entries, tuple) or not all(isinstance(entry, kind) for entry in entries):
        raise ContractError(f"ObservationSpec.{field} must be a tuple of {kind.__name__}")
    _check_names(field, tuple(entry.name for entry in entries))


def _check_names(field: str, names: Any) -> None:
    if not isinstance(names, tuple) or not all(isinstance(name, str) and name for name in names):
        raise ContractError(f"ObservationSpec.{field} must be a tuple of names that are not empty")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ContractError(f"ObservationSpec.{field} repeats {', '.join(map(repr, repeated))}")


def _index(names: tuple[str, ...], name: str, missing: str) -> int:
    try:
        return names.index(name)
    except ValueError:
        raise ContractError(f"{missing} {name!r}") from None
