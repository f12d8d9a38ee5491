"""Teaching the minds of a town: runs, strategies over any learner, services, results. Imports without PyTorch."""

from townlet.training.harness import TrainingHarness
from townlet.training.orchestrator import PolicyTrainingOrchestrator
from townlet.training.results import (
    AnnealStageResult,
    AnnealSummary,
    BCTrainingResult,
    PPOTrainingResult,
    ReplaySummary,
    RolloutSummary,
)
from townlet.training.run.folder import BegunRun
from townlet.training.run.run import Run
from townlet.training.run.state import PPOState
from townlet.training.services import TrainingServices
from townlet.training.strategies import AnnealStrategy, BCStrategy, PPOStrategy, TrainingStrategy
from townlet.training.strategies.plans import PPOPlan
from townlet.training.train import MODES, Mode, teach, train

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
    "TrainingHarness",
    "TrainingServices",
    "TrainingStrategy",
    "teach",
    "train",
]
