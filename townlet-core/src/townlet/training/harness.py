"""What a command line holds of training: nothing is built before it is used, and everything is closed after."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from townlet.api import Report, TrainingReport
from townlet.config.root import TownletConfig
from townlet.registry import logged_run
from townlet.training.contexts import TrainingContext
from townlet.training.learners import PURPOSES, require_learner
from townlet.training.orchestrator import Mode, PolicyTrainingOrchestrator
from townlet.training.results import TrainingResult
from townlet.training.services import TrainingServices
from townlet.training.services.rollout import EngineFactory, town_engine

__all__ = ["TrainingHarness"]


class TrainingHarness:
    """One run of training from a config to a ``result.json``.

    Args:
        config: the town and how it is taught.
        mode: as of ``townlet train --mode``.
        out: the run's folder; the first free one in ``runs`` by default.
        resume: go on with the run in ``out``.
        runs: folder of runs and registry; by default that of ``out``, or ``runs``.
        watchers: are told of each line of metrics; ``Observers.training_report`` is such a one.
        engines: makes the towns.
        warn: is told if the registry cannot be written; training goes on without it.
    """

    def __init__(
        self,
        config: TownletConfig,
        mode: Mode,
        *,
        out: Path | None = None,
        resume: bool = False,
        runs: Path | None = None,
        watchers: Sequence[Report] = (),
        engines: EngineFactory = town_engine,
        warn: Callable[[str], None] = warnings.warn,
    ) -> None:
        self.config = config
        self.mode = mode
        self._out = out
        self._resume = resume
        self._runs = runs if runs is not None else out.parent if out is not None else None
        self._watchers = tuple(watchers)
        self._engines = engines
        self._warn = warn

    @cached_property
    def services(self) -> TrainingServices:
        """Made on first use."""
        return TrainingServices.from_config(self.config, runs=self._runs, engines=self._engines)

    @cached_property
    def context(self) -> TrainingContext:
        """The run; its folder and its learner are made on first use."""
        require_learner(self.config, PURPOSES[self.mode])
        return TrainingContext.begin(
            self.config, self.services, self.mode, out=self._out, resume=self._resume, watcher=self._report
        )

    def train(self) -> TrainingResult:
        """Train, evaluate what came of it, register it, and write ``result.json``.

        Raises:
            TownletError: what the strategies raise; the last checkpoint is whole then too.
        """
        context = self.context
        policy, folder = context.provenance.to_json(), context.folder.path
        try:
            with logged_run(self.services.runs, "train", self.config, policy, folder=folder, warn=self._warn) as entry:
                result = PolicyTrainingOrchestrator(self.config, self.services, context=context).run(self.mode)
                entry.status = "interrupted" if result.status == "interrupted" else "done"
                judged = context.folder.judged(result)
                result = result.model_copy(update={"candidate": judged})
                context.folder.write_result(result)
                if result.status != "interrupted" and context.checkpoint is not None:
                    context.folder.settle_best(context.checkpoint)
                    if judged is None:
                        result = self._judge(context, context.checkpoint, result, entry.id)
                entry.summary = _summary(self.mode, result)
            return result
        finally:
            context.close()

    def _judge(
        self, context: TrainingContext, checkpoint: Path, result: TrainingResult, run: str | None
    ) -> TrainingResult:
        """The result with what came of evaluating it; where that is not wanted, only its objections are entered."""
        promotion = self.services.promotion
        if not self.config.training.evaluate:
            promotion.enter(checkpoint, run=run, objections=result.objections)
            return result
        judged = promotion.judge(checkpoint, context.backend, run=run, objections=result.objections)
        result = result.model_copy(update={"candidate": judged})
        context.folder.write_result(result)
        return result

    def _report(self, report: TrainingReport) -> None:
        for watcher in self._watchers:
            watcher(report)


def _summary(mode: Mode, result: TrainingResult) -> dict[str, object]:
    """What the registry says of a run of training beside its evaluations."""
    return {
        "mode": mode,
        "checkpoint": result.checkpoint,
        "fingerprint": result.fingerprint,
        "objections": list(result.objections),
        "candidate": None if result.candidate is None else result.candidate.candidate,
    }
