"""Workers, whatever they are made of: processes of this machine, or actors of a cluster."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from townlet.errors import ExecutorError

__all__ = ["Crew", "Hand", "Reply", "WorkerLostError", "answered", "value_of"]


class WorkerLostError(Exception):
    """A worker died, or its node did. Says how in one line."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a worker gives back.

    Attributes:
        value: what the function returned, if ``error`` is None.
        error: the pickled exception.
        trace: its traceback, for ``--debug``.
    """

    value: Any = None
    error: bytes | None = None
    trace: str = ""


class Hand(Protocol):
    """One worker. It does one thing at a time."""

    name: str

    def send(self, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
        """Give it something to do; arguments may be what :meth:`Crew.share` gave."""
        ...

    def answer(self) -> Reply:
        """What came of it. Raises WorkerLostError if the worker was lost over it."""
        ...

    def done(self) -> int:
        """How far it is with it, in town-ticks, as far as is known."""
        ...

    def end(self) -> None:
        """End it at once, whatever it is doing."""
        ...


class Crew(Protocol):
    """Makes workers and waits for them."""

    def hire(self, number: int) -> Hand:
        """A new worker, which may not have started yet when this returns.

        Args:
            number: of its place.
        """
        ...

    def wait(self, hands: Sequence[Hand], seconds: float) -> list[Hand]:
        """Those that have an answer, or were lost; empty after so many seconds."""
        ...

    def share(self, value: Any) -> Any:
        """What stands for a value that several workers are sent, so that it travels once."""
        ...

    def room(self) -> str:
        """What to say where no worker starts: what was asked for, and what there is."""
        ...

    def close(self) -> None:
        """End everything that was started."""
        ...


def answered(function: Callable[..., Any], arguments: Sequence[Any]) -> Reply:
    """Call it, and make an answer of what it returns or raises."""
    try:
        return Reply(function(*arguments))
    except Exception as error:  # noqa: BLE001 (it is raised again by whoever asked)
        trace = traceback.format_exc()
        try:
            packed = pickle.dumps(error)
            pickle.loads(packed)
        except Exception:  # noqa: BLE001 (somebody else's exception; its words have to do)
            packed = pickle.dumps(ExecutorError(f"{type(error).__name__}: {error}"))
        return Reply(error=packed, trace=trace)


def value_of(answer: Reply, name: str) -> Any:
    """What the answer holds; its exception is raised, with the worker's traceback as its cause."""
    if answer.error is None:
        return answer.value
    error = pickle.loads(answer.error)
    raise error from ExecutorError(f"on {name}", details=answer.trace.splitlines())
