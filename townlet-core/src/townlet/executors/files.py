"""Files on their way between processes, and the folder of a worker that they lie in meanwhile."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from townlet.errors import ExecutorError
from townlet.storage import HeldLock, holder_of, write_member

__all__ = ["FileContents", "read_folder", "remove_scratch", "scratch", "write_folder"]

FileContents = Mapping[str, NDArray[np.uint8]]
"""Name, with ``/`` between folders, to bytes: arrays, which a cluster's store shares without copying."""

_PREFIX = "townlet-worker-"
_LOCKS: dict[Path, HeldLock] = {}


def read_folder(folder: Path) -> FileContents:
    """Every regular file in a folder. Raises OSError."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix(): np.frombuffer(path.read_bytes(), np.uint8) for path in files}


def write_folder(folder: Path, contents: FileContents) -> None:
    """Write what :func:`read_folder` gave into a folder, and bring it to the disk.

    Raises:
        ExecutorError: if a name points outside.
        OSError: if it cannot be written.
    """
    for name, content in contents.items():
        write_member(folder, name, np.ascontiguousarray(content).data, error=ExecutorError)  # not copied


@cache
def scratch() -> Path:
    """This process's folder for what arrives and what it records; what killed workers left is removed."""
    for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if (old / "lock").exists() and holder_of(old / "lock") is None:
                shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    _LOCKS[folder] = HeldLock(folder / "lock", "this folder is used", error=ExecutorError)
    return folder


@atexit.register
def remove_scratch() -> None:
    """Remove it, where there is one."""
    while _LOCKS:
        folder, lock = _LOCKS.popitem()
        lock.release(keep=True)
        shutil.rmtree(folder, ignore_errors=True)
