"""Evaluations as commands run them: on the config's towns or in scenarios, with progress, and stored."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from townlet.checkpoints import read_checkpoint
from townlet.config import ConfigDocument, Override
from townlet.errors import RegistryError
from townlet.evaluation.evaluate import (
    Evaluation,
    Progress,
    evaluate,
    evaluate_all,
    evaluation_job,
    evaluation_seeds,
)
from townlet.evaluation.keeping import keep_evaluation
from townlet.evaluation.results import EvaluationResult
from townlet.evaluation.scenarios import Scenario, Scorecard, load_scenario, scenario_names, score
from townlet.executors import Executor, Watch
from townlet.play import Admission, Cast, Casting, Troupe
from townlet.play.stage import town_spec

__all__ = ["Judge"]


def _unseen(title: str) -> AbstractContextManager[Progress | None]:
    del title
    return nullcontext()


def _unwatched(title: str) -> AbstractContextManager[Watch | None]:
    del title
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Evaluates minds in the towns of one config.

    Attributes:
        document: the config.
        reread: reads it again with further overrides; scenarios need it.
        seeds: how many towns; None for the config's or scenario's number.
        days: length of each; None for the config's or scenario's.
        runs: the runs folder that keeps results and knows the release; None for neither.
        keep: whether results are entered there.
        admission: which minds may act here.
        watched: from a title to a context in which progress is shown.
        warn: is told if the registry cannot be written.
        executor: where towns are played; in this process without.
        workers_watched: as ``watched``, for the headway of an executor.
    """

    document: ConfigDocument
    reread: Callable[[list[Override]], ConfigDocument]
    seeds: int | None = None
    days: float | None = None
    runs: Path | None = None
    keep: bool = False
    admission: Admission | None = None
    watched: Callable[[str], AbstractContextManager[Progress | None]] = _unseen
    warn: Callable[[str], None] = warnings.warn
    executor: Executor | None = None
    workers_watched: Callable[[str], AbstractContextManager[Watch | None]] = _unwatched

    def cast(self, policy: str | None = None, roles: Sequence[str] = ()) -> Cast:
        """Who plays: by the names of a command line, else by the config. Raises as :meth:`Casting.cast`."""
        return Casting.of(self.document, runs=self.runs).cast(policy, roles)

    def casts(self, policies: Sequence[str], roles: Sequence[str] = ()) -> list[Cast]:
        """A cast each for the policies of one command line. Raises as :meth:`Casting.cast`."""
        casting = Casting.of(self.document, runs=self.runs)
        shared = any(casting.names_the_sections(policy) for policy in policies)
        return [casting.cast(policy, roles, shared=shared) for policy in policies]

    def evaluate(self, cast: Cast) -> EvaluationResult:
        """Evaluate on the config's towns. Raises as :func:`~townlet.evaluation.evaluate`."""
        return self.evaluate_each([cast])[0]

    def evaluate_each(self, casts: Sequence[Cast]) -> list[EvaluationResult]:
        """The same of several casts; on an executor side by side."""
        return self._play_all([_Wanted(self.document, cast, self.seeds, self.days) for cast in casts])

    def refuse_what_cannot_play(self, casts: Sequence[Cast]) -> None:
        """Open each cast once: a typo in the last name must not cost the hours spent on the first.

        Raises:
            UsageError, BackendError, CheckpointError: as playing it would.
        """
        config = self.document.config
        for cast in casts:
            Troupe.open(cast, town_spec(config), admission=self.admission, seed=config.seed).close()

    def scenarios(self, cast: Cast, name: str) -> Scorecard:
        """Evaluate in the named scenario, or in ``all``.

        Raises:
            UsageError: for a scenario that does not exist.
        """
        chosen = [load_scenario(one) for one in (scenario_names() if name == "all" else (name,))]
        wanted = [
            _Wanted(
                self.reread(scenario.overrides()),
                cast,
                self.seeds or scenario.seeds,
                self.days or scenario.days,
                scenario,
            )
            for scenario in chosen
        ]
        results = self._play_all(wanted)
        scores = [score(scenario, result) for scenario, result in zip(chosen, results, strict=True)]
        return Scorecard.of(cast.requested, tuple(scores))

    def require_scenarios(self, checkpoint: Path) -> None:
        """Play the scenarios that ``evaluation.required_scenarios`` names with a checkpoint.

        Raises:
            RegistryError: if an expectation is missed; it lists each with what was found.
            UsageError: for a scenario that does not exist.
        """
        cast = self.cast(f"{read_checkpoint(checkpoint).manifest.backend}:{checkpoint}")
        missed = []
        for name in self.document.config.evaluation.required_scenarios:
            for one in self.scenarios(cast, name).scores:
                missed += [
                    f"{one.scenario}: {e.figure} is {found:.3g}, wanted {e.words()} ({e.why})"
                    for e, found, met in zip(one.expectations, one.found, one.met, strict=True)
                    if not met
                ]
        if missed:
            raise RegistryError(
                "this checkpoint fails scenarios that a release must pass",
                where=str(checkpoint),
                details=(*missed, "nothing was promoted; --force promotes it anyway"),
            )

    def _play_all(self, wanted: Sequence[_Wanted]) -> list[EvaluationResult]:
        """Their results, in order; each is kept as soon as it is there."""
        results = []
        for result in map(self._play, wanted) if self.executor is None else self._elsewhere(self.executor, wanted):
            if self.keep and self.runs is not None:
                keep_evaluation(self.runs, result, self.warn)
            results.append(result)
        return results

    def _play(self, wanted: _Wanted) -> EvaluationResult:
        config = wanted.document.config
        with self.watched(wanted.title) as progress:
            return evaluate(
                config,
                wanted.cast,
                seeds=evaluation_seeds(config, wanted.seeds),
                days=wanted.days,
                scenario=wanted.name,
                admission=self.admission,
                progress=progress,
            )

    def _elsewhere(self, executor: Executor, wanted: Sequence[_Wanted]) -> Iterator[EvaluationResult]:
        title = wanted[0].title if len(wanted) == 1 else f"{len(wanted)} evaluations"
        with self.workers_watched(title) as progress:
            yield from evaluate_all(
                [each.evaluation() for each in wanted], executor, admission=self.admission, progress=progress
            )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An evaluation that is asked for."""

    document: ConfigDocument
    cast: Cast
    seeds: int | None
    days: float | None
    scenario: Scenario | None = None

    @property
    def name(self) -> str | None:
        return None if self.scenario is None else self.scenario.name

    @property
    def title(self) -> str:
        return self.cast.requested if self.name is None else f"{self.cast.requested} in {self.name}"

    def evaluation(self) -> Evaluation:
        config = self.document.config
        seeds = evaluation_seeds(config, self.seeds)
        return Evaluation(evaluation_job(config, self.cast, seeds=seeds, days=self.days), self.name)
