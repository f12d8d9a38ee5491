"""What killed runs left behind: unfinished folders, locks without a holder, files that never got their name."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from townlet.data.recovery import recoverable
from townlet.errors import RegistryError
from townlet.registry.database import FILE_NAME
from townlet.registry.store import Registry
from townlet.storage import PartialInfo, find_partials, holder_of

__all__ = ["Leftover", "find_leftovers", "remove_leftovers"]

_SETTLED = 3600.0
"""Seconds after which a small file under a temporary name is a leftover; it has no lock to tell."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that a killed run left.

    Attributes:
        path: the unfinished folder or the file.
        target: the name that it was to get.
        ticks: of a recording, how many could be recovered; 0 if there are none.
        size: bytes.
    """

    path: Path
    target: Path
    ticks: int
    size: int

    def to_json(self) -> dict[str, Any]:
        """JSON-ready values by the names of the attributes."""
        return {"path": str(self.path), "target": str(self.target), "ticks": self.ticks, "size": self.size}


def find_leftovers(runs: str | Path) -> list[Leftover]:
    """Look through a runs folder, and beside the recordings elsewhere whose runs the registry knows as killed.

    Nothing that is still being written is among them.
    """
    folder = Path(runs)
    places = {place.absolute() for place in _folders(folder)}
    if (folder / FILE_NAME).is_file():
        with Registry(folder) as registry:
            killed = [run for run in registry.runs(limit=10_000) if run.status == "killed" and run.folder is not None]
            places |= {registry.real_path(run.folder).absolute().parent for run in killed if run.folder is not None}
    found = [left for place in sorted(places) if place.is_dir() for left in _in(place)]
    return sorted(found, key=lambda left: str(left.path))


def _folders(top: Path) -> Iterator[Path]:
    for place, names, _ in os.walk(top):
        names[:] = [name for name in names if not name.endswith(".partial")]
        yield Path(place)


def _in(place: Path) -> Iterator[Leftover]:
    partials = find_partials(place)
    for partial in partials:
        if not partial.alive:
            yield _folder(partial)
    for path in place.glob(".*.lock"):
        if path.is_file() and holder_of(path) is None:
            yield Leftover(path, place / path.name[1 : -len(".lock")], 0, path.stat().st_size)
    for path in place.glob(".*.partial"):
        if path.is_file() and time.time() - path.stat().st_mtime > _SETTLED:
            yield Leftover(path, place / path.name[1:].rsplit(".", 2)[0], 0, path.stat().st_size)


def _folder(partial: PartialInfo) -> Leftover:
    found = recoverable(partial.path)
    return Leftover(partial.path, partial.path.with_name(partial.target), found.ticks, found.size)


def remove_leftovers(leftovers: list[Leftover]) -> None:
    """Remove them.

    Raises:
        RegistryError: one cannot be removed.
    """
    for left in leftovers:
        try:
            if left.path.is_dir():
                shutil.rmtree(left.path)
            else:
                left.path.unlink(missing_ok=True)
        except OSError as problem:
            raise RegistryError(f"this cannot be removed: {problem.strerror}", where=str(left.path)) from problem
