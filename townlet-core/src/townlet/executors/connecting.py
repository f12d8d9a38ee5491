"""Getting to Ray: whether it is installed, who answers at an address, and starting it on this machine."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import IO, Any, Self

from townlet.errors import ExecutorError
from townlet.signals import held_back, stopping_signals

__all__ = ["connect", "has_ended_here", "need_ray", "quietly"]

_ANSWERS_WITHIN = 5.0
_PRINTED = "its address is what `ray start --head` printed there"
_STARTS, _UP_WITHIN, _GLANCE = 3, 20.0, 0.1
_SETTINGS = 4
_STDERR = 2
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
    with quietly():
        import ray

        return ray


def connect(ray: Any, address: str | None, cpus: int) -> None:
    """Connect this process to a cluster, or start Ray here with so many CPUs.

    Raises:
        ExecutorError: if nobody answers, or the cluster is of another version, or does not let us in; if Ray ends here
            while it starts.
    """
    if address is not None:
        _knock(address)
        _begin(ray, address, cpus)
        return
    for _ in range(_STARTS):
        _begin(ray, None, cpus)
        stays = False
        try:
            stays = _stays(ray)
        finally:
            if not stays:  # also after Ctrl-C
                ray.shutdown()
        if stays:
            return
    raise ExecutorError(
        "Ray ends on this machine while it starts",
        details=(f"it was started {_STARTS} times; why it ended is in /tmp/ray/session_latest/logs/raylet.err",),
    )


def has_ended_here(ray: Any) -> bool:
    """Whether the part of Ray that this process talks to has ended: nothing that was asked of it will be answered.

    A cluster that does not say so, as while its head is busy or begins anew, has not.
    """
    try:
        own, nodes = ray.get_runtime_context().get_node_id(), ray.nodes()
    except Exception:  # noqa: BLE001 (of many kinds, by version; work itself tells what is wrong)
        return False
    return any(node["NodeID"] == own and not node["Alive"] for node in nodes)


def _stays(ray: Any) -> bool:
    """Whether Ray, just started, goes on: one of its own processes can fail a moment later, and all of it ends then."""
    until = time.monotonic() + _UP_WITHIN
    while time.monotonic() < until:
        if has_ended_here(ray):
            return False
        node: dict[str, Any] = next(iter(ray.nodes()), {})
        port = int(node.get("RuntimeEnvAgentPort") or 0)  # the last of its processes that has to be there
        if port <= 0:
            return True
        with contextlib.suppress(OSError), socket.create_connection((node["NodeManagerAddress"], port), _GLANCE):
            return True
        time.sleep(_GLANCE)
    return True  # a slow machine: work will tell


def _begin(ray: Any, address: str | None, cpus: int) -> None:
    settings: dict[str, Any] = {"address": "local", "num_cpus": cpus, "include_dashboard": False}
    if address is not None:
        settings = {"address": address}
    overheard = _Overheard()
    try:
        with (
            quietly(),
            nullcontext() if address is None else overheard,
            held_back() if address is None else nullcontext(),  # half a Ray could not be ended
            _own_signals(),
            _set("RAY_worker_niceness", "0"),  # a Ray of one's own need not give way to whoever started it
            _set("RAY_health_check_failure_threshold", "30"),  # where the machine is busy, slow is not dead
            tempfile.TemporaryDirectory(prefix="townlet-") as empty,
            _folder(empty),
        ):
            ray.init(
                **settings, namespace=_NAMESPACE, log_to_driver=False, logging_level="ERROR", configure_logging=True
            )
    except KeyboardInterrupt:
        ray.shutdown()
        raise
    except (ConnectionError, RuntimeError, ValueError, OSError, TimeoutError, ray.exceptions.RayError) as error:
        what = f"the cluster at {address} cannot be used" if address else "Ray cannot be started on this machine"
        raise ExecutorError(what, details=_advice(str(error), overheard.text)) from error


def _advice(text: str, overheard: str = "") -> tuple[str, ...]:
    """What Ray says, shortened, and what to do about it."""
    lines = [line.strip().partition(". ")[0] for line in text.splitlines() if line.strip()][:6]
    whole = text + overheard
    if "ersion mismatch" in text or "Python: " in text:
        lines.append("the cluster must have the same versions of Ray and Python as this process")
    if "Could not find any running Ray instance" in text:
        lines.append("start one with:  ray start --head")
    if "uthenticat" in whole:
        lines.append("it asks for its token: set RAY_AUTH_MODE=token here, and put the token of the cluster into")
        lines.append("~/.ray/auth_token, or into the variable RAY_AUTH_TOKEN")
    elif "rpc_code: 12" in whole:  # gRPC's "unimplemented"
        lines.append("what answers there is not the head of a cluster; its address is what `ray start --head` printed")
    return tuple(lines)


def _knock(address: str) -> None:
    """Whether Ray can be what answers there: Ray itself would wait for minutes.

    Raises:
        ExecutorError: if nobody does, or somebody else, or it is not an address.
    """
    if address in ("auto", "local"):
        return
    host, colon, port = address.rpartition(":")
    if not (colon and host and "/" not in host and port.isdigit() and 0 < int(port) < 65536):
        raise ExecutorError(
            "this is not the address of a Ray cluster",
            where=f"execution.address {address}",
            details=("it reads HOST:PORT, such as 10.0.0.1:6379; or auto, for a cluster on this machine",),
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWERS_WITHIN) as there:
            known = _speaks_grpc(there)
    except OSError as problem:
        raise ExecutorError(
            f"nobody answers at {address}: {problem.strerror or problem}",
            where="execution.address",
            details=("is the cluster running, and can this machine reach it?", _PRINTED),
        ) from problem
    if not known:
        raise ExecutorError(
            f"what answers at {address} is not Ray",
            where="execution.address",
            details=(_PRINTED, "it is not that of the dashboard"),
        )


def _speaks_grpc(there: socket.socket) -> bool:
    """Whether whoever is there answers the greeting of HTTP/2, which carries gRPC, as RFC 9113 (section 3.4) asks."""
    if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
        return True
    settings = bytes((0, 0, 0, _SETTINGS, 0, 0, 0, 0, 0))
    there.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings)
    answer = b""
    while len(answer) < len(settings):
        try:
            more = there.recv(len(settings) - len(answer))
        except (TimeoutError, ConnectionError):
            return False
        if not more:
            return False
        answer += more
    return answer[3] == _SETTINGS and answer[5:9] == bytes(4)


class _Overheard:
    """What is written to this process's stderr meanwhile, by compiled code as well: Ray repeats itself for 20 seconds
    while it tries to connect, and says the reason there alone."""

    def __init__(self) -> None:
        self.text = ""
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):  # a process without stderr
            before = os.dup(_STDERR)
            self._stack.callback(os.close, before)
            heard = self._stack.enter_context(tempfile.TemporaryFile())
            self._stack.callback(self._read, heard)
            self._stack.callback(os.dup2, before, _STDERR)
            os.dup2(heard.fileno(), _STDERR)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _read(self, heard: IO[bytes]) -> None:
        heard.seek(0)
        self.text = heard.read().decode(errors="replace")


@contextmanager
def quietly() -> Iterator[None]:
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
