"""The one front of training: a mode goes in, a result comes out. Everything is done by strategies and services."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from townlet.config.root import TownletConfig
from townlet.config.training import DemonstrationsConfig, PPODataMode
from townlet.data import ReplayDataset
from townlet.errors import UsageError
from townlet.policy import models
from townlet.policy.doors import torch_missing
from townlet.training.contexts import TrainingContext
from townlet.training.results import (
    AnnealSummary,
    BCTrainingResult,
    PPOTrainingResult,
    ReplaySummary,
    RolloutSummary,
)
from townlet.training.services import TrainingServices
from townlet.training.strategies import AnnealStrategy, BCStrategy, PPOStrategy

__all__ = ["MODES", "Mode", "PolicyTrainingOrchestrator"]

Mode = Literal["bc", "ppo", "anneal", "replay", "rollout", "mixed"]
"""``ppo`` takes its data mode from the config; ``replay``, ``rollout`` and ``mixed`` are PPO with that data mode."""

MODES: tuple[Mode, ...] = ("bc", "ppo", "anneal", "replay", "rollout", "mixed")


class PolicyTrainingOrchestrator:
    """Teaches the minds of a town.

    Args:
        config: the town and how it is taught.
        services: rollouts, datasets, promotion; made from the config by default.
        context: the run that everything belongs to; each call begins a new run without.
    """

    def __init__(
        self,
        config: TownletConfig,
        services: TrainingServices | None = None,
        *,
        context: TrainingContext | None = None,
    ) -> None:
        self.config = config
        self.services = services if services is not None else TrainingServices.from_config(config)
        self.context = context

    def run(self, mode: Mode) -> BCTrainingResult | PPOTrainingResult | AnnealSummary:
        """Train in one of :data:`MODES`. Raises UsageError for another one, and what the strategies raise."""
        table: dict[str, Callable[[], BCTrainingResult | PPOTrainingResult | AnnealSummary]] = {
            "bc": self.run_bc,
            "ppo": self.run_ppo,
            "anneal": self.run_anneal,
            "replay": lambda: self.run_ppo(data="replay"),
            "rollout": self.run_rollout_ppo,
            "mixed": lambda: self.run_ppo(data="mixed"),
        }
        if mode not in table:
            raise UsageError(f"there is no training mode {mode!r}", details=(f"choose one of {', '.join(table)}",))
        return table[mode]()

    def run_bc(self, dataset_config: DemonstrationsConfig | None = None) -> BCTrainingResult:
        """Behaviour cloning."""
        return BCStrategy(self.config, self.services).run(dataset_config=dataset_config, context=self.context)

    def run_ppo(
        self, dataset_config: DemonstrationsConfig | None = None, *, data: PPODataMode | None = None
    ) -> PPOTrainingResult:
        """PPO, on the config's kind of experience or another."""
        config = self.config
        if data is not None and data != config.training.ppo.data:
            ppo = config.training.ppo.model_copy(update={"data": data})
            config = config.model_copy(update={"training": config.training.model_copy(update={"ppo": ppo})})
        return PPOStrategy(config, self.services).run(dataset_config=dataset_config, context=self.context)

    def run_rollout_ppo(self) -> PPOTrainingResult:
        """PPO on fresh rollouts."""
        return self.run_ppo(data="rollout")

    def run_anneal(self, dataset_config: DemonstrationsConfig | None = None) -> AnnealSummary:
        """The anneal schedule, from cloning to PPO."""
        return AnnealStrategy(self.config, self.services).run(dataset_config=dataset_config, context=self.context)

    def run_replay(self, dataset: Path | str) -> ReplaySummary:
        """Read a recorded dataset through and say what is in it."""
        return self.run_replay_dataset(self.build_replay_dataset(dataset))

    def run_replay_dataset(self, replay: ReplayDataset) -> ReplaySummary:
        """The same of a dataset that is open."""
        return self.services.replay.summarise(replay)

    def capture_rollout(
        self, folder: Path, *, policy: str | None = None, ticks: int = 1000, explore: bool = False
    ) -> RolloutSummary:
        """Record what a policy, by default the config's, does in the towns that training uses."""
        return self.services.rollout.capture(folder, policy=policy, ticks=ticks, explore=explore)

    def build_replay_dataset(self, dataset: Path | str | None = None, *, batch_size: int = 1024) -> ReplayDataset:
        """A recorded dataset as batches of transitions."""
        return self.services.replay.build(dataset, batch_size=batch_size)

    def build_policy_network(self) -> Any:
        """An untrained network of the pytorch backend for this town's observations.

        Raises:
            TorchNotAvailableError: without PyTorch.
        """
        if not models.torch_available():
            raise torch_missing("building the policy network")
        shapes = models.ConflictAwarePolicyConfig.for_spec(self.services.rollout.spec)
        return models.ConflictAwarePolicyNetwork(shapes, seed=self.config.seed)
