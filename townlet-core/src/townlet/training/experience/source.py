"""Where PPO's experience comes from: a supply of pieces that can be saved and gone on with, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from townlet.api import RolloutBatch
from townlet.config.training import SocialStage

__all__ = ["ExperienceSource", "Gathered"]


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
        """Go on from what :meth:`save` wrote. Raises CheckpointError or SnapshotError if it does not fit."""
        ...
