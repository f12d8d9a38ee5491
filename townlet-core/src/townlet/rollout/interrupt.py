"""Ctrl-C between ticks, never within one."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

__all__ = ["Interruptible"]


class Interruptible:
    """While it is entered, the first Ctrl-C only sets ``requested``; the second raises KeyboardInterrupt.

    Outside the main thread, where Python handles no signals, it does nothing: ``requested`` stays false and an
    interrupt is whatever it was.
    """

    def __init__(self) -> None:
        self.requested = False
        self._previous: signal.Handlers | None = None

    def __enter__(self) -> Interruptible:
        # Only Python's own handler is replaced: a caller that set one of its own knows what it wants.
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._previous = signal.default_int_handler  # type: ignore[assignment]
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None

    def _note(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
