"""Where PPO's experience comes from: a supply of pieces that can be saved and gone on with, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from townlet.api import RolloutBatch
from townlet.config.rewards import SocialStage
from townlet.errors import CheckpointError
from townlet.storage import read_model

__all__ = ["ExperienceSource", "Gathered", "stored_count"]


@dataclass(frozen=True, slots=True)
class Gathered:
    """One piece of experience and what it says about the town.

    Attributes:
        batch: views that the next piece overwrites.
        samples: decisions to learn from: asked entries of rows that the learner plays.
        metrics: town metrics by the names of :data:`~townlet.training.metrics.fields.METRICS`.
    """

    batch: RolloutBatch
    samples: int
    metrics: Mapping[str, float]


class ExperienceSource(Protocol):
    """A supply of experience that can be saved and gone on with, exactly."""

    def gather(self, gamma: float, price: float | None = None) -> Gathered:
        """The next piece, for an update that discounts by ``gamma`` and pays ``price`` for each lost day.

        Raises KeyboardInterrupt if a person stopped it; what was begun is then void.
        """
        ...

    def set_social_stage(self, stage: SocialStage) -> None:
        """Reward by this stage from the next piece on."""
        ...

    def save(self, folder: Path) -> None:
        """Write all that the next pieces depend on into an existing empty folder."""
        ...

    def load(self, folder: Path) -> None:
        """Continue from what :meth:`save` wrote. Raises CheckpointError or SnapshotError if it does not fit."""
        ...


def stored_count(path: Path, name: str) -> int:
    """A number of a small file beside the towns. Raises CheckpointError if it is not a number."""
    found = read_model(path, dict[str, int], error=CheckpointError).get(name, -1)
    if found < 0:
        raise CheckpointError(f"{path.name} does not say {name!r}", where=str(path))
    return found
