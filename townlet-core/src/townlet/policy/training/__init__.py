"""Teaching the minds of a town: strategies over any learner, services, results. Imports without PyTorch."""

from townlet.policy.training.contexts import AnnealContext, PPOState, TrainingContext
from townlet.policy.training.harness import TrainingHarness
from townlet.policy.training.orchestrator import MODES, Mode, PolicyTrainingOrchestrator
from townlet.policy.training.plans import PPOPlan
from townlet.policy.training.results import (
    AnnealStageResult,
    AnnealSummary,
    BCTrainingResult,
    PPOTrainingResult,
    ReplaySummary,
    RolloutSummary,
)
from townlet.policy.training.services import TrainingServices
from townlet.policy.training.strategies import AnnealStrategy, BCStrategy, PPOStrategy, TrainingStrategy

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
