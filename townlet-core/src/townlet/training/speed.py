"""How fast this machine trains, piece by piece, against what it could do."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from townlet.api import Clocked, TrainingReport
from townlet.config.root import TownletConfig
from townlet.envs.protocol import Engine
from townlet.play.stage import town_engine
from townlet.plugins.provenance import Provenance
from townlet.rollout.memory import rollout_bytes
from townlet.storage import peak_bytes
from townlet.training.run.run import Run
from townlet.training.services import TrainingServices
from townlet.training.strategies.ppo import run_ppo

__all__ = ["TrainingPiece", "TrainingSpeed", "measure_training"]

_BARE_TICKS = 40
_SECONDS = {"towns": "town_seconds", "deciding": "deciding_seconds", "update": "update_seconds"}
"""The pieces that core sees, and the metric that says how long each took."""


class TrainingPiece(NamedTuple):
    """A part of an iteration.

    Attributes:
        name: ``towns``, ``deciding``, ``update``, a learner's own part of one of these (``update.gae``), or ``rest``.
        seconds: wall time in an iteration: the median over the iterations.
        bound: what the bare work takes on this machine, seconds; None where nobody knows.
    """

    name: str
    seconds: float
    bound: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSpeed:
    """What was measured. An iteration is a rollout and the update from it.

    Attributes:
        learner: who learned.
        towns: stepped side by side.
        groups: of towns of different ages.
        ticks: of an iteration.
        epochs: passes over it that each update did.
        iterations: measured.
        agent_steps: decisions of an iteration, on average.
        seconds: wall time of an iteration, the median.
        bound: what the machine could do it in, seconds: towns and deciding side by side, then the update; None where
            the learner does not tell what its arithmetic takes.
        pieces: of it.
        experience_bytes: memory of a rollout, in main memory; a learner that keeps it on a device takes as much there.
        peak_bytes: the most memory that the process held until the end of the last iteration; None: not known.
    """

    learner: Provenance
    towns: int
    groups: int
    ticks: int
    epochs: float
    iterations: int
    agent_steps: int
    seconds: float
    bound: float | None
    pieces: tuple[TrainingPiece, ...]
    experience_bytes: int
    peak_bytes: int | None


@dataclass(slots=True)
class _Marks:
    """A watcher of a run: how long each iteration took, and what its pieces took."""

    learner: Clocked | None = None
    last: float = 0.0
    reports: list[TrainingReport] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    own: list[Mapping[str, float]] = field(default_factory=list)

    def __call__(self, report: TrainingReport) -> None:
        self.seconds.append(time.perf_counter() - self.last)
        self.own.append({} if self.learner is None else dict(self.learner.clock()))
        self.reports.append(report)
        self.last = time.perf_counter()


def measure_training(config: TownletConfig, *, iterations: int = 5, warm_up: int = 1) -> TrainingSpeed:
    """Train as ``townlet train --mode ppo`` does, in a folder that is thrown away, and look at the clock.

    Every update does all its epochs (no target of the KL) and learns from fresh rollouts.

    Args:
        config: the town and how it is taught.
        iterations: measured.
        warm_up: done before, and left out.

    Raises:
        TownletError: whatever training raises.
    """
    config = _endless(config, iterations + warm_up)
    made: list[Engine] = []

    def engines(config: TownletConfig, seeds: Sequence[int], threads: int) -> Engine:
        made.append(town_engine(config, seeds, threads))
        return made[-1]

    marks = _Marks()
    with tempfile.TemporaryDirectory(prefix="townlet-bench-") as folder:
        services = TrainingServices.from_config(config, runs=Path(folder), engines=engines)
        del made[:]
        with Run.begin(config, "ppo", out=Path(folder) / "run", services=services, watchers=(marks,)) as run:
            del made[:]  # those that were asked for their spec
            if isinstance(run.learner.inner, Clocked):
                marks.learner = run.learner.inner
                marks.learner.clock()
            marks.last = time.perf_counter()
            run_ppo(run)
            peak, ticks = peak_bytes(), config.training.ppo.rollout.ticks
            room = rollout_bytes(made[0].spec, ticks, sum(engine.rows for engine in made))
            bounds = {"towns": _towns_alone(made, ticks)}
            steps = round(statistics.mean(report.metrics["update_samples"] for report in marks.reports[warm_up:]))
            bounds |= _bare(run, marks, steps)
            return _summed_up(run, marks, bounds, warm_up, agent_steps=steps, experience_bytes=room, peak_bytes=peak)


def _endless(config: TownletConfig, updates: int) -> TownletConfig:
    """The config with so many updates, and nothing beside them."""
    training = config.training
    settings = training.ppo.settings.model_copy(update={"target_kl": None})
    ppo = training.ppo.model_copy(
        update={"settings": settings, "updates": updates, "data": "rollout", "max_seconds": None, "initial": None}
    )
    checkpoints = training.checkpoints.model_copy(update={"every": updates + 1})
    taught = training.model_copy(update={"ppo": ppo, "checkpoints": checkpoints, "evaluate": False})
    return config.model_copy(update={"training": taught})


def _towns_alone(engines: Sequence[Engine], ticks: int) -> float:
    """Seconds that all towns take for ``ticks`` ticks, one group after the other, while nobody decides or learns."""
    rng, spent = np.random.default_rng(0), 0.0
    for engine in engines:
        seen = engine.observe()
        for tick in range(_BARE_TICKS + 1):
            actions = (rng.random(seen.action_mask.shape, np.float32) * seen.action_mask).argmax(1)
            began = time.perf_counter()
            engine.step(actions, into=seen)
            spent += time.perf_counter() - began if tick else 0.0  # the first tick finds cold caches
    return spent * ticks / _BARE_TICKS


def _bare(run: Run, marks: _Marks, steps: int) -> dict[str, float]:
    """What the learner's arithmetic takes in an iteration, if it tells."""
    if marks.learner is None:
        return {}
    rollout, settings = run.config.training.ppo.rollout, run.config.training.ppo.settings
    rows = max(1, steps // rollout.ticks)
    told = dict(marks.learner.bare(rows, steps, settings))
    if "deciding" in told:
        told["deciding"] *= rollout.ticks
    return told


def _summed_up(
    run: Run,
    marks: _Marks,
    bounds: Mapping[str, float],
    warm_up: int,
    *,
    agent_steps: int,
    experience_bytes: int,
    peak_bytes: int | None,
) -> TrainingSpeed:
    rollout = run.config.training.ppo.rollout
    kept = range(warm_up, len(marks.reports))
    seconds = statistics.median(marks.seconds[number] for number in kept)
    pieces = []
    for name, metric in _SECONDS.items():
        took = statistics.median(marks.reports[number].metrics.get(metric, 0.0) for number in kept)
        pieces.append(TrainingPiece(name, took, bounds.get(name)))
        own = {part for number in kept for part in marks.own[number] if part.startswith(f"{name}.")}
        parts = {part: statistics.median(marks.own[number].get(part, 0.0) for number in kept) for part in own}
        pieces += [TrainingPiece(*part) for part in sorted(parts.items(), key=lambda part: -part[1])]
    seen = {n: sum(marks.reports[n].metrics.get(metric, 0.0) for metric in _SECONDS.values()) for n in kept}
    pieces.append(TrainingPiece("rest", statistics.median(max(0.0, marks.seconds[n] - seen[n]) for n in kept)))
    bound = None
    if bounds.keys() >= _SECONDS.keys():
        bound = max(bounds["towns"], bounds["deciding"]) + bounds["update"]
    return TrainingSpeed(
        learner=run.provenance,
        towns=rollout.worlds,
        groups=min(rollout.groups, rollout.worlds),
        ticks=rollout.ticks,
        epochs=statistics.mean(marks.reports[number].metrics.get("epochs_done", 0.0) for number in kept),
        iterations=len(kept),
        agent_steps=agent_steps,
        seconds=seconds,
        bound=bound,
        pieces=tuple(pieces),
        experience_bytes=experience_bytes,
        peak_bytes=peak_bytes,
    )
