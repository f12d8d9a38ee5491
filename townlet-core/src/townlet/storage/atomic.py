"""Folders and small files that appear whole or not at all.

A folder is filled under a temporary name beside its final one and renamed when everything in it has reached
the disk. Its name is taken at the beginning: whoever wants the same one meanwhile is refused at once, not after hours.
The writer also holds a lock on a file in the folder for as long as it lives, so what a killed writer left behind can be
told from a recording that still runs.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from townlet.errors import TownletError
from townlet.storage.locks import HeldLock, holder_of

__all__ = [
    "PartialFolder",
    "PartialInfo",
    "claim_path",
    "find_partials",
    "numbered_folder",
    "refuse_existing",
    "write_bytes_atomic",
]

SUFFIX = ".partial"
LOCK_NAME = "writer.lock"


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
        found.append(PartialInfo(path, name, alive=holder_of(path / LOCK_NAME) is not None))
    return tuple(found)


def claim_path(target: Path) -> Path:
    """The lock of who is writing the folder ``target``, beside it."""
    return target.with_name(f".{target.name}.lock")


@contextmanager
def numbered_folder(parent: Path, stem: str, *, error: type[TownletError]) -> Iterator[Path]:
    """The next free ``<stem>-<number>`` in ``parent``: an empty folder, so that nobody else is given the same one.

    It gives way to what is written there. Where nothing was by the end of the body, it is removed.

    Args:
        parent: such as the runs folder; made where it is missing.
        stem: such as ``rollout``.
        error: kind of the error.

    Raises:
        TownletError: of the kind ``error``, if nothing can be written there.
    """
    made = not parent.exists()
    try:
        parent.mkdir(parents=True, exist_ok=True)
        taken = [path.name.removeprefix(f"{stem}-") for path in parent.glob(f"{stem}-*")]
        number = 1 + max((int(name) for name in taken if name.isascii() and name.isdigit()), default=0)
        while True:
            folder = parent / f"{stem}-{number:03d}"
            try:
                folder.mkdir()
                break
            except FileExistsError:
                number += 1
    except OSError as problem:
        raise error(f"cannot write here: {problem.strerror}", where=str(parent)) from problem
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):  # what is not empty stays
            folder.rmdir()
            if made:
                parent.rmdir()


def refuse_existing(target: Path, *, error: type[TownletError]) -> None:
    """Say so where a new folder cannot take its name; an empty folder gives way.

    Raises:
        TownletError: of the kind ``error``, if the target is there already.
    """
    if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
        raise error(
            "this name is already taken, and nothing is overwritten",
            where=str(target),
            details=("choose another name, or remove it first",),
        )


class PartialFolder:
    """A folder on its way to ``target``. Use :meth:`commit` or :meth:`abandon`; as a context, one of the two.

    Attributes:
        target: where the folder will be.
        path: where it is until then.

    Raises:
        TownletError: of the kind ``error``, if the target is there already, somebody else is writing it (the message
            names the process), or its parent cannot be written.
    """

    def __init__(self, target: Path, *, error: type[TownletError]) -> None:
        self.target = target.absolute()
        self._error = error
        if target.name in ("", ".."):
            raise error("this is not a name for a new folder", where=str(target))
        refuse_existing(self.target, error=error)
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise error(f"cannot write here: {problem.strerror}", where=str(self.target)) from problem
        self._claim = HeldLock(claim_path(self.target), "this is being written", where=self.target, error=error)
        try:
            refuse_existing(self.target, error=error)  # whoever held the claim just before may have finished
            self.path = self.target.with_name(f".{self.target.name}.{secrets.token_hex(6)}{SUFFIX}")
            self.path.mkdir()
            self._lock = HeldLock(self.path / LOCK_NAME, "this is being written", where=self.target, error=error)
        except OSError as problem:
            self._claim.release()
            raise error(f"cannot write here: {problem.strerror}", where=str(self.target)) from problem
        except BaseException:
            self._claim.release()
            raise

    @classmethod
    def adopt(cls, path: Path, target: Path, *, error: type[TownletError]) -> Self:
        """The folder that a killed writer left at ``path``, to be finished under the name ``target``.

        Raises:
            TownletError: of the kind ``error``, as for a new one; or its writer is alive.
        """
        folder = cls.__new__(cls)
        folder.target, folder.path, folder._error = target.absolute(), path, error
        refuse_existing(folder.target, error=error)
        folder._lock = HeldLock(path / LOCK_NAME, "this is being written", where=path, error=error)
        try:
            folder._claim = HeldLock(claim_path(folder.target), "this is being written", where=target, error=error)
        except BaseException:
            folder._lock.release(keep=True)
            raise
        return folder

    def give_back(self) -> None:
        """Leave the unfinished folder as it is, for another try."""
        self._lock.release(keep=True)
        self._claim.release()

    def commit(self) -> Path:
        """Rename the folder to its target. The files in it must have been synchronised by who wrote them.

        Raises:
            TownletError: of the kind ``error``: it cannot be renamed, or something else has taken the name since. What
                was written is not removed: the message says where it lies.
        """
        self._lock.release()
        try:
            sync_folder(self.path)
            refuse_existing(self.target, error=self._error)
            if self.target.exists():
                self.target.rmdir()
            self.path.rename(self.target)
            sync_folder(self.target.parent)
        except OSError as problem:
            raise self._error(
                f"cannot finish writing: {problem.strerror}", where=str(self.target), details=(self._kept(),)
            ) from problem
        except TownletError as problem:
            details = (self._kept_beside(),)
            raise self._error(problem.summary, where=problem.where, details=details) from None
        finally:
            self._claim.release()
        return self.target

    def _kept(self) -> str:
        return f"what was written is whole and lies in {self.path}"

    def _kept_beside(self) -> str:
        """Give the folder the next free name of its kind, and say so."""
        number = 2
        while (beside := self.target.with_name(f"{self.target.name}-{number}")).exists():
            number += 1
        try:
            self.path.rename(beside)
            sync_folder(beside.parent)
        except OSError:
            return self._kept()
        return f"what was written meanwhile is whole and lies in {beside}"

    def abandon(self) -> None:
        """Remove the unfinished folder. Does nothing after :meth:`commit`."""
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)
        self._claim.release()

    def __enter__(self) -> PartialFolder:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.abandon()
        elif self.path.exists():
            self.commit()
