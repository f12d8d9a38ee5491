"""Ctrl-C between ticks, never within one."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any

from townlet.signals import asks_to_end, stopping_signals

__all__ = ["Interruptible", "end_is_asked"]

_entered: list[Interruptible] = []


class Interruptible:
    """While it is entered, the first Ctrl-C only sets ``requested``; the second raises KeyboardInterrupt.

    SIGTERM and SIGHUP do the same where they are answered as Ctrl-C is (:mod:`townlet.signals`), each counted for
    itself: who closes a session may send both.

    Outside the main thread, where Python handles no signals, it does nothing: ``requested`` stays false and an
    interrupt is whatever it was.
    """

    def __init__(self) -> None:
        self.requested = False
        self._seen: set[int] = set()
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interruptible:
        # Only handlers that would raise are replaced: a caller that set one of its own knows what it wants.
        self._previous = {each: signal.getsignal(each) for each in stopping_signals() if asks_to_end(each)}
        for each in self._previous:
            signal.signal(each, self._note)
        _entered.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each, handler in self._previous.items():
            signal.signal(each, handler)
        self._previous = {}
        _entered.remove(self)

    def _note(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.requested = True
        if signum in self._seen:
            raise KeyboardInterrupt
        self._seen.add(signum)


def end_is_asked() -> bool:
    """Whether a first Ctrl-C waits for the end of a tick: who makes the tick wait, such as a person, lets it go on."""
    return any(one.requested for one in _entered)
