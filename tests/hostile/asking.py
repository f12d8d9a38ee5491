"""Running a command on hostile input, in this process, and what must hold whatever the input."""

from __future__ import annotations

import contextlib
import io
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from townlet.cli.entry import main

LONGEST = 20.0
"""Seconds that a refusal may take, on a busy machine."""


class TooSlowError(BaseException):
    """The command did not end in time."""


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float

    def fault(self) -> str | None:
        """What a person could not live with, or None."""
        if self.code not in (0, 2, 3, 4):
            return f"exit code {self.code}"
        for said in ("a bug in Townlet", "Traceback", "Warning:"):
            if said in self.err:
                return said
        if self.code and not any(line.startswith("error: ") for line in self.err.splitlines()):
            return "no error in words"
        if any(c in self.out + self.err for c in "\x1b\x9b\x07\r"):
            return "a control character reached the terminal"
        if max(map(len, self.err.splitlines()), default=0) > 4000:
            return "a line nobody can read"
        return None


def ask(words: Sequence[str], limit: float = LONGEST) -> Answer:
    """Run ``townlet WORDS...``, for ``limit`` seconds at most."""
    out, err = io.StringIO(), io.StringIO()
    begun = time.perf_counter()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _limited(limit):
        try:
            code = main(list(words))
        except TooSlowError:
            code = -1
            err.write(f"it took longer than {limit} seconds")
    return Answer(tuple(words), code, out.getvalue(), err.getvalue(), time.perf_counter() - begun)


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer"):  # Windows
        yield
        return

    def end(*_: object) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
