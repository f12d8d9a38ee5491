"""Names for checkpoints, ``best`` and ``last``: small text files that hold a folder's name; and retention."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Collection
from pathlib import Path

from townlet.checkpoints.manifest import MANIFEST_NAME
from townlet.errors import CheckpointError
from townlet.storage import find_partials, member_path, open_regular, read_file, write_bytes_atomic

__all__ = ["is_checkpoint", "keep_last", "read_pointer", "resolve_checkpoint", "write_pointer"]

POINTERS = ("best", "last")
LIMIT_BYTES = 200


def write_pointer(folder: Path, pointer: str, name: str) -> None:
    """Let ``folder/pointer`` mean the checkpoint ``folder/name``; a reader sees the old meaning or the new.

    Raises:
        CheckpointError: there is no such checkpoint, or the disk is full.
    """
    if not (folder / name / MANIFEST_NAME).is_file():
        raise CheckpointError(f"there is no checkpoint {name!r} to point to", where=str(folder))
    try:
        write_bytes_atomic(folder / pointer, f"{name}\n".encode())
    except OSError as problem:
        raise CheckpointError(f"cannot write the pointer: {problem.strerror}", where=str(folder / pointer)) from problem


def read_pointer(path: Path) -> Path:
    """The checkpoint folder that a pointer file means.

    Raises:
        CheckpointError: it holds no plain name, or the name of nothing.
    """
    file = member_path(path.parent, path.name, error=CheckpointError)
    try:
        with open_regular(file) as opened:
            raw = opened.read(LIMIT_BYTES + 1)
    except OSError as problem:
        raise CheckpointError(f"this pointer cannot be read: {problem.strerror}", where=str(path)) from problem
    name = raw.decode("ascii", "replace").strip()
    if len(raw) > LIMIT_BYTES or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*", name) or ".." in name:
        raise CheckpointError("this file does not point to a checkpoint in its folder", where=str(path))
    target = path.parent / name
    if not (target / MANIFEST_NAME).is_file():
        raise CheckpointError(f"it points to {name!r}, which does not exist", where=str(path))
    return target


def resolve_checkpoint(path: Path) -> Path:
    """The folder that a person means: a checkpoint, a pointer, a run, or a run's ``checkpoints`` folder.

    Raises:
        CheckpointError: there is no checkpoint there.
    """
    if path.is_file():
        return resolve_checkpoint(path.parent) if path.name == MANIFEST_NAME else read_pointer(path)
    if not path.is_dir():
        partials = find_partials(path.parent, path.name) if path.parent.is_dir() else ()
        details = [f"an unfinished one is at {partial.path}" for partial in partials]
        if path.name == "best" and (path.parent / "last").is_file():
            details.append(f"best is written when training ends; until then, use {path.parent / 'last'}")
        raise CheckpointError("there is no checkpoint here", where=str(path), details=details)
    if (path / MANIFEST_NAME).is_file():
        return path
    for folder in (path, path / "checkpoints"):
        for pointer in POINTERS:
            if (folder / pointer).is_file():
                return read_pointer(folder / pointer)
    raise CheckpointError(f"this folder is not a checkpoint: it has no {MANIFEST_NAME}", where=str(path))


def is_checkpoint(path: Path) -> bool:
    """Whether what lies there is a checkpoint of Townlet's own, damaged or not, or leads to one."""
    try:
        return b'"townlet-checkpoint"' in read_file(resolve_checkpoint(path) / MANIFEST_NAME, error=CheckpointError)
    except CheckpointError:
        return False


def keep_last(folder: Path, count: int, *, keep: Collection[str] = ()) -> tuple[str, ...]:
    """Remove all checkpoints in ``folder`` but the last ``count`` by name, those pointed at, and ``keep``.

    Names are ordered as people read them: ``step-9`` before ``step-10``.

    Returns:
        The names removed.
    """
    whole = sorted((p for p in folder.iterdir() if (p / MANIFEST_NAME).is_file()), key=lambda p: _natural(p.name))
    pointed = {read_pointer(folder / pointer).name for pointer in POINTERS if (folder / pointer).is_file()}
    removed = []
    for path in whole[: max(len(whole) - count, 0)]:
        if path.name in pointed or path.name in keep or path.name.startswith("."):
            continue
        # Renamed first: a kill while the files go must not leave half a checkpoint under a whole one's name.
        doomed = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
        path.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
        removed.append(path.name)
    return tuple(removed)


def _natural(name: str) -> list[tuple[int, int, str]]:
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", name) if part]
