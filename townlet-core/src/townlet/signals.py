"""What asks a program to end: Ctrl-C, and for those that have no keyboard SIGTERM and SIGHUP.

``docker stop``, ``kubectl delete``, batch systems and ``kill`` send SIGTERM, a terminal that is closed sends SIGHUP. By
default both end a Python process at once, with nothing written. The command line answers them as it does Ctrl-C.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["answered_as_ctrl_c", "asks_to_end", "held_back", "stopping_signals"]


def stopping_signals() -> tuple[signal.Signals, ...]:
    """Those of SIGINT, SIGTERM and SIGHUP that this system has."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    return tuple(signal.Signals[name] for name in names if hasattr(signal, name))


def _raise(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the signature of a handler)
    raise KeyboardInterrupt(signal.Signals(signum).name)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def answered_as_ctrl_c() -> Iterator[None]:
    """In the body SIGTERM and SIGHUP raise KeyboardInterrupt.

    A signal that is ignored stays ignored, as SIGHUP is under ``nohup``, and a handler that somebody set stays. Outside
    the main thread, where Python handles no signals, nothing changes.
    """
    mine = [each for each in stopping_signals() if each is not signal.SIGINT]
    changed = [each for each in mine if _in_main_thread() and signal.getsignal(each) is signal.SIG_DFL]
    for each in changed:
        signal.signal(each, _raise)
    try:
        yield
    finally:
        for each in changed:
            signal.signal(each, signal.SIG_DFL)


def asks_to_end(each: signal.Signals) -> bool:
    """Whether a signal raises KeyboardInterrupt now: by Python's own handler, or by :func:`answered_as_ctrl_c`."""
    return _in_main_thread() and signal.getsignal(each) in (signal.default_int_handler, _raise)


@contextmanager
def held_back() -> Iterator[None]:
    """What asks to end while the body runs is answered after it: for the few moments in which a file gets its name."""
    noted: list[int] = []
    before = {each: signal.getsignal(each) for each in stopping_signals() if asks_to_end(each)}
    for each in before:
        signal.signal(each, lambda signum, _: noted.append(signum))
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if noted:
            _raise(noted[0], None)
