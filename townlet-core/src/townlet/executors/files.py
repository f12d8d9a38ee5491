"""Files that travel with a job, by the digest of their bytes: nothing of the asking machine's disk is needed."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from townlet.errors import CheckpointError, ExecutorError
from townlet.play import Job, Stored
from townlet.storage import HeldLock, holder_of

__all__ = [
    "Bundle",
    "Contents",
    "packed",
    "read_folder",
    "remove_scratch",
    "scratch",
    "stored_in",
    "unpacked",
    "write_folder",
]

Contents = Mapping[str, NDArray[np.uint8]]
"""Name, with ``/`` between folders, to bytes: arrays, which a cluster's store shares without copying."""

_PREFIX = "townlet-worker-"
_LOCKS: dict[Path, HeldLock] = {}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A file or folder on its way.

    Attributes:
        digest: the name of its bytes.
        file: its name, if it is one file; None for a folder.
        contents: its bytes.
    """

    digest: str
    file: str | None
    contents: Contents


def stored_in(job: Job) -> tuple[Stored, ...]:
    """The files that a job needs, each once."""
    minds = [single for mind in job.cast.minds for single in mind.singles()]
    found = [mind.checkpoint for mind in minds if mind.checkpoint is not None]
    if job.start is not None:
        found.append(job.start)
    return tuple({each.digest: each for each in found}.values())


def packed(stored: Stored, path: Path | None = None) -> Bundle:
    """Read it.

    Args:
        stored: what is wanted.
        path: where it lies here, if not where it was named.

    Raises:
        CheckpointError: if it cannot be read.
    """
    path = stored.path if path is None else path
    try:
        if path.is_dir():
            return Bundle(stored.digest, None, read_folder(path))
        return Bundle(stored.digest, path.name, {path.name: _bytes(path)})
    except OSError as problem:
        raise CheckpointError(f"it cannot be read: {problem.strerror}", where=str(path)) from problem


def unpacked(bundle: Bundle) -> Path:
    """Where it lies in this process's scratch folder, written there the first time."""
    base = scratch() / "files" / bundle.digest[:32]
    if not base.exists():
        partial = Path(tempfile.mkdtemp(dir=scratch(), prefix="file-"))
        write_folder(partial, bundle.contents)
        base.parent.mkdir(exist_ok=True)
        partial.rename(base)
    return base if bundle.file is None else base / bundle.file


def read_folder(folder: Path) -> Contents:
    """Every regular file in a folder. Raises OSError."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix(): _bytes(path) for path in files}


def write_folder(folder: Path, contents: Contents) -> None:
    """Write what :func:`read_folder` gave into a folder, and bring it to the disk. Raises OSError."""
    for name, content in contents.items():
        parts = name.split("/")
        if any(part in ("", ".", "..") or set(part) & set("\\:\0") for part in parts):
            raise ExecutorError(f"the file name {name!r} points outside its folder", where=str(folder))
        path = folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content.tobytes())
            file.flush()
            os.fsync(file.fileno())


@cache
def scratch() -> Path:
    """This process's folder for what arrives and what it records; what killed workers left is removed."""
    for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if (old / "lock").exists() and holder_of(old / "lock") is None:
                shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = HeldLock(folder / "lock", "this folder is used", error=ExecutorError)
    _LOCKS[folder] = lock
    return folder


@atexit.register
def remove_scratch() -> None:
    """Remove it, where there is one."""
    while _LOCKS:
        folder, lock = _LOCKS.popitem()
        lock.release(keep=True)
        shutil.rmtree(folder, ignore_errors=True)


def _bytes(path: Path) -> NDArray[np.uint8]:
    return np.frombuffer(path.read_bytes(), np.uint8)
