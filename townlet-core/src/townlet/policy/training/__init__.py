"""A door to :mod:`townlet.training`. Imports without PyTorch.

``TrainingContext`` is the name that earlier documents give to :class:`~townlet.training.Run`.
"""

from townlet.training import (
    MODES,
    AnnealStageResult,
    AnnealStrategy,
    AnnealSummary,
    BCStrategy,
    BCTrainingResult,
    BegunRun,
    Mode,
    PolicyTrainingOrchestrator,
    PPOPlan,
    PPOState,
    PPOStrategy,
    PPOTrainingResult,
    ReplaySummary,
    RolloutSummary,
    Run,
    TrainingHarness,
    TrainingServices,
    TrainingStrategy,
    teach,
    train,
)
from townlet.training import Run as TrainingContext

__all__ = [
    "AnnealStageResult",
    "AnnealStrategy",
    "AnnealSummary",
    "BCStrategy",
    "BCTrainingResult",
    "BegunRun",
    "MODES",
    "Mode",
    "PPOPlan",
    "PPOState",
    "PPOStrategy",
    "PPOTrainingResult",
    "PolicyTrainingOrchestrator",
    "ReplaySummary",
    "RolloutSummary",
    "Run",
    "TrainingContext",
    "TrainingHarness",
    "TrainingServices",
    "TrainingStrategy",
    "teach",
    "train",
]
