"""Plays towns with a policy and estimates its key figures, with intervals over seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from townlet.config import TownletConfig
from townlet.errors import UsageError
from townlet.evaluation.results import EvaluationResult, EvaluationTiming
from townlet.evaluation.statistics import estimate
from townlet.executors import Executor, Watch, pieces_of, rehearsed
from townlet.play import Admission, Cast, Casting, Job, MindSpec, Outcome, Stage, Troupe, perform
from townlet.play.effort import refuse_endless
from townlet.play.patient import MindLedger
from townlet.play.stage import town_spec
from townlet.rollout import Step, Watcher
from townlet.telemetry.kpis import KPI_NAMES, uncounted

__all__ = ["Evaluation", "evaluate", "evaluate_all", "evaluation_job", "evaluation_seeds", "judged"]

Progress = Callable[[int, int], None]
"""Told how many of how many town-ticks are done."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one result is of.

    Attributes:
        job: as :func:`evaluation_job` makes it.
        scenario: name of the scenario that its config stands for.
    """

    job: Job
    scenario: str | None = None

    def pieces(self, workers: int) -> tuple[Job, ...]:
        """The job in pieces of ``evaluation.worlds`` towns at most, and one a worker at least."""
        return pieces_of(self.job, workers=workers, towns=self.job.config.evaluation.worlds)


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
    executor: Executor | None = None,
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
        executor: where towns are played; here without. The result does not depend on it.

    Raises:
        UsageError: for no seeds, no time, or a policy that is not named in one of the forms.
        BackendError, CheckpointError: if the policy cannot run.
        KeyboardInterrupt: if it was interrupted: an incomplete evaluation has no result.
    """
    job = evaluation_job(config, policy, seeds=seeds, days=days)
    if executor is not None:
        told = None if progress is None else lambda headway: progress(headway.done, headway.total)
        whole = Evaluation(job, scenario)
        (result,) = evaluate_all([whole], executor, admission=admission, progress=told)
        return result
    refuse_endless([job])
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
    finally:
        troupe.close()
    return judged(job, outcomes, scenario=scenario)


def evaluate_all(
    evaluations: Sequence[Evaluation],
    executor: Executor,
    *,
    admission: Admission | None = None,
    progress: Watch | None = None,
) -> Iterator[EvaluationResult]:
    """Several evaluations side by side, so that no worker waits for the last town of one of them.

    Args:
        evaluations: what is played, such as several minds in the same towns.
        executor: where.
        admission: which minds may act.
        progress: told how far all of them are.

    Returns:
        The results in the order of the evaluations, each as soon as it and those before it are done.

    Raises:
        ExecutorError, BackendError, CheckpointError: if the work cannot be done.
        KeyboardInterrupt: if a person stopped it.
    """
    refuse_endless([one.job for one in evaluations], workers=executor.workers)
    for one in evaluations:
        rehearsed(one.job, admission)
    pieces = [one.pieces(executor.workers) for one in evaluations]
    outcomes = executor.map([piece for each in pieces for piece in each], admission=admission, watch=progress)
    for one, parts in zip(evaluations, pieces, strict=True):
        yield judged(one.job, [next(outcomes) for _ in parts], scenario=one.scenario)


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
