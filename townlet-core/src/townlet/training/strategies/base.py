"""What every training strategy is: a function of a :class:`~townlet.training.run.run.Run`, and a class around it."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Protocol, runtime_checkable

from townlet.config.root import TownletConfig
from townlet.training.results import AnnealSummary, BCTrainingResult, PPOTrainingResult
from townlet.training.run.run import Run
from townlet.training.services import TrainingServices

__all__ = ["RunsOfItsOwn", "TrainingStrategy"]


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


class RunsOfItsOwn:
    """A strategy each call of which is a new run, in the next free folder of the services' runs folder.

    Args:
        config: the town and how it is taught.
        services: rollouts, datasets, promotion.
    """

    def __init__(self, config: TownletConfig, services: TrainingServices) -> None:
        self._begin = partial(Run.begin, config, services=services)
