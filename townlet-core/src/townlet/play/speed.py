"""How fast towns run on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from townlet.play.job import Job
from townlet.play.opening import Admission
from townlet.play.stage import Stage, close_engine, town_engine
from townlet.plugins.provenance import Provenance

__all__ = ["Speed", "SpeedRow", "measure_speed"]

_WARM_UP = 20
_CHUNK = 50


class SpeedRow(NamedTuple):
    """Agent-steps a second for one number of towns.

    Attributes:
        worlds: towns stepped together.
        agents: rows, all towns together.
        town: the towns with their observations and rewards, while everybody waits.
        deciding: the minds alone.
        together: towns and minds, as any job is played.
    """

    worlds: int
    agents: int
    town: int
    deciding: int
    together: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What was measured.

    Attributes:
        policy: who decided.
        start_seconds: wall time until the first town had taken its first tick.
        rows: one for each number of towns.
    """

    policy: Provenance
    start_seconds: float
    rows: tuple[SpeedRow, ...]


def measure_speed(
    job: Job, worlds: Sequence[int], *, seconds: float = 1.0, threads: int = 1, admission: Admission | None = None
) -> Speed:
    """Measure each number of towns in turn.

    Args:
        job: config, cast and first seed; town number ``w`` has that seed plus ``w``.
        worlds: numbers of towns.
        seconds: time for each measurement.
        threads: that step the towns.
        admission: which minds may act here.

    Raises:
        TownletError: the town or a mind cannot be made.
    """
    started = time.perf_counter()
    first = town_engine(job.config, job.seeds[:1], 1)
    first.step(np.zeros(first.rows, np.int64))
    start_seconds = time.perf_counter() - started
    close_engine(first)
    rows, told = [], None
    for count in worlds:
        many = replace(job, seeds=tuple(job.seeds[0] + world for world in range(count)))
        with Stage(many, admission=admission, threads=threads) as stage:
            told = stage.provenance()
            rows.append(_row(stage, seconds))
    assert told is not None
    return Speed(policy=told, start_seconds=start_seconds, rows=tuple(rows))


def _row(stage: Stage, seconds: float) -> SpeedRow:
    engine, runtime = stage.engine, stage.runtime
    waiting = np.zeros(engine.rows, np.int64)
    town = _rate(_again(lambda: engine.step(waiting)), engine.rows, seconds)
    stage.reset(stage.job.seeds)
    together = _rate(stage.run, engine.rows, seconds)
    seen = engine.observe()
    deciding = _rate(_again(lambda: runtime.decide(seen)), engine.rows, seconds)
    return SpeedRow(engine.worlds, engine.rows, town, deciding, together)


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
