"""The files of a checkpoint's folder, subfolders included."""

from __future__ import annotations

import os
from pathlib import Path

from townlet.checkpoints.manifest import MANIFEST_NAME
from townlet.errors import CheckpointError
from townlet.storage import member_path

__all__ = ["inner_path", "list_files"]

DEPTH = 8
FILES = 10_000


def list_files(folder: Path, *, ignore: frozenset[str] = frozenset()) -> list[str]:
    """Paths of all files under ``folder`` but the manifest, relative, with ``/``, sorted.

    Raises:
        CheckpointError: a link, or something that is neither file nor folder; far too many files.
    """
    found: list[str] = []
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        with os.scandir(folder / prefix) as entries:
            for entry in entries:
                name = f"{prefix}{entry.name}"
                if name == MANIFEST_NAME or name in ignore:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if name.count("/") >= DEPTH:
                        raise CheckpointError(f"{name} is nested too deeply", where=str(folder))
                    waiting.append(f"{name}/")
                elif entry.is_file(follow_symlinks=False):
                    found.append(name)
                else:
                    raise CheckpointError(f"{name} is a link or not a regular file", where=str(folder))
        if len(found) > FILES:
            raise CheckpointError(f"a checkpoint has at most {FILES} files", where=str(folder))
    return sorted(found)


def inner_path(folder: Path, name: str) -> Path:
    """The path of the file that a manifest calls ``name``.

    Raises:
        CheckpointError: it points outside, is missing, or is a link.
    """
    *folders, last = name.split("/")
    place = folder
    for part in folders:
        if part in ("", ".", "..") or "\\" in part or ":" in part or (place / part).is_symlink():
            raise CheckpointError(f"the file name {name!r} points outside its folder", where=str(folder))
        place = place / part
    return member_path(place, last, error=CheckpointError)
