"""The small town, jobs in it, and executors of every kind."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from townlet.config import TownletConfig, load_config
from townlet.executors import Headway
from townlet.play import Cast, Job, Keep, MindSpec, Role


@pytest.fixture(scope="session")
def hamlet() -> TownletConfig:
    """The small town; four live in it."""
    return load_config(None, ["town.map=hamlet"])


@pytest.fixture(scope="session")
def job(hamlet) -> Job:
    """Six towns for 200 ticks, two minds in each: who plays whom is drawn from each town's seed."""
    minds = {"25%": "stub", "*": "scripted"}
    cast = Cast(tuple(Role(who, MindSpec(requested=name, backend=name)) for who, name in minds.items()))
    return Job(hamlet, cast, tuple(range(6)), 200, explore=True)


@pytest.fixture(scope="session")
def kept() -> Callable[[Job, Path], Job]:
    """``kept(job, folder)``: the job, recorded there."""
    return lambda job, folder: replace(job, keep=Keep.dataset(folder))


@pytest.fixture(scope="session")
def bytes_of() -> Callable[[Path], dict[str, str]]:
    """``bytes_of(dataset)``: each file to the digest of its bytes; the date of the manifest stands apart."""

    def read(folder: Path) -> dict[str, str]:
        found = {}
        for path in sorted(folder.iterdir()):
            data = path.read_bytes()
            if path.name == "manifest.json":
                manifest = json.loads(data)
                del manifest["timing"]
                data = json.dumps(manifest, sort_keys=True).encode()
            found[path.name] = hashlib.sha256(data).hexdigest()
        assert len(found) > 1
        return found

    return read


class Assassin:
    """A watch that kills a worker of this machine with SIGKILL, once, when it is at work."""

    def __init__(self, pids: Callable[[], list[int]]) -> None:
        self._pids = pids
        self.killed = 0
        self.last: Headway | None = None

    def __call__(self, headway: Headway) -> None:
        self.last = headway
        if not self.killed and headway.pieces >= 1 and any(w.doing.startswith("piece") for w in headway.workers):
            (self.killed, *_) = self._pids()
            os.kill(self.killed, signal.SIGKILL)


@pytest.fixture(scope="session")
def assassin() -> type[Assassin]:
    """See :class:`Assassin`."""
    return Assassin


@pytest.fixture
def interrupt_soon() -> Iterator[Callable[[float], None]]:
    """``interrupt_soon(seconds)``: Ctrl-C comes then."""
    timers: list[threading.Timer] = []

    def arm(seconds: float) -> None:
        timers.append(threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGINT)))
        timers[-1].start()

    yield arm
    for timer in timers:
        timer.cancel()


def gone(pids: list[int], seconds: float = 20.0) -> bool:
    """Whether all of some processes are gone, before so many seconds are over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(Path(f"/proc/{pid}").exists() and "Z (" not in _state(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


def _state(pid: int) -> str:
    try:
        return next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("State"))
    except (OSError, StopIteration):
        return "Z ("


@pytest.fixture(scope="session")
def all_gone() -> Callable[[list[int]], bool]:
    """See :func:`gone`."""
    return gone
