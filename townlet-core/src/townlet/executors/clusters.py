"""Workers that are actors of Ray, on this machine or on a cluster. The only module that knows Ray.

Ray Core alone: actors, its object store, and the ending of both.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from townlet.errors import ExecutorError
from townlet.executors import pace
from townlet.executors.crew import Hand, Reply, WorkerLostError, answered
from townlet.signals import stopping_signals

__all__ = ["RayCrew", "need_ray"]

_ANSWERS_WITHIN = 5.0
_ASK_PACE = 0.5
_NAMESPACE = "townlet"


def need_ray() -> Any:
    """The module ``ray``.

    Raises:
        ExecutorError: if it is not installed, with the command that installs it.
    """
    if importlib.util.find_spec("ray") is None:
        raise ExecutorError(
            "the executor 'ray' needs Ray, which is not installed",
            details=("install it with:  python -m pip install 'townlet-core[ray]'",),
        )
    # Said before Ray starts anything: it reports on its users by default, and changes what it does with GPUs.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "1")
    with _quietly():
        import ray

        return ray


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
        self.pending = self._actor.do.remote(function, *arguments)

    def answer(self) -> Reply:
        errors = self._ray.exceptions
        try:
            with _quietly():
                answer: Reply = self._ray.get(self.pending)
        except errors.RayActorError as error:
            raise WorkerLostError(_one_line(error)) from error
        except (errors.ObjectLostError, errors.OwnerDiedError) as error:
            raise WorkerLostError(f"what it gave back was lost: {_one_line(error)}") from error
        except (errors.OutOfDiskError, errors.ObjectStoreFullError, errors.OutOfMemoryError) as error:
            raise ExecutorError(
                "the cluster has no room for what a piece brings",
                details=(_one_line(error), "give Ray more memory for objects, or record fewer towns and days at once"),
            ) from error
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
        self._mine = not self._ray.is_initialized()
        if self._mine:
            self._connect(address, (workers or _cpus_here() // cpus or 1) * cpus)
        self.workers = workers or max(1, int(self._ray.cluster_resources().get("CPU", 1)) // cpus)
        """How many there will be: as many as asked for, or as the cluster has room for."""

    def hire(self, number: int) -> Hand:
        """Ask for one; it starts where there is room, when there is."""
        hand = _Actor(self._ray, number, self._cpus)
        self._hands.append(hand)
        return hand

    def wait(self, hands: Sequence[Hand], seconds: float) -> list[Hand]:
        """Those that have an answer, or were lost."""
        asked = [hand for hand in self._hands if hand in hands and hand.pending is not None]
        if not asked:
            time.sleep(min(seconds, 0.05))
            return []
        ready, _ = self._ray.wait([hand.pending for hand in asked], num_returns=1, timeout=seconds)
        if ready:  # those that are there as well
            ready, _ = self._ray.wait([hand.pending for hand in asked], num_returns=len(asked), timeout=0)
        return [hand for hand in asked if hand.pending in ready]

    def share(self, value: Any) -> Any:
        """A reference into the object store: it travels to each node once."""
        try:
            return self._ray.put(value)
        except self._ray.exceptions.ObjectStoreFullError as error:
            raise ExecutorError(
                "the cluster has no room for what the workers need", details=(_one_line(error),)
            ) from error

    def room(self) -> str:
        """What was asked for, and what the cluster has."""
        try:
            whole, free = self._ray.cluster_resources(), self._ray.available_resources()
        except Exception as error:  # noqa: BLE001 (it is a detail of another message)
            return f"the cluster does not say what it has: {_one_line(error)}"
        return (
            f"each worker needs {self._cpus} CPU; the cluster has {whole.get('CPU', 0):g}, "
            f"of which {free.get('CPU', 0):g} are free"
        )

    def close(self) -> None:
        """End the actors, and Ray where it was started here."""
        for hand in self._hands:
            hand.end()
        self._hands = []
        if self._mine and self._ray.is_initialized():
            self._mine = False
            with _quietly():
                self._ray.shutdown()

    def _connect(self, address: str | None, cpus: int) -> None:
        if address is not None:
            _knock(address)
        try:
            with (
                _quietly(),
                _own_signals(),
                _set("RAY_worker_niceness", "0"),  # a Ray of one's own need not give way to whoever started it
                _set("RAY_health_check_failure_threshold", "30"),  # where the machine is busy, slow is not dead
                tempfile.TemporaryDirectory(prefix="townlet-") as empty,
                _folder(empty),
            ):
                settings: dict[str, Any] = {"address": "local", "num_cpus": cpus, "include_dashboard": False}
                if address is not None:
                    settings = {"address": address}
                self._ray.init(
                    **settings, namespace=_NAMESPACE, log_to_driver=False, logging_level="ERROR", configure_logging=True
                )
        except (ConnectionError, RuntimeError, ValueError, OSError, TimeoutError) as error:
            what = f"the cluster at {address} cannot be used" if address else "Ray cannot be started on this machine"
            raise ExecutorError(what, details=_advice(str(error))) from error


def _advice(text: str) -> tuple[str, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()][:6]
    if "ersion mismatch" in text or "Python: " in text:
        lines.append("the cluster must have the same versions of Ray and Python as this process")
    if "Could not find any running Ray instance" in text:
        lines.append("start one with:  ray start --head")
    return tuple(lines)


def _knock(address: str) -> None:
    """Whether anybody answers there: Ray itself would wait for minutes.

    Raises:
        ExecutorError: if nobody does, or it is not an address.
    """
    if address in ("auto", "local"):
        return
    host, colon, port = address.rpartition("://")[2].partition("/")[0].rpartition(":")
    if not (colon and host and port.isdigit() and 0 < int(port) < 65536):
        raise ExecutorError(
            "this is not the address of a Ray cluster",
            where=f"execution.address {address}",
            details=("it reads HOST:PORT, such as 10.0.0.1:6379; or auto, for a cluster on this machine",),
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWERS_WITHIN).close()
    except OSError as problem:
        raise ExecutorError(
            f"nobody answers at {address}: {problem.strerror or problem}",
            where="execution.address",
            details=(
                "is the cluster running, and can this machine reach it?",
                "its address is what `ray start --head` printed there",
            ),
        ) from problem


@contextmanager
def _quietly() -> Iterator[None]:
    """Ray's own deprecations are nothing that a user of Townlet could mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _own_signals() -> Iterator[None]:
    """Handlers of signals stay as they are: Ray sets some of its own, which exit."""
    before = {each: signal.getsignal(each) for each in stopping_signals()}
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # outside the main thread nothing was changed, either
            for each, handler in before.items():
                signal.signal(each, handler)


@contextmanager
def _folder(path: str) -> Iterator[None]:
    """Ray puts the current folder on the import path of every worker: an empty one, instead of a folder of data.

    Nor is it put there by Python itself.
    """
    before = os.getcwd()  # noqa: PTH109
    os.chdir(path)
    try:
        with _set("PYTHONSAFEPATH", "1"):
            yield
    finally:
        os.chdir(before)


@contextmanager
def _set(name: str, value: str) -> Iterator[None]:
    """An environment variable that processes started within get, where it is not set already."""
    if name in os.environ:
        yield
        return
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


def _cpus_here() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _one_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
