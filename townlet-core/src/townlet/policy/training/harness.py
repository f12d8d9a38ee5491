"""What a command line holds of training: nothing is built before it is used, and everything is closed after."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from townlet.api import Report, TrainingReport
from townlet.config.root import TownletConfig
from townlet.plugins import Observers
from townlet.policy.training.contexts import TrainingContext
from townlet.policy.training.learners import PURPOSES, require_learner
from townlet.policy.training.orchestrator import Mode, PolicyTrainingOrchestrator
from townlet.policy.training.results import TrainingResult
from townlet.policy.training.services import TrainingServices
from townlet.policy.training.services.rollout import EngineFactory, town_engine

__all__ = ["TrainingHarness"]


class TrainingHarness:
    """One run of training from a config to a ``result.json``.

    Args:
        config: the town and how it is taught.
        mode: as of ``townlet train --mode``.
        out: the run's folder; the first free one in ``runs`` by default.
        resume: go on with the run in ``out``.
        runs: folder of runs and registry; by default that of ``out``, or ``runs``.
        watcher: is told of each line of metrics, before the observers are.
        observers: plugins that are told of each line of metrics.
        engines: makes the towns.
    """

    def __init__(
        self,
        config: TownletConfig,
        mode: Mode,
        *,
        out: Path | None = None,
        resume: bool = False,
        runs: Path | None = None,
        watcher: Report | None = None,
        observers: Observers | None = None,
        engines: EngineFactory = town_engine,
    ) -> None:
        self.config = config
        self.mode = mode
        self._out = out
        self._resume = resume
        self._runs = runs if runs is not None else out.parent if out is not None else None
        self._watcher = watcher
        self._observers = observers
        self._engines = engines

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
        try:
            result = PolicyTrainingOrchestrator(self.config, self.services, context=context).run(self.mode)
            if result.status == "completed" and self.config.training.evaluate:
                result = result.model_copy(update={"candidate": self.services.promotion.judge(context, result)})
            context.folder.write_result(result.model_dump_json(indent=2) + "\n")
            return result
        finally:
            context.close()

    def _report(self, report: TrainingReport) -> None:
        if self._watcher is not None:
            self._watcher(report)
        if self._observers is not None:
            self._observers.training_report(report)
