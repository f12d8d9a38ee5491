"""What ``townlet bench`` measures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from townlet.cli.compiling import say_that_it_compiles
from townlet.config import ConfigDocument
from townlet.envs.engine import TownEngine
from townlet.minds.runtime import PolicyRuntime
from townlet.plugins import Selection
from townlet.rollout import SimulationLoop

__all__ = ["BenchRequest", "BenchResult", "BenchRow", "measure"]

_WARM_UP = 20
_CHUNK = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchRequest:
    """What was asked for; see the options of ``townlet bench``."""

    document: ConfigDocument
    backend: str | None
    disabled: tuple[str, ...]
    worlds: tuple[int, ...]
    threads: int
    seconds: float


class BenchRow(NamedTuple):
    """Agent-steps a second for one number of towns."""

    worlds: int
    agents: int
    town: int
    deciding: int
    together: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchResult:
    """What was measured.

    Attributes:
        policy: provenance of the policy that decided.
        start_seconds: wall time until the first town had taken its first tick.
        rows: one for each number of towns.
    """

    policy: Mapping[str, Any]
    start_seconds: float
    rows: tuple[BenchRow, ...]


def measure(request: BenchRequest) -> BenchResult:
    """Measures each number of towns in turn.

    Raises:
        TownletError: the town or the policy cannot be made.
    """
    started = time.perf_counter()
    first = _engine(request, 1)
    first.step(np.zeros(first.rows, np.int64))
    start_seconds = time.perf_counter() - started
    first.close()
    provenance: Mapping[str, Any] = {}
    rows = []
    for worlds in request.worlds:
        row, provenance = _row(request, worlds)
        rows.append(row)
    return BenchResult(policy=provenance, start_seconds=start_seconds, rows=tuple(rows))


def _row(request: BenchRequest, worlds: int) -> tuple[BenchRow, Mapping[str, Any]]:
    engine = _engine(request, worlds)
    waiting = np.zeros(engine.rows, np.int64)
    town = _rate(_again(lambda: engine.step(waiting)), engine.rows, request.seconds)
    runtime = PolicyRuntime.from_config(
        request.document.config,
        engine.spec,
        backend=request.backend,
        where=request.document.where,
        selection=Selection.from_environment(request.disabled),
    )
    try:
        engine.reset()
        loop = SimulationLoop(engine, runtime)
        together = _rate(loop.run, engine.rows, request.seconds)
        seen = engine.observe()
        deciding = _rate(_again(lambda: runtime.decide(seen)), engine.rows, request.seconds)
        return BenchRow(worlds, engine.rows, town, deciding, together), dict(runtime.provenance())
    finally:
        runtime.close()
        engine.close()


def _engine(request: BenchRequest, worlds: int) -> TownEngine:
    config = request.document.config
    say_that_it_compiles()
    return TownEngine(config, [config.seed + world for world in range(worlds)], threads=request.threads)


def _again(step: Callable[[], object]) -> Callable[[int], object]:
    def run(times: int) -> None:
        for _ in range(times):
            step()

    return run


def _rate(run: Callable[[int], object], rows: int, seconds: float) -> int:
    """Rows that ``run(times)`` does a second: the best of several stretches, as neighbours only ever slow one down."""
    run(_WARM_UP)
    best, spent = 0.0, 0.0
    while spent < seconds:
        started = time.perf_counter()
        run(_CHUNK)
        took = time.perf_counter() - started
        spent += took
        best = max(best, _CHUNK * rows / took)
    return round(best)
