"""Folders and small files that appear whole or not at all.

A folder is filled under a temporary name beside its final one and renamed when everything in it has reached
the disk. The writer holds a lock on a file in it for as long as it lives, so what a killed writer left behind
can be told from a recording that still runs.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from townlet.errors import TownletError

__all__ = ["PartialFolder", "PartialInfo", "find_partials", "refuse_existing", "write_bytes_atomic"]

SUFFIX = ".partial"
LOCK_NAME = "writer.lock"


def _lock(file: IO[bytes]) -> bool:
    """Take the exclusive lock; False if somebody holds it. The system frees it when its holder dies."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def sync_folder(path: Path) -> None:
    """Bring a folder's list of names to the disk; where the system has no such call, do nothing."""
    if sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes_atomic(path: Path, data: bytes) -> None:
    """Write a small file whole: a reader sees the old content or the new. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{SUFFIX}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@dataclass(frozen=True, slots=True)
class PartialInfo:
    """A folder that was not finished.

    Attributes:
        path: the temporary folder.
        target: the name that it would have got.
        alive: whether its writer still holds the lock.
    """

    path: Path
    target: str
    alive: bool


def find_partials(parent: Path, target: str | None = None) -> tuple[PartialInfo, ...]:
    """Unfinished folders in ``parent``, all or those on their way to the name ``target``."""
    found = []
    for path in sorted(parent.glob(f".*{SUFFIX}")):
        name = path.name[1 : -len(SUFFIX)].rpartition(".")[0]
        if not path.is_dir() or not name or (target is not None and name != target):
            continue
        lock = path / LOCK_NAME
        alive = False
        if lock.is_file():
            with contextlib.suppress(OSError), lock.open("r+b") as file:
                alive = not _lock(file)
        found.append(PartialInfo(path, name, alive))
    return tuple(found)


def refuse_existing(target: Path, *, error: type[TownletError]) -> None:
    """Say so where a new folder cannot take its name; an empty folder gives way.

    Raises:
        TownletError: of the kind ``error``, if the target is there already.
    """
    if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
        raise error(
            "there is something of this name already; nothing is overwritten",
            where=str(target),
            details=("choose another name, or remove it first",),
        )


class PartialFolder:
    """A folder on its way to ``target``. Use :meth:`commit` or :meth:`abandon`; as a context, one of the two.

    Attributes:
        target: where the folder will be.
        path: where it is until then.

    Raises:
        TownletError: of the kind ``error``, if the target is there already or its parent cannot be written.
    """

    def __init__(self, target: Path, *, error: type[TownletError]) -> None:
        self.target = target.absolute()
        self._error = error
        if target.name in ("", ".."):
            raise error("this is no name for a new folder", where=str(target))
        refuse_existing(self.target, error=error)
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self.path = self.target.with_name(f".{self.target.name}.{secrets.token_hex(6)}{SUFFIX}")
            self.path.mkdir()
            self._lock_file: IO[bytes] | None = (self.path / LOCK_NAME).open("xb")
        except OSError as problem:
            raise error(f"cannot write here: {problem.strerror}", where=str(self.target)) from problem
        _lock(self._lock_file)

    def _release(self) -> None:
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None
            (self.path / LOCK_NAME).unlink(missing_ok=True)

    def commit(self) -> Path:
        """Rename the folder to its target. The files in it must have been synchronised by who wrote them."""
        self._release()
        try:
            sync_folder(self.path)
            refuse_existing(self.target, error=self._error)
            if self.target.exists():
                self.target.rmdir()
            self.path.rename(self.target)
            sync_folder(self.target.parent)
        except OSError as problem:
            self.abandon()
            raise self._error(f"cannot finish writing: {problem.strerror}", where=str(self.target)) from problem
        except TownletError:
            self.abandon()
            raise
        return self.target

    def abandon(self) -> None:
        """Remove the unfinished folder. Does nothing after :meth:`commit`."""
        self._release()
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> PartialFolder:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.abandon()
        elif self.path.exists():
            self.commit()
