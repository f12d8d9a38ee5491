"""Single keys from a terminal without Enter, on POSIX and Windows; single characters from anything else."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

__all__ = ["END", "open_keys"]

END = ""
"""The end of the input, Ctrl-D or Ctrl-C."""

_ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left"}
_WINDOWS_ARROWS = {"H": "up", "P": "down", "M": "right", "K": "left"}


@contextlib.contextmanager
def open_keys(stream: TextIO) -> Iterator[Iterator[str]]:
    """Keys as they are pressed: characters, ``up``, ``down``, ``left``, ``right``; at last :data:`END`."""
    if not stream.isatty():
        yield _characters(stream)
    elif sys.platform == "win32":
        yield _windows_keys()
    else:
        with _unbuffered(stream.fileno()):
            yield _terminal_keys(stream.fileno())


def _characters(stream: TextIO) -> Iterator[str]:
    while character := stream.read(1):
        if character not in "\r\n":
            yield character
    yield END


@contextlib.contextmanager
def _unbuffered(descriptor: int) -> Iterator[None]:
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        # Ctrl-C as a key: a signal would not end a read that waits for one.
        now = termios.tcgetattr(descriptor)
        now[3] &= ~termios.ISIG
        termios.tcsetattr(descriptor, termios.TCSANOW, now)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _terminal_keys(descriptor: int) -> Iterator[str]:
    while data := os.read(descriptor, 1):
        if data in (b"\x03", b"\x04"):
            break
        if data == b"\x1b":
            rest = os.read(descriptor, 2).decode("ascii", "replace")
            yield _ARROWS.get(rest[1:], "escape") if rest[:1] in ("[", "O") else "escape"
        elif data[0] < 0x80:
            yield data.decode("ascii")
    yield END


def _windows_keys() -> Iterator[str]:
    if sys.platform == "win32":
        import msvcrt

        while (character := msvcrt.getwch()) not in ("\x03", "\x04", "\x1a"):
            yield _WINDOWS_ARROWS.get(msvcrt.getwch(), "escape") if character in ("\x00", "\xe0") else character
        yield END
    else:
        raise RuntimeError("these are the keys of Windows")
