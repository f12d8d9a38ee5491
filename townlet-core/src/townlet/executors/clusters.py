"""Workers that are actors of Ray, on this machine or on a cluster. Ray is known here and in ``connecting`` alone.

Ray Core alone: actors, its object store, and the ending of both.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from townlet.errors import ExecutorError
from townlet.executors import pace
from townlet.executors.connecting import connect, has_ended_here, need_ray, quietly
from townlet.executors.crew import Hand, Reply, WorkerLostError, answered

__all__ = ["RayCrew"]

_ASK_PACE = 0.5
_FEEL_PULSE = 5.0
_MEMORY = re.compile(r"was (\S+ used / \S+) limit")


class RayWorker:
    """An actor. Two of its methods can run at once: the work, and the question how far it is."""

    def __init__(self) -> None:
        try:
            os.getcwd()  # noqa: PTH109
        except FileNotFoundError:  # the empty folder that Ray was started in; compiling needs one that is there
            os.chdir(os.sep)

    def do(self, function: Callable[..., Any], *arguments: Any) -> Reply:
        """Do something."""
        return answered(function, arguments)

    def pace(self) -> int:
        """Town-ticks of the piece under way that are done."""
        return pace.pace()


class _Actor:
    def __init__(self, ray: Any, number: int, cpus: int) -> None:
        self.name = f"worker {number}"
        self._ray = ray
        made = ray.remote(RayWorker).options(num_cpus=cpus, max_restarts=0, max_task_retries=0, max_concurrency=2)
        self._actor = made.remote()
        self.pending: Any = None
        self._pace: Any = None
        self._done, self._asked = 0, 0.0

    def send(self, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
        self._done, self._pace = 0, None
        with _room_for(self._ray, f"what {self.name} is given"):
            self.pending = self._actor.do.remote(function, *arguments)

    def answer(self) -> Reply:
        errors = self._ray.exceptions
        try:
            with quietly(), _room_for(self._ray, f"what {self.name} gives back"):
                answer: Reply = self._ray.get(self.pending)
        except errors.RayActorError as error:
            raise WorkerLostError(_one_line(error)) from error
        except errors.OutOfMemoryError as error:
            raise WorkerLostError(_out_of_memory(str(error))) from error
        except (errors.ObjectLostError, errors.OwnerDiedError) as error:
            raise WorkerLostError(f"what it gave back was lost: {_one_line(error)}") from error
        except errors.RayTaskError as error:  # Ray's own: the worker could not even be asked
            raise ExecutorError(f"{self.name} could not be asked", details=str(error).splitlines()[-3:]) from error
        finally:
            self.pending = None
        return answer

    def done(self) -> int:
        """As it said last; it is asked again now and then, and nobody waits for what it says."""
        if self._pace is not None:
            with contextlib.suppress(Exception):
                ready, _ = self._ray.wait([self._pace], timeout=0)
                if ready:
                    self._done, self._pace = int(self._ray.get(self._pace)), None
        if self._pace is None and time.monotonic() - self._asked > _ASK_PACE:
            self._asked = time.monotonic()
            self._pace = self._actor.pace.remote()
        return self._done

    def end(self) -> None:
        with contextlib.suppress(Exception):
            self._ray.kill(self._actor, no_restart=True)


class RayCrew:
    """Actors, each with so many CPUs of its own.

    Args:
        address: of a running cluster; None starts Ray on this machine, and ends it again. Where this process is
            connected to Ray already, that is used, and stays.
        workers: how many there will be.
        cpus: of each.

    Raises:
        ExecutorError: without Ray, or if the cluster does not answer, is of another version, or has too few CPUs.
    """

    def __init__(self, *, address: str | None, workers: int | None, cpus: int) -> None:
        self._ray = need_ray()
        self._address = address
        self._cpus = cpus
        self._hands: list[_Actor] = []
        self._alive_at = time.monotonic()
        self._mine = not self._ray.is_initialized()
        if self._mine:
            connect(self._ray, address, (workers or _cpus_here() // cpus or 1) * cpus)
        self.workers = workers or max(1, int(self._ray.cluster_resources().get("CPU", 1)) // cpus)
        """How many there will be: as many as asked for, or as the cluster has room for."""

    def hire(self, number: int) -> Hand:
        """Ask for one; it starts where there is room, when there is."""
        hand = _Actor(self._ray, number, self._cpus)
        self._hands.append(hand)
        return hand

    def wait(self, hands: Sequence[Hand], seconds: float) -> list[Hand]:
        """Those that have an answer, or were lost.

        Raises:
            ExecutorError: if Ray has ended on this machine: it answers nobody any more, and says nothing.
        """
        asked = [hand for hand in self._hands if hand in hands and hand.pending is not None]
        self._feel_pulse()
        if not asked:
            time.sleep(min(seconds, 0.05))
            return []
        ready, _ = self._ray.wait([hand.pending for hand in asked], num_returns=1, timeout=seconds)
        if ready:  # those that are there as well
            ready, _ = self._ray.wait([hand.pending for hand in asked], num_returns=len(asked), timeout=0)
        return [hand for hand in asked if hand.pending in ready]

    def _feel_pulse(self) -> None:
        """Now and then, whether Ray is still there."""
        if time.monotonic() - self._alive_at < _FEEL_PULSE:
            return
        if has_ended_here(self._ray):
            raise ExecutorError(
                "Ray has ended on this machine in the middle of the work",
                details=(
                    "why is in /tmp/ray/session_latest/logs/raylet.err, if it was started here",
                    "what was done is kept where the command keeps it: resume it, or begin again",
                ),
            )
        self._alive_at = time.monotonic()

    def share(self, value: Any) -> Any:
        """A reference into the object store: it travels to each node once."""
        with _room_for(self._ray, "what all workers need"):
            return self._ray.put(value)

    def room(self) -> str:
        """What was asked for, and what the cluster has."""
        try:
            whole, free = self._ray.cluster_resources(), self._ray.available_resources()
        except Exception as error:  # noqa: BLE001 (it is a detail of another message)
            return f"the cluster does not say what it has: {_one_line(error)}"
        asked = f"each worker needs {self._cpus} CPU; the cluster has {whole.get('CPU', 0):g}, "
        mode = os.environ.get("RAY_AUTH_MODE")
        token = "" if mode is None else f"; RAY_AUTH_MODE is {mode} here, as it has to be on every machine of it"
        return f"{asked}of which {free.get('CPU', 0):g} are free{token}"

    def close(self) -> None:
        """End the actors, and Ray where it was started here."""
        for hand in self._hands:
            hand.end()
        self._hands = []
        if self._mine and self._ray.is_initialized():
            self._mine = False
            with quietly():
                self._ray.shutdown()


@contextmanager
def _room_for(ray: Any, what: str) -> Iterator[None]:
    """Where Ray has no room for something: which, why, and what to lower."""
    errors = ray.exceptions
    try:
        yield
    except (errors.OutOfDiskError, errors.ObjectStoreFullError) as error:
        disk = isinstance(error, errors.OutOfDiskError)
        where = "the worker's machine" if isinstance(error, errors.RayTaskError) else "this machine"
        raise ExecutorError(
            f"Ray has no room for {what}",
            details=(
                f"on {where} its store of objects is full{', and the disk that it moves them to' if disk else ''}",
                "bring less home at once: fewer --days, and in training fewer training.ppo.rollout.ticks",
                "or give it more: ray start --object-store-memory=BYTES, and a --temp-dir on a disk with room",
            ),
        ) from error


def _out_of_memory(text: str) -> str:
    found = _MEMORY.search(text)
    return f"Ray ended it, as its machine ran out of memory{f': {found[1]}' if found else ''}"


def _cpus_here() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _one_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
