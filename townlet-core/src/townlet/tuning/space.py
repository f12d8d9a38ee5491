"""What can vary: settings with a range, read from the models that check them, or from what the user wrote."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from townlet.config import TownletConfig
from townlet.errors import UsageError
from townlet.plugins import validate_options
from townlet.suggestions import nearest
from townlet.training.learner.choice import learner_name, learner_options
from townlet.tuning.fields import TunableField, Value, refusal_of, settings_in

__all__ = ["OPTIONS", "Dimension", "Space", "space_of"]

OPTIONS = "policy.options"
"""The section that an option without a dot belongs to."""

_TRAINING, _LEARNER = "training", "training.options"


@dataclass(frozen=True, slots=True)
class Dimension:
    """One setting that varies.

    Attributes:
        key: of the config, such as ``policy.options.eat_below``.
        kind: numbers, whole numbers, or one of ``choices``.
        low, high: ends of the range, both included; 0 and the last index of ``choices``.
        log: whether steps are ratios.
        choices: what it can be, if it is not a number.
        start: what the config says.
    """

    key: str
    kind: Literal["float", "int", "choice"]
    low: float
    high: float
    start: Value
    log: bool = False
    choices: tuple[Value, ...] = ()

    @property
    def name(self) -> str:
        """The key as a person writes it: options without their section."""
        return self.key.removeprefix(f"{OPTIONS}.")

    def at(self, share: float) -> Value:
        """The value at a share of the range, from 0 to 1."""
        share = min(max(share, 0.0), 1.0)
        if self.kind == "choice":
            return self.choices[round(share * self.high)]
        if self.log:
            number = self.low * (self.high / self.low) ** share
        else:
            number = self.low + share * (self.high - self.low)
        return round(number) if self.kind == "int" else float(f"{min(max(number, self.low), self.high):.6g}")

    def share(self, value: Value) -> float:
        """Where in the range a value lies, from 0 to 1; one outside lies at the nearer end."""
        if self.kind == "choice":
            return self.choices.index(value) / self.high if value in self.choices else 0.0
        assert isinstance(value, int | float)
        number = min(max(float(value), self.low), self.high)
        if self.log:
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)

    def holds(self, value: Value) -> bool:
        """Whether a value lies in the range."""
        if self.kind == "choice":
            return value in self.choices
        return isinstance(value, int | float) and self.low <= value <= self.high

    def range(self) -> str:
        """The range in a few words."""
        if self.kind == "choice":
            return " | ".join(map(str, self.choices))
        return f"{self.low:g} to {self.high:g}{' (ratios)' if self.log else ''}"


@dataclass(frozen=True, slots=True)
class Space:
    """Everything that varies, in the order of the models.

    Attributes:
        dimensions: at least one.
    """

    dimensions: tuple[Dimension, ...]

    @property
    def trains(self) -> bool:
        """Whether a trial has to train before it is played."""
        return any(dimension.key.startswith(f"{_TRAINING}.") for dimension in self.dimensions)

    def start(self) -> dict[str, Value]:
        """The settings as the config has them."""
        return {dimension.key: dimension.start for dimension in self.dimensions}

    def values(self, shares: Sequence[float]) -> dict[str, Value]:
        """The settings at these shares of their ranges."""
        return {d.key: d.at(share) for d, share in zip(self.dimensions, shares, strict=True)}

    def shares(self, values: Mapping[str, Value]) -> list[float]:
        """Where in their ranges settings lie."""
        return [dimension.share(values[dimension.key]) for dimension in self.dimensions]


def space_of(config: TownletConfig, search: Mapping[str, object], *, where: str = "tuning.search") -> Space:
    """What varies, and how far.

    Args:
        config: its policy's options, by the backend's own model, and its section ``training``.
        search: setting to ``LOW:HIGH``, ``LOW:HIGH:log``, a list of choices, or ``auto``; empty: every option of the
            policy that has a range.
        where: the place it was written at, for errors.

    Raises:
        UsageError: for a setting that does not exist, cannot vary, or a range that its model refuses.
        ConfigError, BackendError: if the policy's options cannot be read.
    """
    options = validate_options(config.policy.backend.partition(":")[0], config.policy.options)
    settings = {} if options is None else settings_in(options, OPTIONS)
    chosen: list[tuple[TunableField, object]]
    if not search:
        chosen = [(setting, "auto") for setting in settings.values() if setting.varies]
        if not chosen:
            raise UsageError(
                f"policy {config.policy.backend!r} has no option with a range to search",
                where=where,
                details=("name what is to vary, such as  --vary training.ppo.settings.gamma=0.99:0.9999",),
            )
    else:
        settings |= settings_in(config.training, _TRAINING)
        if any(key.startswith(_LEARNER) for key in search):
            learner = validate_options(learner_name(config), learner_options(config))
            settings |= {} if learner is None else settings_in(learner, _LEARNER)
        chosen = [(_named(key, settings, config.policy.backend, where), text) for key, text in search.items()]
    return Space(tuple(_dimension(setting, text, where) for setting, text in chosen))


def _named(key: str, settings: Mapping[str, TunableField], backend: str, where: str) -> TunableField:
    for full in (key, f"{OPTIONS}.{key}"):
        if full in settings:
            return settings[full]
    names = [name.removeprefix(f"{OPTIONS}.") for name in settings]
    near = nearest(key, names)
    options = [name for name in names if not name.startswith(f"{_TRAINING}.")]
    raise UsageError(
        f"{key!r} is neither an option of policy {backend!r} nor a setting of training",
        where=where,
        details=(
            *([f"did you mean {near!r}?"] if near else []),
            f"options that can vary: {', '.join(options) or 'none'}",
            "settings of training are written in full, such as  training.ppo.settings.gamma",
        ),
    )


def _dimension(setting: TunableField, text: object, where: str) -> Dimension:
    name = setting.key.removeprefix(f"{OPTIONS}.")
    if isinstance(text, list | tuple):
        return _choices(setting, tuple(text), name, where)
    if text in (None, "auto"):
        if setting.choices:
            return _choices(setting, setting.choices, name, where)
        if setting.kind is None:
            raise UsageError(f"{name!r} cannot vary: it is neither a number nor a choice", where=where)
        if setting.low is None or setting.high is None:
            raise UsageError(
                f"{name!r} has no range of its own",
                where=where,
                details=(f"give one, such as  --vary {name}=LOW:HIGH  (it is {setting.start} now)",),
            )
        return _numbers(setting, setting.low, setting.high, log=False)
    low, high, log = _range(str(text), name, where)
    if setting.kind is None:
        raise UsageError(
            f"{name!r} is not a number; list its choices instead", where=where, details=(f"found {text!r}",)
        )
    for end in (low, high):
        fault = refusal_of(setting, int(end) if setting.kind == "int" and end == int(end) else end)
        if fault is not None:
            raise UsageError(f"the range of {name!r} is refused: {fault}", where=where, details=(f"found {text!r}",))
    return _numbers(setting, low, high, log=log)


def _numbers(setting: TunableField, low: float, high: float, *, log: bool) -> Dimension:
    assert setting.kind is not None
    return Dimension(setting.key, setting.kind, low, high, setting.start, log=log)


def _choices(setting: TunableField, choices: tuple[Value, ...], name: str, where: str) -> Dimension:
    if len(choices) < 2 or len(set(map(repr, choices))) < len(choices):
        raise UsageError(f"{name!r} needs at least two different choices", where=where, details=(f"found {choices!r}",))
    for choice in choices:
        fault = refusal_of(setting, choice)
        if fault is not None:
            raise UsageError(f"{name!r} cannot be {choice!r}: {fault}", where=where)
    return Dimension(setting.key, "choice", 0.0, len(choices) - 1.0, setting.start, choices=choices)


def _range(text: str, name: str, where: str) -> tuple[float, float, bool]:
    parts = text.split(":")
    log = len(parts) == 3 and parts[2] == "log"
    try:
        if len(parts) != 2 and not log:
            raise ValueError
        low, high = float(parts[0]), float(parts[1])
    except ValueError:
        raise UsageError(
            f"the range of {name!r} is written LOW:HIGH or LOW:HIGH:log, found {text!r}", where=where
        ) from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(f"the range of {name!r} must go up, found {text!r}", where=where)
    if log and low <= 0:
        raise UsageError(f"a logarithmic range must start above 0, found {text!r} for {name!r}", where=where)
    return low, high, log
