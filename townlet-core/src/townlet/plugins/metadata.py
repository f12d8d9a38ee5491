"""Installed distributions: what their metadata says, with nothing imported but the reader of metadata."""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from townlet.plugins.names import canonical

if TYPE_CHECKING:
    from importlib_metadata import Distribution, IDistribution

__all__ = [
    "BACKENDS",
    "MANIFESTS",
    "OBSERVERS",
    "Declaration",
    "Installed",
    "Metadata",
    "forget",
    "installed_version",
    "read_metadata",
]

BACKENDS = "townlet.backends"
MANIFESTS = "townlet.backend_manifests"
OBSERVERS = "townlet.plugins"

_GROUPS = (BACKENDS, MANIFESTS, OBSERVERS)
_FIELD = re.compile(r"^(Name|Version):[ \t]*(.*?)[ \t]*$", re.MULTILINE | re.IGNORECASE)


class Installed(NamedTuple):
    """A distribution as its metadata describes it.

    Attributes:
        name: as its author writes it.
        version: ``"unknown"`` where the metadata is damaged.
        location: the folder that holds its ``*.dist-info``.
        editable: whether it is an editable install; None if the metadata does not say where it came from.
        local: whether its metadata lies in the current directory, where anybody may have put it.
    """

    name: str
    version: str
    location: str
    editable: bool | None
    local: bool


class Declaration(NamedTuple):
    """One entry point: ``distribution`` declares ``name = value`` in ``group``.

    Attributes:
        repeats: locations of further metadata of the same distribution that says the same.
        stale: descriptions of further metadata of the same distribution that says something else.
    """

    group: str
    name: str
    value: str
    distribution: Installed
    repeats: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


class Metadata(NamedTuple):
    """What was read.

    Attributes:
        declarations: in the order of ``sys.path``, without repetitions.
        damaged: descriptions of metadata that could not be read.
    """

    declarations: tuple[Declaration, ...]
    damaged: tuple[str, ...]


@functools.cache
def read_metadata(allow_local: bool = False) -> Metadata:
    """Read all entry points of Townlet's groups.

    The same name declared twice by one distribution (an editable install beside stale metadata) is one
    declaration, the first on ``sys.path``, which is also the one that Python would import. Metadata in the current
    directory never merges with an installed distribution's, unless it is allowed.
    """
    found: dict[tuple[str, str, str, bool], Declaration] = {}
    damaged: list[str] = []
    for declaration in _read_all(damaged):
        distribution = declaration.distribution
        aside = distribution.local and not allow_local
        key = (canonical(distribution.name), declaration.group, canonical(declaration.name), aside)
        first = found.get(key)
        found[key] = declaration if first is None else _merge(first, declaration)
    return Metadata(tuple(found.values()), tuple(damaged))


def forget() -> None:
    """Forget what was read, so that the next question reads again."""
    read_metadata.cache_clear()
    installed_version.cache_clear()


@functools.cache
def installed_version(distribution: str) -> str | None:
    """Version of an installed distribution, by metadata alone; None if it is not installed.

    Metadata without a readable version counts as not installed: nothing can be said about it.
    """
    import importlib_metadata  # heavy, and not needed by `--help`

    for found in importlib_metadata.distributions(name=distribution, path=_search_path()):
        version = _head(found).get("version")
        if version:
            return version
    return None


def _read_all(damaged: list[str]) -> Iterator[Declaration]:
    import importlib_metadata

    here = _current_directory()
    for distribution in importlib_metadata.distributions(path=_search_path()):
        try:
            text = distribution.read_text("entry_points.txt")
            if not text or "townlet." not in text:  # parsing what has nothing for us would take most of the time
                continue
            points = [point for point in distribution.entry_points if point.group in _GROUPS]
        except Exception as error:  # noqa: BLE001 - one damaged distribution must not hide the others
            damaged.append(f"{distribution.locate_file('')}: {type(error).__name__}: {error}")
            continue
        if points:
            installed = _describe(distribution, here)
            for point in points:
                yield Declaration(point.group, point.name, point.value, installed)


def _describe(distribution: Distribution | IDistribution, here: str | None) -> Installed:
    head = _head(distribution)
    location = _resolved(str(distribution.locate_file("")))
    return Installed(
        name=head.get("name") or f"unnamed distribution in {location}",
        version=head.get("version") or "unknown",
        location=location,
        editable=_editable(distribution),
        local=location == here,
    )


def _search_path() -> list[str]:
    """``sys.path`` without what is not there: looking into a zip that does not exist costs more than all the rest."""
    return [entry for entry in sys.path if isinstance(entry, str) and os.path.exists(entry or ".")]  # noqa: PTH110


@functools.cache
def _resolved(folder: str) -> str:
    return str(Path(folder).resolve())


def _head(distribution: Distribution | IDistribution) -> dict[str, str]:
    """Name and version. Reading two lines costs a tenth of parsing them as an e-mail, for a hundred distributions."""
    try:
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    except (OSError, UnicodeDecodeError):
        return {}
    fields = _FIELD.findall(text.partition("\n\n")[0])
    return {key.lower(): value for key, value in reversed(fields)}


def _editable(distribution: Distribution | IDistribution) -> bool | None:
    try:
        origin = distribution.read_text("direct_url.json")
        return bool(json.loads(origin)["dir_info"]["editable"]) if origin else None
    except KeyError:
        return False
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _current_directory() -> str | None:
    """The current directory, unless it is a place where distributions are installed; None if it is gone."""
    try:
        here = str(Path.cwd().resolve())
    except OSError:
        return None
    return None if Path(here).name in ("site-packages", "dist-packages") else here


def _merge(first: Declaration, other: Declaration) -> Declaration:
    where, version = other.distribution.location, other.distribution.version
    if (other.value, version) != (first.value, first.distribution.version):
        return first._replace(stale=(*first.stale, f"{other.value} of version {version} in {where}"))
    if where == first.distribution.location:  # the same folder twice on sys.path
        return first
    return first._replace(repeats=(*first.repeats, where))
