"""What was written in a config, value by value with its place, before any model has seen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from townlet.errors import ConfigError

__all__ = ["ConfigFault", "Data", "KeyPath", "Place", "Source", "dotted", "refuse"]

Data = None | bool | int | float | str | list["Data"] | dict[str, "Data"]
"""What YAML's core schema can say. Keys are text."""

_SHOWN = 40
"""Faults of one text that are listed."""

KeyPath = tuple[str | int, ...]
"""Where in a config: ``("policy", "backend")``, ``("training", "anneal", "stages", 0, "mode")``."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written.

    Attributes:
        label: the file's name as the user gave it, or the override, such as ``--set seed=3``.
        line: line in the file, from 1; 0 for an override.
    """

    label: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.label}:{self.line}" if self.line else self.label


@dataclass(frozen=True, slots=True)
class ConfigFault:
    """One thing that is wrong: where, and a clause such as ``must be text, found 3``."""

    where: str
    problem: str
    order: tuple[str, int] = ("", 0)


@dataclass(frozen=True, slots=True)
class Source:
    """A tree of values with their places.

    Attributes:
        label: what messages call it: the file's name as given, or ``"default config"``.
        data: the values.
        places: place of each key that was written, mappings and lists included.
        faults: what is wrong with the text already, apart from what a model will find.
        path: the file, or None.
    """

    label: str
    data: dict[str, Data] = field(default_factory=dict)
    places: Mapping[KeyPath, Place] = field(default_factory=dict)
    faults: Sequence[ConfigFault] = ()
    path: Path | None = None

    def place(self, path: KeyPath) -> Place | None:
        """Place of the key, or None where nobody wrote it."""
        return self.places.get(path)

    def nearest_place(self, path: KeyPath) -> Place:
        """Place of the key, or of the innermost part around it that was written."""
        for length in range(len(path), 0, -1):
            found = self.places.get(path[:length])
            if found is not None:
                return found
        return self.places.get((), Place(self.label))

    def where(self, path: KeyPath) -> str:
        """``"town.yaml:12, policy.backend"``."""
        name = dotted(path)
        return f"{self.nearest_place(path)}, {name}" if name else str(self.nearest_place(path))

    def fault(self, path: KeyPath, problem: str) -> ConfigFault:
        """A fault at that key."""
        place = self.nearest_place(path)
        return ConfigFault(self.where(path), problem, (place.label if not place.line else "", place.line))


def dotted(path: KeyPath) -> str:
    """``training.anneal.stages[0].mode``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def refuse(label: str, faults: Sequence[ConfigFault]) -> ConfigError:
    """One error for all the faults, in the order of the file."""
    ordered = sorted(faults, key=lambda fault: fault.order)
    if len(ordered) == 1:
        return ConfigError(ordered[0].problem, where=ordered[0].where)
    shown = [f"{fault.where}: {fault.problem}" for fault in ordered[:_SHOWN]]
    more = [f"and {len(ordered) - _SHOWN} more"] if len(ordered) > _SHOWN else []
    return ConfigError(f"{len(ordered)} errors in {label}", details=[*shown, *more])
