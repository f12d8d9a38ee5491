"""A lock that says who holds it: a file that its holder keeps locked for as long as it lives.

The system frees the lock when its holder dies, however it dies; so a lock file without a holder is what a killed
process left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from townlet.errors import TownletError
from townlet.storage.documents import read_json

__all__ = ["HeldLock", "Holder", "holder_of"]

_BEYOND = 1 << 30
"""On Windows a locked byte cannot be read: one far beyond the text is locked."""


_GLANCE = 0.2
"""Seconds that a lock is waited for."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who took a lock.

    Attributes:
        pid: of its process, or 0 where the file does not tell.
        host: name of its machine.
        since: UTC, ISO 8601.
    """

    pid: int = 0
    host: str = ""
    since: str = ""

    def words(self) -> str:
        """``process 4711 on alpha since 2026-01-31 12:00:00 UTC``, as far as it is known."""
        process = f"process {self.pid}" if self.pid else "another process"
        host = f" on {self.host}" if self.host and self.host != socket.gethostname() else ""
        since = f" since {self.since[:19].replace('T', ' ')} UTC" if self.since else ""
        return f"{process}{host}{since}"


class HeldLock:
    """An exclusive lock on the file ``path``, which is made where it is missing. Taken at birth.

    Args:
        path: the lock's file.
        what: what is locked, for the message: ``this run is being trained``.
        where: what a person knows it by; the file by default.
        error: kind of the error.

    Raises:
        TownletError: of the kind ``error``: somebody holds it, who is named; or the file cannot be written.
    """

    def __init__(self, path: Path, what: str, *, where: Path | None = None, error: type[TownletError]) -> None:
        self.path = path
        place = str(path if where is None else where)
        try:
            self._file = _opened_locked(path)
            deadline = time.monotonic() + _GLANCE
            while self._file is None and time.monotonic() < deadline:  # who only looks holds it for a moment, too
                time.sleep(0.02)
                self._file = _opened_locked(path)
        except OSError as problem:
            raise error(f"cannot write here: {problem.strerror}", where=place) from problem
        if self._file is None:
            raise error(
                f"{what} by {_read(path).words()}",
                where=place,
                details=("wait until it is done, or end that process first",),
            )
        now = datetime.now(UTC).isoformat(timespec="seconds")
        text = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now})
        with contextlib.suppress(OSError):  # the disk is full: a lock without a name is still one
            self._file.seek(0)
            self._file.truncate()
            self._file.write(text.encode())
            self._file.flush()

    def release(self, *, keep: bool = False) -> None:
        """Give it up, and remove the file unless it is to be kept. May be called twice."""
        if self._file is None:
            return
        if not keep:
            with contextlib.suppress(OSError):  # Windows does not remove an open file
                self.path.unlink()
        self._file.close()
        self._file = None


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock ``path`` now; None where nobody does or there is no such file."""
    try:
        with path.open("r+b") as file:
            return None if _lock(file) else _read(path)
    except FileNotFoundError:
        return None
    except OSError:  # a file that may not be written, as on another machine's disk: whoever made it is not known
        return None


def _opened_locked(path: Path) -> IO[bytes] | None:
    """The open file, locked; None if somebody else holds it."""
    while True:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        # Without a buffer: on a full disk the closing would try again to write what is left in it.
        file = os.fdopen(os.open(path, flags, 0o644), "r+b", buffering=0)
        if not _lock(file):
            file.close()
            return None
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                return file
        file.close()  # its last holder removed it between our opening and our locking: that lock is held by no one


def _read(path: Path) -> Holder:
    try:
        found = read_json(path, error=TownletError, limit=1 << 16)
        return Holder(int(found["pid"]), str(found["host"])[:64], str(found["since"])[:32])
    except (TownletError, ValueError, KeyError, TypeError):
        return Holder()


def _lock(file: IO[bytes]) -> bool:
    """Take the exclusive lock; False if somebody holds it. The system frees it when its holder dies."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(_BEYOND)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(0)
        return True
    import fcntl

    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
