"""The three services together."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from townlet.config.root import TownletConfig
from townlet.errors import UsageError
from townlet.executors import Executor
from townlet.play.stage import EngineFactory, town_engine
from townlet.storage import numbered_folder
from townlet.training.services.promotion import PromotionServiceAdapter
from townlet.training.services.replay import ReplayDatasetService
from townlet.training.services.rollout import Audience, RolloutCaptureService

__all__ = ["TrainingServices"]


@dataclass(frozen=True, slots=True)
class TrainingServices:
    """What strategies work with.

    Attributes:
        rollout: makes towns, experience and recordings.
        replay: finds and opens recorded datasets.
        promotion: evaluates and registers candidates.
        runs: folder that new runs and the registry are kept in.
    """

    rollout: RolloutCaptureService
    replay: ReplayDatasetService
    promotion: PromotionServiceAdapter
    runs: Path

    @classmethod
    def from_config(
        cls,
        config: TownletConfig,
        *,
        runs: Path | None = None,
        engines: EngineFactory = town_engine,
        executor: Executor | None = None,
        audience: Audience | None = None,
    ) -> Self:
        """The services for ``config``. Nothing is built or opened before it is used.

        Args:
            config: the town and how it is taught.
            runs: folder of runs and registry; ``runs`` in the current directory by default.
            engines: makes the towns; another one than the default for other worlds than a town's.
            executor: where the towns of PPO live and candidates are evaluated; in this process without.
            audience: who watches the towns of PPO, where they live in this process; it changes nothing.
        """
        folder = Path("runs") if runs is None else runs
        return cls(
            RolloutCaptureService(config, engines, executor, audience),
            ReplayDatasetService(config),
            PromotionServiceAdapter(config, folder, executor),
            folder,
        )

    def numbered_folder(self, mode: str) -> AbstractContextManager[Path]:
        """The next ``<mode>-<number>`` of the runs folder, kept for whoever enters it."""
        return numbered_folder(self.runs, mode, error=UsageError)
