"""Workers that are processes of this machine."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from townlet.executors.crew import Hand, Reply, WorkerLostError, answered
from townlet.executors.pace import pace
from townlet.plugins.children import safe_children
from townlet.signals import stopping_signals

__all__ = ["ProcessCrew"]

_TOLD_EVERY = 0.5


class _Process:
    def __init__(self, number: int) -> None:
        context = get_context("spawn")
        self.name = f"worker {number}"
        self._connection, theirs = context.Pipe()
        self._answer: Reply | None = None
        self._done = 0
        self._process = context.Process(target=_work, args=(theirs,), daemon=True, name=f"townlet-{self.name}")
        with safe_children():
            self._process.start()
        theirs.close()

    @property
    def connection(self) -> Connection:
        return self._connection

    def send(self, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
        self._answer, self._done = None, 0
        with contextlib.suppress(OSError):  # it is lost, which the next look shows
            self._connection.send_bytes(pickle.dumps((function, tuple(arguments)), protocol=5))

    def look(self) -> bool:
        """Read what it said; whether there is an answer, or it is lost."""
        try:
            while self._connection.poll():
                message = pickle.loads(self._connection.recv_bytes())
                if isinstance(message, Reply):
                    self._answer = message
                    return True
                self._done = message
        except (EOFError, OSError):
            return True
        return False

    def answer(self) -> Reply:
        if self._answer is None:
            self._process.join(5)
            code = self._process.exitcode
            if code is not None and code < 0:
                raise WorkerLostError(f"killed by {signal.Signals(-code).name}")
            raise WorkerLostError(f"ended with code {code}")
        return self._answer

    def done(self) -> int:
        return self._done

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()


class ProcessCrew:
    """A process for each worker; they end with this one, however it ends."""

    def __init__(self) -> None:
        self._hands: list[_Process] = []

    def hire(self, number: int) -> Hand:
        """Start one."""
        hand = _Process(number)
        self._hands.append(hand)
        return hand

    def wait(self, hands: Sequence[Hand], seconds: float) -> list[Hand]:
        """Those that have an answer, or are lost."""
        mine = [hand for hand in self._hands if hand in hands]
        ready = wait([hand.connection for hand in mine], seconds)
        return [hand for hand in mine if hand.connection in ready and hand.look()]

    def share(self, value: Any) -> Any:
        """Itself: a pipe carries it to each."""
        return value

    def room(self) -> str:
        """How many were started."""
        return f"{len(self._hands)} processes were started on this machine"

    def close(self) -> None:
        """End all of them."""
        for hand in self._hands:
            hand.end()
        self._hands = []


def _work(connection: Connection) -> None:
    """What a worker does until nobody asks any more."""
    for each in stopping_signals():  # a terminal sends them to all of its processes; whoever asked decides
        signal.signal(each, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()
    writing, over = threading.Lock(), threading.Event()

    def tell() -> None:
        told = 0
        while not over.wait(_TOLD_EVERY):
            if (done := pace()) != told:
                told = done
                with writing, contextlib.suppress(OSError):
                    connection.send_bytes(pickle.dumps(done))

    threading.Thread(target=tell, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            packed = connection.recv_bytes()
            answer = answered(_called, (packed,))
            with writing:
                connection.send_bytes(pickle.dumps(answer, protocol=5))
    over.set()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _called(packed: bytes) -> Any:
    function, arguments = pickle.loads(packed)
    return function(*arguments)
