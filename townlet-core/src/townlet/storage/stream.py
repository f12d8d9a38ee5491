"""A file written once, front to back: digested on the way, and past the page cache where it is large."""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import sys
from concurrent.futures import Executor, Future
from typing import Self

__all__ = ["DigestedStream"]

# A write of 2 MiB or more into the cache asks ext4 for huge pages, which can cost ten times as much to find.
CHUNK_BYTES = 1 << 20
DIRECT_BYTES = 8 << 20
BLOCK_BYTES = 4096


class DigestedStream:
    """Writes to an open file while another thread computes the digest of each chunk. A context that waits for it.

    A dataset is larger than what reads it soon, so a file of :data:`DIRECT_BYTES` or more goes past the page cache
    (``O_DIRECT``) where system and file system know how: no memory has to be found for it, and nobody else's pages have
    to leave. Such writes begin and end at whole blocks, in memory too; hence the aligned chunks, and a last piece that
    is written as usual.

    Args:
        handle: open for writing, empty; stays the caller's.
        size: bytes to come; decides how they are written, no more.
        hasher: an executor with one worker.
    """

    def __init__(self, handle: int, size: int, hasher: Executor) -> None:
        self._handle = handle
        self._hasher = hasher
        self._sha256 = hashlib.sha256()
        self._direct = size >= DIRECT_BYTES and _set_direct(handle, True)
        room = min(CHUNK_BYTES, max(size, 1))
        self._chunks = tuple(memoryview(mmap.mmap(-1, room)) for _ in range(2))
        self._hashed: list[Future[None] | None] = [None, None]
        self._turn = 0
        self._filled = 0

    def write(self, data: memoryview) -> None:
        """Add bytes; they are the caller's again when this returns. Raises OSError."""
        while data:
            chunk = self._chunks[self._turn]
            part = data[: len(chunk) - self._filled]
            chunk[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            data = data[len(part) :]
            if self._filled == len(chunk):
                self._flush()

    def finish(self) -> str:
        """Write what is left. Returns the SHA-256 (hex) of everything; raises OSError."""
        self._flush()
        self._settle()
        return self._sha256.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._settle()

    def _settle(self) -> None:
        """Wait until the other thread reads no chunk any more."""
        for hashed in self._hashed:
            if hashed is not None:
                hashed.result()

    def _flush(self) -> None:
        data = self._chunks[self._turn][: self._filled]
        self._hashed[self._turn] = self._hasher.submit(self._sha256.update, data)
        whole = len(data) // BLOCK_BYTES * BLOCK_BYTES if self._direct else len(data)
        self._write_all(data[:whole])
        if whole < len(data):
            self._leave_direct()
            self._write_all(data[whole:])
        self._turn, self._filled = 1 - self._turn, 0
        before = self._hashed[self._turn]
        if before is not None:
            before.result()

    def _write_all(self, data: memoryview) -> None:
        while data:
            try:
                data = data[os.write(self._handle, data) :]
            except OSError as problem:
                if not self._direct or problem.errno != errno.EINVAL:
                    raise
                self._leave_direct()  # larger blocks than ours, or a write cut off within one

    def _leave_direct(self) -> None:
        _set_direct(self._handle, False)
        self._direct = False


if sys.platform == "linux":
    import fcntl

    def _set_direct(handle: int, wanted: bool) -> bool:
        """Switch ``O_DIRECT`` on or off for an open file; tells whether that was possible."""
        flags = fcntl.fcntl(handle, fcntl.F_GETFL)
        try:
            fcntl.fcntl(handle, fcntl.F_SETFL, flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT)
        except OSError:
            return False
        return True

else:

    def _set_direct(handle: int, wanted: bool) -> bool:
        """Other systems have no such flag."""
        del handle, wanted
        return False
