"""A config together with where each of its values came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from townlet.config.root import TownletConfig
from townlet.config.source import KeyPath, Place, Source, dotted

__all__ = ["ConfigDocument", "Origin"]

_CONTENT: KeyPath = ("town", "files")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an effective value came from.

    Attributes:
        kind: ``"file"``, ``"override"`` or ``"default"``.
        place: ``"town.yaml:12"``, ``"--set seed=3"`` or ``"default"``.
    """

    kind: Literal["file", "override", "default"]
    place: str


@dataclass(frozen=True, slots=True)
class ConfigDocument:
    """A checked config and the text that it was made of."""

    config: TownletConfig
    source: Source

    @property
    def path(self) -> Path | None:
        """The file, or None for the default town."""
        return self.source.path

    def where(self, key: str) -> str:
        """``where("policy.backend")`` is ``"town.yaml:12, policy.backend"``, for messages.

        Where nobody wrote the key, the innermost part around it that somebody wrote is named; in the default
        config only the key itself.
        """
        path = _parts(key)
        place = self.source.nearest_place(path)
        return key if place == Place(self.source.label) and self.path is None else f"{place}, {key}"

    def origin(self, path: KeyPath) -> Origin:
        """Where the value at that key came from."""
        place = self.source.place(path)
        if place is None:  # a mapping such as policy.options is from where its first written key is from
            inside = (written for written in self.source.places if len(written) > len(path) > 0)
            place = next((self.source.places[key] for key in inside if key[: len(path)] == path), None)
        if place is None:
            return Origin("default", "default")
        return Origin("file" if place.line else "override", str(place))

    def written_in_file(self, key: str) -> bool:
        """Whether the value of a key such as ``policy.backend`` stands in the file: not typed, and no default."""
        return self.origin(_parts(key)).kind == "file"

    def values(self) -> Iterator[tuple[str, object, Origin]]:
        """Every effective value as ``(key, value, origin)``, in the order of the models."""
        yield from self._values(self.config, ())

    def _values(self, section: BaseModel, at: KeyPath) -> Iterator[tuple[str, object, Origin]]:
        for name in type(section).model_fields:
            value = getattr(section, name)
            path = (*at, name)
            if path == _CONTENT and self.source.place(path) is None:
                continue  # what the files hold that two other keys name
            if isinstance(value, BaseModel):
                yield from self._values(value, path)
            elif isinstance(value, tuple) and value and all(isinstance(item, BaseModel) for item in value):
                for index, item in enumerate(value):
                    yield from self._values(item, (*path, index))
            else:
                yield dotted(path), value, self.origin(path)


def _parts(key: str) -> KeyPath:
    parts: list[str | int] = []
    for part in key.replace("[", ".[").split("."):
        parts.append(int(part[1:-1]) if part.startswith("[") else part)
    return tuple(parts)
