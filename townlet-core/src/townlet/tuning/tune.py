"""The search itself: propose, play, tell; then the finals, and the judgement."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from townlet.config import TownletConfig
from townlet.config.execution import ExecutionConfig
from townlet.errors import TownletError, UsageError
from townlet.evaluation import Difference, EvaluationResult, difference
from townlet.evaluation.compare import pair_verdict
from townlet.evaluation.names import higher_is_better, is_judged
from townlet.play import Casting, Troupe
from townlet.play.stage import town_spec
from townlet.storage.digests import canonical_digest
from townlet.tuning.constraints import shortfall
from townlet.tuning.fields import Value
from townlet.tuning.journal import Trial
from townlet.tuning.plan import StudyPlan, plan_of
from townlet.tuning.playing import Trials
from townlet.tuning.results import JudgedSettings, SearchedSetting, TuningResult
from townlet.tuning.sampling import importances, need_optuna, propose
from townlet.tuning.study import StudyFolder
from townlet.tuning.trials import JobMap, TrialOutcome, job_map, refusal

__all__ = ["TuningProgress", "tune"]

_TRIES = 1000
"""Proposals that may be refused, or have been tried, before the search is given up."""


@dataclass(frozen=True, slots=True)
class TuningProgress:
    """How far a study is.

    Attributes:
        phase: searching, playing the finals, or judging.
        done, total: trials of that phase.
        best: the best trial so far, or None.
    """

    phase: Literal["trials", "finals", "judging"]
    done: int
    total: int
    best: Trial | None


def _silent(_: TuningProgress) -> None:
    """Told nothing."""


def tune(
    config: TownletConfig,
    folder: Path,
    *,
    resume: bool = False,
    execution: ExecutionConfig | None = None,
    run: JobMap | None = None,
    progress: Callable[[TuningProgress], None] = _silent,
    say: Callable[[str], None] = warnings.warn,
) -> TuningResult:
    """Search for better settings as the section ``tuning`` of the config says, and judge what was found.

    The result depends on the config alone: not on the workers, nor on whether the study was interrupted in between.

    Args:
        config: the town, the policy and the search.
        folder: of the study; it must be new, or hold the study to resume.
        resume: continue the study in ``folder``.
        execution: where trials run; one after the other in this process without.
        run: what runs them instead; outcomes in the order of the jobs.
        progress: told after each trial.
        say: told what a person should know of the workers.

    Raises:
        UsageError: without Optuna, for a search that makes no sense, a study that is another one, or one that another
            process is searching.
        ConfigError: if the study was begun with another config.
        BackendError, CheckpointError: if the policy cannot run.
        KeyboardInterrupt: if a person stopped it; every trial that was done is in the folder.
    """
    need_optuna()
    started = time.perf_counter()
    plan = plan_of(config)
    alone = execution is None or (execution.executor == "local" and (execution.workers or 1) == 1)
    fingerprint = _fingerprint(plan, alone=run is None and alone)
    study = (StudyFolder.resume if resume else StudyFolder.create)(folder, config, fingerprint)
    elsewhere = run is None and execution is not None and execution.executor != "local"
    with study.held():
        with job_map(execution, say=say) if run is None else nullcontext(run) as mapped:
            table = Trials(plan, study.path, mapped, elsewhere)
            trials = _search(table, study, progress, started)
            finalists = _finals(table, trials, progress)
            start, best = _judge(table, trials[0], finalists[0], progress)
        result = _result(plan, trials, start, best, time.perf_counter() - started)
        study.write(result, config)
    return result


def _search(
    table: Trials, study: StudyFolder, progress: Callable[[TuningProgress], None], started: float
) -> list[Trial]:
    """Every trial of the study, those of earlier calls first."""
    plan, settings = table.plan, table.plan.config.tuning
    trials = study.journal.read()
    progress(_progress(plan, trials))
    if not trials:  # alone: those after it step from it
        _play(table, study, [(0, plan.space.start())], trials, progress)
    while len(trials) < settings.trials and not _time_is_up(settings.max_seconds, started):
        # Batches lie where they would have without an interruption.
        end = 1 + -(-len(trials) // settings.batch) * settings.batch
        proposals = _proposals(plan, trials, min(end, settings.trials))
        _play(table, study, proposals, trials, progress)
    return trials


def _proposals(plan: StudyPlan, trials: Sequence[Trial], end: int) -> list[tuple[int, dict[str, Value]]]:
    """Settings of the trials up to ``end``, proposed from what was known when their batch began."""
    batch = plan.config.tuning.batch
    known = [trial for trial in trials if trial.number < 1 + (end - 2) // batch * batch or trial.number == 0]
    tried = [trial.values for trial in trials]
    proposals = []
    for number in range(len(trials), end):
        values = _proposal(plan, known, number, tried)
        tried.append(values)
        proposals.append((number, values))
    return proposals


def _proposal(
    plan: StudyPlan, known: Sequence[Trial], number: int, tried: Sequence[dict[str, Value]]
) -> dict[str, Value]:
    """Settings that no rule refuses and that were not tried yet."""
    settings, seed = plan.config.tuning, plan.config.seed
    reason: str | None = None
    for attempt in range(_TRIES):
        values = propose(
            plan.space,
            known,
            sampler=settings.sampler,
            seed=seed + 1_000_003 * attempt,
            number=number,
            maximise=plan.maximise,
        )
        if values in tried:
            continue
        reason = refusal(plan.config, values)
        if reason is None:
            return values
    raise TownletError(
        f"no new settings were found in {_TRIES:,} tries",
        details=(
            f"the last were refused: {reason}"
            if reason
            else "everything in the ranges was tried: ask for fewer trials",
        ),
    )


def _play(
    table: Trials,
    study: StudyFolder,
    proposals: Sequence[tuple[int, dict[str, Value]]],
    trials: list[Trial],
    progress: Callable[[TuningProgress], None],
) -> None:
    """Play a batch; each trial is written down when it is done."""
    plan = table.plan
    for (number, values), outcome in zip(proposals, table.play(proposals, plan.towns.tuned_on), strict=True):
        trial = _told(plan, number, values, outcome)
        study.journal.add(trial)
        trials.append(trial)
        progress(_progress(plan, trials))


def _finals(table: Trials, trials: Sequence[Trial], progress: Callable[[TuningProgress], None]) -> list[Trial]:
    """The best trials, played again on further towns: who was only lucky falls behind. Best first."""
    plan = table.plan
    ranked = sorted(trials, key=lambda trial: trial.rank(maximise=plan.maximise))
    chosen = ranked[: plan.config.tuning.finalists]
    if trials[0] not in chosen:
        chosen.append(trials[0])  # what is found has to beat what was there
    played: list[Trial] = []
    progress(TuningProgress("finals", 0, len(chosen), ranked[0]))
    for trial, outcome in zip(chosen, table.play(_settings(chosen), plan.towns.finals), strict=True):
        played.append(_told(plan, trial.number, dict(trial.values), outcome))
        progress(TuningProgress("finals", len(played), len(chosen), ranked[0]))
    return sorted(played, key=lambda trial: trial.rank(maximise=plan.maximise))


def _judge(
    table: Trials,
    start: Trial,
    best: Trial,
    progress: Callable[[TuningProgress], None],
) -> tuple[JudgedSettings, JudgedSettings]:
    """Start and best on towns that no trial has seen."""
    plan = table.plan
    judged: list[JudgedSettings] = []
    pair = (start, best)
    progress(TuningProgress("judging", 0, 2, best))
    for trial, outcome in zip(pair, table.play(_settings(pair), plan.towns.judged_on), strict=True):
        if outcome.evaluation is None:
            raise TownletError(f"trial {trial.number} cannot be judged: {outcome.error}")
        figures = _known(outcome.evaluation)
        broken = tuple(str(c) for c in plan.constraints if c.shortfall(figures) > 0.0)
        judged.append(
            JudgedSettings(trial=trial.number, values=trial.values, evaluation=outcome.evaluation, broken=broken)
        )
        progress(TuningProgress("judging", len(judged), 2, best))
    return judged[0], judged[1]


def _settings(trials: Sequence[Trial]) -> list[tuple[int, Mapping[str, Value]]]:
    return [(trial.number, trial.values) for trial in trials]


def _told(plan: StudyPlan, number: int, values: dict[str, Value], outcome: TrialOutcome) -> Trial:
    found = outcome.evaluation
    if found is None:
        return Trial(number=number, values=values, objective=None, error=outcome.error)
    figures = _known(found)
    objective = plan.config.tuning.objective
    if objective not in figures:
        raise TownletError(
            f"{objective!r} cannot be the objective: nothing was counted in {plan.towns.days:g} days",
            details=("play longer towns:  --days 5",),
        )
    return Trial(
        number=number,
        values=values,
        objective=figures[objective],
        shortfall=shortfall(plan.constraints, figures),
        figures=figures,
        seconds=found.seconds,
    )


def _known(evaluation: EvaluationResult) -> dict[str, float]:
    """Means of the key figures that had something to count."""
    return {name: found.mean for name, found in evaluation.kpis.items() if name not in evaluation.unknown}


def _progress(plan: StudyPlan, trials: Sequence[Trial]) -> TuningProgress:
    best = min(trials, key=lambda trial: trial.rank(maximise=plan.maximise), default=None)
    return TuningProgress("trials", len(trials), plan.config.tuning.trials, best)


def _result(
    plan: StudyPlan, trials: Sequence[Trial], start: JudgedSettings, best: JudgedSettings, seconds: float
) -> TuningResult:
    mattered = importances(plan.space, trials, maximise=plan.maximise)
    settings = [
        SearchedSetting(
            key=d.key, range=d.range(), start=d.start, best=best.values[d.key], importance=mattered.get(d.key)
        )
        for d in plan.space.dimensions
    ]
    settings.sort(key=lambda setting: -(setting.importance or 0.0))
    differences = _differences(start.evaluation, best.evaluation)
    judged = {name: found for name, found in differences.items() if is_judged(name)}
    return TuningResult(
        policy=plan.config.policy.backend,
        config_id=plan.config.config_id,
        status="completed" if len(trials) >= plan.config.tuning.trials else "time_limit",
        objective=plan.config.tuning.objective,
        constraints=tuple(map(str, plan.constraints)),
        towns=plan.towns,
        trials=len(trials),
        failed=sum(trial.objective is None for trial in trials),
        settings=tuple(settings),
        start=start,
        best=best,
        differences=differences,
        verdict=pair_verdict("start", "best", judged),
        seconds=seconds,
    )


def _differences(start: EvaluationResult, best: EvaluationResult) -> dict[str, Difference]:
    unknown = {*start.unknown, *best.unknown}
    return {
        name: difference(
            np.array(start.per_seed[name]), np.array(best.per_seed[name]), higher_is_better=higher_is_better(name)
        )
        for name in start.per_seed
        if name not in unknown
    }


def _fingerprint(plan: StudyPlan, *, alone: bool) -> str:
    """Of the minds with their settings as they are; opening them shows what cannot run before a folder is made."""
    if plan.space.trains:
        return ""  # the mind is yet to be made
    config = plan.config
    cast = Casting.of(config).cast()
    if cast.slow and not alone:
        raise UsageError(
            "a slow mind is asked by the driver only: its settings cannot be tried in other processes",
            where="policy.backend",
            details=("tune it with one worker:  --workers 1",),
        )
    troupe = Troupe.open(cast, town_spec(config), seed=config.seed)
    try:
        return canonical_digest([part.policy.fingerprint() for part in troupe.parts])
    finally:
        troupe.close()


def _time_is_up(limit: float | None, started: float) -> bool:
    return limit is not None and time.perf_counter() - started > limit
