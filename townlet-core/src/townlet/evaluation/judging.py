"""Evaluations as commands run them: on the config's towns or in scenarios, with progress, and stored."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from townlet.checkpoints import read_checkpoint
from townlet.config import ConfigDocument, Override
from townlet.errors import RegistryError
from townlet.evaluation.evaluate import Progress, evaluate, evaluation_seeds
from townlet.evaluation.keeping import keep_evaluation
from townlet.evaluation.results import EvaluationResult
from townlet.evaluation.scenarios import Scenario, Scorecard, load_scenario, scenario_names, score
from townlet.play import Admission, Cast, Casting, Troupe
from townlet.play.stage import town_spec

__all__ = ["Judge"]


def _unseen(title: str) -> AbstractContextManager[Progress | None]:
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

    def cast(self, policy: str | None = None, roles: Sequence[str] = ()) -> Cast:
        """Who plays: by the names of a command line, else by the config. Raises as :meth:`Casting.cast`."""
        return Casting.of(self.document, runs=self.runs).cast(policy, roles)

    def evaluate(self, cast: Cast) -> EvaluationResult:
        """Evaluate on the config's towns. Raises as :func:`~townlet.evaluation.evaluate`."""
        return self._play(self.document, cast, self.seeds, self.days)

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
        scores = []
        for scenario in chosen:
            document = self.reread(scenario.overrides())
            seeds, days = self.seeds or scenario.seeds, self.days or scenario.days
            scores.append(score(scenario, self._play(document, cast, seeds, days, scenario)))
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

    def _play(
        self,
        document: ConfigDocument,
        cast: Cast,
        seeds: int | None,
        days: float | None,
        scenario: Scenario | None = None,
    ) -> EvaluationResult:
        config = document.config
        title = cast.requested if scenario is None else f"{cast.requested} in {scenario.name}"
        with self.watched(title) as progress:
            result = evaluate(
                config,
                cast,
                seeds=evaluation_seeds(config, seeds),
                days=days,
                scenario=None if scenario is None else scenario.name,
                admission=self.admission,
                progress=progress,
            )
        if self.keep and self.runs is not None:
            keep_evaluation(self.runs, result, self.warn)
        return result
