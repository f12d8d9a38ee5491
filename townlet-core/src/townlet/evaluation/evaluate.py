"""Plays towns with a policy and says what came of it, with intervals over seeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from townlet.config import TownletConfig
from townlet.envs.engine import TownEngine
from townlet.errors import UsageError
from townlet.evaluation.results import EvaluationResult
from townlet.evaluation.statistics import estimate
from townlet.minds.runtime import PolicyRuntime
from townlet.plugins import Selection
from townlet.rollout import SimulationLoop
from townlet.telemetry.kpis import KPI_NAMES, TownKpis, uncounted

__all__ = ["PolicyAccess", "evaluate", "evaluation_seeds"]

Progress = Callable[[int, int], None]
"""Told how many of how many town-ticks are done."""


@dataclass(frozen=True, slots=True)
class PolicyAccess:
    """What naming a policy may lead to.

    Attributes:
        selection: which backends may be used; those of the environment variables by default.
        release: gives the folder of the promoted checkpoint; None where there is no registry.
    """

    selection: Selection | None = None
    release: Callable[[], Path] | None = None


_ANY = PolicyAccess()


def evaluation_seeds(config: TownletConfig, count: int | None = None) -> tuple[int, ...]:
    """The seeds that every policy is judged on: ``count`` from ``evaluation.first_seed`` on.

    Raises:
        UsageError: for less than one seed.
    """
    wanted = config.evaluation.seeds if count is None else count
    if wanted < 1:
        raise UsageError(f"an evaluation needs at least one seed, found {wanted}")
    return tuple(range(config.evaluation.first_seed, config.evaluation.first_seed + wanted))


def evaluate(
    config: TownletConfig,
    policy: str,
    *,
    seeds: Sequence[int] | None = None,
    days: float | None = None,
    scenario: str | None = None,
    access: PolicyAccess = _ANY,
    progress: Progress | None = None,
    watch: Callable[[TownKpis], None] | None = None,
) -> EvaluationResult:
    """Play one town for each seed and estimate the key figures.

    Towns are stepped ``evaluation.worlds`` at a time; the result does not depend on that. The policy never falls
    back to the stub.

    Args:
        config: the towns, and the section ``evaluation``.
        policy: in a form of ``townlet.minds.policy_names``.
        seeds: one a town; those of :func:`evaluation_seeds` by default.
        days: length of each town's life; ``evaluation.days`` by default.
        scenario: name of the scenario that the config stands for, to be noted in the result.
        access: which backends may be used, and where the release is.
        progress: told how far it is.
        watch: shown the measurements of each batch of towns when it is done.

    Raises:
        UsageError: for no seeds, no time, or a policy that is not named in one of the forms.
        BackendError, CheckpointError: if the policy cannot run.
        KeyboardInterrupt: if a person stopped it; a part of an evaluation is none.
    """
    chosen = evaluation_seeds(config) if seeds is None else tuple(seeds)
    length = config.evaluation.days if days is None else days
    ticks = round(length * config.town.time.day_ticks)
    if not chosen:
        raise UsageError("an evaluation needs at least one seed")
    if ticks < 1:
        raise UsageError(f"an evaluation needs some time, found {length} days", details=("say  --days 5",))
    started = time.perf_counter()
    provenance: dict[str, object] = {}
    figures: dict[str, list[float]] = {}
    unknown = set(KPI_NAMES)
    agents, done, total = 0, 0, len(chosen) * ticks
    for some in _batches(chosen, config.evaluation.worlds):
        engine = TownEngine(config, some, threads=config.evaluation.threads)
        runtime = PolicyRuntime.from_config(
            config, engine.spec, backend=policy, on_missing="error", selection=access.selection, release=access.release
        )
        runtime.agent_names = engine.agent_names
        agents, provenance = engine.agents, runtime.provenance()
        loop = SimulationLoop(engine, runtime, explore=config.evaluation.explore)
        for part in _parts(ticks, config.town.time.day_ticks // 4):
            if loop.run(part).interrupted:
                runtime.close()
                raise KeyboardInterrupt
            done += part * len(some)
            if progress is not None:
                progress(done, total)
        runtime.close()
        kpis = engine.kpis()
        for row in kpis.per_world():
            for name, value in row.items():
                figures.setdefault(name, []).append(value)
        unknown &= uncounted(kpis.agent_sums.sum((0, 1)))
        if watch is not None:
            watch(kpis)
    return EvaluationResult(
        policy=policy,
        provenance=provenance,
        config_id=config.config_id,
        scenario=scenario,
        explore=config.evaluation.explore,
        seeds=chosen,
        days=length,
        agents=agents,
        kpis={name: estimate(np.array(values)) for name, values in figures.items()},
        per_seed={name: tuple(values) for name, values in figures.items()},
        unknown=tuple(sorted(unknown)),
        seconds=time.perf_counter() - started,
    )


def _batches(seeds: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(seeds), size):
        yield seeds[start : start + size]


def _parts(ticks: int, size: int) -> Iterator[int]:
    """``ticks`` in parts of ``size``, so that progress is seen."""
    size = max(size, 1)
    for start in range(0, ticks, size):
        yield min(size, ticks - start)
