"""Teaching the minds of a town: strategies over any learner, services, results. Imports without PyTorch."""

from townlet.training.contexts import AnnealContext, PPOState, TrainingContext
from townlet.training.harness import TrainingHarness
from townlet.training.orchestrator import MODES, Mode, PolicyTrainingOrchestrator
from townlet.training.plans import PPOPlan
from townlet.training.results import (
    AnnealStageResult,
    AnnealSummary,
    BCTrainingResult,
    PPOTrainingResult,
    ReplaySummary,
    RolloutSummary,
)
from townlet.training.services import TrainingServices
from townlet.training.strategies import AnnealStrategy, BCStrategy, PPOStrategy, TrainingStrategy

__all__ = [
    "AnnealContext",
    "AnnealStageResult",
    "AnnealStrategy",
    "AnnealSummary",
    "BCStrategy",
    "BCTrainingResult",
    "MODES",
    "Mode",
    "PPOPlan",
    "PPOState",
    "PPOStrategy",
    "PPOTrainingResult",
    "PolicyTrainingOrchestrator",
    "ReplaySummary",
    "RolloutSummary",
    "TrainingContext",
    "TrainingHarness",
    "TrainingServices",
    "TrainingStrategy",
]
