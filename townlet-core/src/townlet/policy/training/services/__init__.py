"""The services of training, none of which needs PyTorch: rollouts, datasets, promotion."""

from townlet.policy.training.services.composition import TrainingServices
from townlet.policy.training.services.promotion import PromotionServiceAdapter
from townlet.policy.training.services.replay import ReplayDatasetService
from townlet.policy.training.services.rollout import RolloutCaptureService

__all__ = ["PromotionServiceAdapter", "ReplayDatasetService", "RolloutCaptureService", "TrainingServices"]
