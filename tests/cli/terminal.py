"""A terminal for tests: a command on a pseudo-terminal, with what its screen shows."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

pyte = pytest.importorskip("pyte")
if sys.platform == "win32":
    pytest.skip("pseudo-terminals are those of POSIX", allow_module_level=True)

import fcntl  # noqa: E402
import pty  # noqa: E402
import termios  # noqa: E402

PATIENCE = 180.0
"""Seconds until a picture has to come: the first town of a machine compiles its rules."""

ENTRY = "import sys; from townlet.cli.entry import main; sys.exit(main(sys.argv[1:]))"


class Terminal:
    """A child on a pseudo-terminal of so many columns and rows."""

    def __init__(self, pid: int, descriptor: int, columns: int, rows: int) -> None:
        self._pid, self._descriptor = pid, descriptor
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self.code: int | None = None

    def resize(self, columns: int, rows: int) -> None:
        """Change the window's size."""
        self._screen.resize(rows, columns)
        _size(self._descriptor, columns, rows)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._descriptor, keys.encode())

    def lines(self) -> list[str]:
        """The screen as it is now."""
        return [line.rstrip() for line in self._screen.display]

    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines())

    def reversed(self) -> str:
        """What is shown in reverse."""
        rows = range(self._screen.lines)
        cells = (self._screen.buffer[y][x] for y in rows for x in range(self._screen.columns))
        return "".join(cell.data for cell in cells if cell.reverse)

    def read(self, seconds: float = 0.05) -> bool:
        """Take in what was written; False at its end."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:
            data = b""
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def wait_for(self, words: str, seconds: float = PATIENCE) -> str:
        """The screen as soon as it shows ``words``, with the rest of that picture: a large one comes in pieces."""
        end = time.monotonic() + seconds
        while words not in self.text():
            if time.monotonic() > end or not self.read():
                raise AssertionError(f"{words!r} never came; the screen shows\n{self.text()}")
        return self.settle(0.1)

    def settle(self, seconds: float = 0.4) -> str:
        """The screen some time later."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.read():
            pass
        return self.text()

    def end(self, seconds: float = PATIENCE) -> int:
        """Wait for the child; its exit code."""
        end = time.monotonic() + seconds
        while self.read():
            if time.monotonic() > end:
                raise AssertionError(f"it did not end; the screen shows\n{self.text()}")
        self.code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self.code

    def close(self) -> None:
        """End the child, if it lives still."""
        if self.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, 9)
            os.waitpid(self._pid, 0)
        os.close(self._descriptor)


@contextlib.contextmanager
def opened(
    *words: str,
    columns: int = 80,
    rows: int = 24,
    folder: Path | None = None,
    code: str = ENTRY,
    extra: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """``townlet WORDS...``, or Python's ``code``, in a window."""
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", **(extra or {})}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        if name not in (extra or {}):
            environment.pop(name, None)
    here, there = pty.openpty()
    _size(there, columns, rows)
    pid = os.fork()
    if pid == 0:
        os.close(here)
        os.login_tty(there)
        if folder is not None:
            os.chdir(folder)
        os.execve(sys.executable, [sys.executable, "-c", code, *words], environment)
    os.close(there)
    terminal = Terminal(pid, here, columns, rows)
    try:
        yield terminal
    finally:
        terminal.close()


def _size(descriptor: int, columns: int, rows: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
