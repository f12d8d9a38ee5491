"""Single keys from a terminal without Enter, on POSIX and Windows; single characters from anything else."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import Protocol, TextIO

__all__ = ["END", "Keys", "open_keys"]

END = ""
"""The end of the input, Ctrl-D or Ctrl-C."""

_ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left"}
_WINDOWS_ARROWS = {"H": "up", "P": "down", "M": "right", "K": "left"}


class Keys(Protocol):
    """Where keys come from."""

    def wait(self, seconds: float | None) -> str | None:
        """The next key: a character, ``up``, ``down``, ``left``, ``right``, ``escape``, or :data:`END`.

        None if there was none for so long; None for ``seconds`` waits for ever.
        """
        ...


@contextlib.contextmanager
def open_keys(stream: TextIO) -> Iterator[Keys]:
    """The keys of a terminal as they are pressed; of anything else, one character after the other."""
    if not stream.isatty():
        yield _Characters(stream)
    elif sys.platform == "win32":
        yield _WindowsKeys()
    else:
        with _unbuffered(stream.fileno()):
            yield _TerminalKeys(stream.fileno())


class _Characters:
    """A file or pipe, which has the next character at once or none for ever."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def wait(self, seconds: float | None) -> str | None:
        del seconds
        while character := self._stream.read(1):
            if character not in "\r\n":
                return character
        return END


@contextlib.contextmanager
def _unbuffered(descriptor: int) -> Iterator[None]:
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSANOW)  # not with a flush: what was typed before counts
        # Ctrl-C as a key: a signal would not end a read that waits for one.
        now = termios.tcgetattr(descriptor)
        now[3] &= ~termios.ISIG
        termios.tcsetattr(descriptor, termios.TCSANOW, now)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class _TerminalKeys:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._read = b""

    def wait(self, seconds: float | None) -> str | None:
        while not self._read:
            if not self._ready(seconds):
                return None
            data = os.read(self._descriptor, 64)
            if not data:
                return END
            self._read = data if data.isascii() else bytes(byte for byte in data if byte < 0x80)
        return self._next()

    def _next(self) -> str:
        first, self._read = self._read[:1], self._read[1:]
        if first in (b"\x03", b"\x04"):
            return END
        if first != b"\x1b":
            return first.decode("ascii")
        if not self._read and self._ready(0.02):  # an arrow that came in two pieces
            self._read = os.read(self._descriptor, 64)
        if self._read[:1] not in (b"[", b"O"):
            return "escape"
        end = 1
        while end < len(self._read) and not self._read[end : end + 1].isalpha() and self._read[end : end + 1] != b"~":
            end += 1
        last, self._read = self._read[end : end + 1], self._read[end + 1 :]
        return _ARROWS.get(last.decode("ascii", "replace"), "escape")

    def _ready(self, seconds: float | None) -> bool:
        import select

        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        return bool(ready)


class _WindowsKeys:
    def wait(self, seconds: float | None) -> str | None:
        if sys.platform == "win32":
            import msvcrt

            end = None if seconds is None else time.monotonic() + seconds
            while not msvcrt.kbhit():
                if end is not None and time.monotonic() >= end:
                    return None
                time.sleep(0.01)
            character = msvcrt.getwch()
            if character in ("\x03", "\x04", "\x1a"):
                return END
            if character in ("\x00", "\xe0"):
                return _WINDOWS_ARROWS.get(msvcrt.getwch(), "escape")
            return character
        raise RuntimeError("these are the keys of Windows")
