"""Plays towns with a policy and estimates its key figures, with intervals over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from townlet.config import TownletConfig
from townlet.errors import UsageError
from townlet.evaluation.results import EvaluationResult, EvaluationTiming
from townlet.evaluation.statistics import estimate
from townlet.play import Admission, Cast, Casting, Job, MindSpec, Outcome, Stage, Troupe, perform
from townlet.play.patient import MindLedger
from townlet.play.stage import town_spec
from townlet.rollout import Step, Watcher
from townlet.telemetry.kpis import KPI_NAMES, TownKpis, uncounted

__all__ = ["evaluate", "evaluation_job", "evaluation_seeds", "judged"]

Progress = Callable[[int, int], None]
"""Told how many of how many town-ticks are done."""


def evaluation_seeds(config: TownletConfig, count: int | None = None) -> tuple[int, ...]:
    """The seeds that every policy is judged on: ``count`` from ``evaluation.first_seed`` on.

    Raises:
        UsageError: for fewer than one seed.
    """
    wanted = config.evaluation.seeds if count is None else count
    if wanted < 1:
        raise UsageError(f"an evaluation needs at least one seed, found {wanted}")
    return tuple(range(config.evaluation.first_seed, config.evaluation.first_seed + wanted))


def evaluation_job(
    config: TownletConfig,
    policy: str | MindSpec | Cast,
    *,
    seeds: Sequence[int] | None = None,
    days: float | None = None,
) -> Job:
    """The job that an evaluation plays; see :func:`evaluate`."""
    chosen = evaluation_seeds(config) if seeds is None else tuple(seeds)
    length = config.evaluation.days if days is None else days
    ticks = round(length * config.town.time.day_ticks)
    if not chosen:
        raise UsageError("an evaluation needs at least one seed")
    if ticks < 1:
        raise UsageError(f"an evaluation must be longer than 0 days, found {length} days", details=("say  --days 5",))
    if isinstance(policy, str):
        policy = Casting.of(config).cast(policy)
    cast = policy if isinstance(policy, Cast) else Cast.of(policy)
    return Job(config, cast, chosen, ticks, explore=config.evaluation.explore)


def evaluate(
    config: TownletConfig,
    policy: str | MindSpec | Cast,
    *,
    seeds: Sequence[int] | None = None,
    days: float | None = None,
    scenario: str | None = None,
    admission: Admission | None = None,
    progress: Progress | None = None,
    watch: Callable[[TownKpis], None] | None = None,
) -> EvaluationResult:
    """Play one town for each seed and estimate the key figures.

    Towns are stepped ``evaluation.worlds`` at a time; the result does not depend on that. The policy never falls
    back to the stub.

    Args:
        config: the towns, and the section ``evaluation``.
        policy: who plays: a name in a form of ``townlet.minds.policy_names``, a mind, or a whole cast.
        seeds: one a town; those of :func:`evaluation_seeds` by default.
        days: length of each town's life; ``evaluation.days`` by default.
        scenario: name of the scenario that the config stands for, to be noted in the result.
        admission: which minds may act here.
        progress: told how far it is.
        watch: shown the measurements of each batch of towns when it is done.

    Raises:
        UsageError: for no seeds, no time, or a policy that is not named in one of the forms.
        BackendError, CheckpointError: if the policy cannot run.
        KeyboardInterrupt: if it was interrupted: an incomplete evaluation has no result.
    """
    job = evaluation_job(config, policy, seeds=seeds, days=days)
    troupe = Troupe.open(job.cast, town_spec(config), admission=admission, seed=config.seed, town=config.town)
    outcomes: list[Outcome] = []
    done = 0
    try:
        for part in job.split(-(-len(job.seeds) // config.evaluation.worlds)):
            with Stage(part, troupe=troupe, threads=config.evaluation.threads) as stage:
                watchers = [] if progress is None else [_telling(progress, job, len(part.seeds), done)]
                outcome = perform(stage, watchers=watchers)
            if outcome.failure is not None:
                raise outcome.failure
            if outcome.interrupted:
                raise KeyboardInterrupt
            done += len(part.seeds) * job.ticks
            outcomes.append(outcome)
            if watch is not None:
                watch(outcome.kpis)
    finally:
        troupe.close()
    return judged(job, outcomes, scenario=scenario)


def judged(job: Job, outcomes: Sequence[Outcome], *, scenario: str | None = None) -> EvaluationResult:
    """The result of an evaluation from the outcomes of its job's parts, in order."""
    figures: dict[str, list[float]] = {}
    unknown = set(KPI_NAMES)
    for outcome in outcomes:
        for row in outcome.kpis.per_world():
            for name, value in row.items():
                figures.setdefault(name, []).append(value)
        unknown &= uncounted(outcome.kpis.agent_sums.sum((0, 1)))
    return EvaluationResult(
        policy=job.cast.requested,
        provenance=outcomes[0].provenance.to_json(),
        config_id=job.config.config_id,
        scenario=scenario,
        explore=job.explore,
        seeds=job.seeds,
        days=job.ticks / job.config.town.time.day_ticks,
        agents=len(outcomes[0].kpis.agent_names),
        kpis={name: estimate(np.array(values)) for name, values in figures.items()},
        per_seed={name: tuple(values) for name, values in figures.items()},
        unknown=tuple(sorted(unknown)),
        ledger=tuple(each.to_json() for each in MindLedger.joined([outcome.ledgers for outcome in outcomes])),
        timing=EvaluationTiming(seconds=sum(outcome.timing.seconds for outcome in outcomes)),
    )


def _telling(progress: Progress, job: Job, towns: int, before: int) -> Watcher:
    """Reports progress, four times per day of the town and at the end."""
    every, total = max(job.config.town.time.day_ticks // 4, 1), len(job.seeds) * job.ticks

    def watch(step: Step) -> None:
        ticks = step.tick + 1
        if ticks % every == 0 or ticks == job.ticks:
            progress(before + ticks * towns, total)

    return watch
