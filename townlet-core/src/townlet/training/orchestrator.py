"""The one front of training: a mode goes in, a result comes out. Everything is done by strategies and services."""

from __future__ import annotations

from functools import partial

from townlet.config.root import TownletConfig
from townlet.config.training import DemonstrationsConfig
from townlet.training.results import AnnealSummary, BCTrainingResult, PPOTrainingResult
from townlet.training.run.run import Run
from townlet.training.services import TrainingServices
from townlet.training.strategies.anneal import run_anneal
from townlet.training.strategies.bc import run_bc
from townlet.training.strategies.ppo import run_ppo
from townlet.training.train import Mode, teach

__all__ = ["PolicyTrainingOrchestrator"]


class PolicyTrainingOrchestrator:
    """Teaches the minds of a town; each call is a new run.

    Args:
        config: the town and how it is taught.
        services: rollouts, datasets, promotion; made from the config by default.
    """

    def __init__(self, config: TownletConfig, services: TrainingServices | None = None) -> None:
        self.services = services if services is not None else TrainingServices.from_config(config)
        self._begin = partial(Run.begin, config, services=self.services)

    def run(self, mode: Mode) -> BCTrainingResult | PPOTrainingResult | AnnealSummary:
        """Train in one of the modes. Raises UsageError for another one, and what the strategies raise."""
        with self._begin(mode) as run:
            return teach(run)

    def run_bc(self, dataset_config: DemonstrationsConfig | None = None) -> BCTrainingResult:
        """Behaviour cloning."""
        with self._begin("bc", dataset=dataset_config) as run:
            return run_bc(run)

    def run_ppo(self, dataset_config: DemonstrationsConfig | None = None) -> PPOTrainingResult:
        """PPO, on the config's kind of experience."""
        with self._begin("ppo", dataset=dataset_config) as run:
            return run_ppo(run)

    def run_anneal(self, dataset_config: DemonstrationsConfig | None = None) -> AnnealSummary:
        """The anneal schedule, from cloning to PPO."""
        with self._begin("anneal", dataset=dataset_config) as run:
            return run_anneal(run)
