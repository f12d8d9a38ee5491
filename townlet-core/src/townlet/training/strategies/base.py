"""What every training strategy is."""

from __future__ import annotations

from typing import ClassVar, Protocol, runtime_checkable

from townlet.training.results import AnnealSummary, BCTrainingResult, PPOTrainingResult

__all__ = ["TrainingStrategy"]


@runtime_checkable
class TrainingStrategy(Protocol):
    """One way to teach. Made as ``Strategy(config, services)``, run as ``strategy.run(...)``.

    Attributes:
        name: as in ``townlet train --mode``.
        requires_torch: whether the learner that ships with Townlet needs PyTorch for it.
    """

    name: ClassVar[str]
    requires_torch: ClassVar[bool]

    def run(self) -> BCTrainingResult | PPOTrainingResult | AnnealSummary:
        """Teach, and say how it went."""
        ...
