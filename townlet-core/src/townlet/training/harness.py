"""``TrainingHarness``: :func:`~townlet.training.train.train` as an object that builds nothing before it is used."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path

from townlet.api import Report
from townlet.config.root import TownletConfig
from townlet.errors import UsageError
from townlet.play.stage import EngineFactory, town_engine
from townlet.training.results import TrainingResult
from townlet.training.run.folder import BegunRun
from townlet.training.run.run import Run
from townlet.training.services import TrainingServices
from townlet.training.train import Mode, train

__all__ = ["TrainingHarness"]


class TrainingHarness:
    """One run of training from a config to a ``result.json``.

    Args:
        config: the town and how it is taught.
        mode: as of ``townlet train --mode``.
        out: the run's folder; the first free one in ``runs`` by default.
        resume: continue the run in ``out``, which must have been begun with the same config and mode.
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
        folder = runs if runs is not None or out is None else out.parent
        services = TrainingServices.from_config(config, runs=folder, engines=engines)
        if not resume:
            self._open = partial(Run.begin, config, mode, out=out, services=services, watchers=watchers)
        elif out is None:
            raise UsageError("a run to resume is named by its folder", details=("give it as `out`",))
        else:
            self._open = partial(_gone_on, out, config, mode, services=services, watchers=watchers)
        self._train = partial(train, warn=warn)

    @cached_property
    def run(self) -> Run:
        """The run; its folder and its learner are made on first use. Whoever asks for it closes it, or trains."""
        return self._open()

    def train(self) -> TrainingResult:
        """Train, evaluate what came of it, register it, and write ``result.json``.

        Raises:
            TownletError: what the strategies raise; the last checkpoint is whole then too.
        """
        with self.run as run:
            return self._train(run)


def _gone_on(
    out: Path, config: TownletConfig, mode: Mode, *, services: TrainingServices, watchers: Sequence[Report]
) -> Run:
    begun = BegunRun.read(out)
    begun.must_be(config, mode)
    return Run.resume(begun, services=services, watchers=watchers)
