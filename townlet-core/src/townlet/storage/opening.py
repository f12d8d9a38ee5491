"""Opening a file to read it, whatever lies there: at once, and only if it is a file.

A pipe that nobody writes to makes ``open`` wait for ever, a device may have no end. Neither is a manifest.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from pathlib import Path
from typing import BinaryIO

__all__ = ["open_regular", "read_given", "write_given"]

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_PATIENCE = 5.0
"""Seconds that a pipe may be silent."""


def open_regular(path: Path) -> BinaryIO:
    """A regular file, open for reading.

    Raises:
        OSError: it is missing, a folder, a pipe, a socket or a device, or cannot be read.
        ValueError: the path holds a zero byte.
    """
    handle = os.open(path, _FLAGS)
    try:
        _refuse(os.fstat(handle).st_mode, path)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_given(path: Path, most: int) -> bytes:
    """What a person gave to be read, ``most`` bytes of it: a file, or a pipe that somebody writes to, as ``<(...)``.

    Raises:
        OSError: as :func:`open_regular`; or nothing came through the pipe for some seconds.
        ValueError: the path holds a zero byte.
    """
    handle = os.open(path, _FLAGS)
    with os.fdopen(handle, "rb", buffering=0) as file:
        mode = os.fstat(handle).st_mode
        if stat.S_ISFIFO(mode):
            return _from_pipe(handle, most)
        _refuse(mode, path)
        pieces, left = [], most
        while left > 0 and (piece := file.read(left)):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)


def write_given(path: Path, data: bytes) -> None:
    """Write a file where a person wants it, or into a pipe that somebody reads from. No half of a new file is left.

    Raises:
        OSError: it cannot be written, or is a pipe that nobody reads from: to open one would wait for ever.
        ValueError: the path holds a zero byte.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    new = not os.path.lexists(path)
    try:
        handle = os.open(path, flags, 0o666)
    except OSError as problem:
        if problem.errno == errno.ENXIO and stat.S_ISFIFO(path.stat().st_mode):
            raise OSError(errno.ENXIO, "nobody reads from this pipe", str(path)) from None
        raise
    try:
        with os.fdopen(handle, "wb") as file:
            if hasattr(os, "set_blocking"):
                os.set_blocking(handle, True)
            file.write(data)
    except BaseException:
        if new:
            path.unlink(missing_ok=True)
        raise


def _from_pipe(handle: int, most: int) -> bytes:
    pieces, left = [], most
    while left > 0:
        before = time.monotonic()
        if not select.select([handle], [], [], _PATIENCE)[0]:
            silent = time.monotonic() - before
            raise OSError(errno.EAGAIN, f"nothing came through this pipe for {silent:.0f} seconds")
        piece = os.read(handle, min(left, 1 << 16))
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _refuse(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"it is {_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file", str(path))
