"""The services of training, none of which needs PyTorch: rollouts, datasets, promotion."""

from townlet.training.services.composition import TrainingServices
from townlet.training.services.promotion import PromotionServiceAdapter
from townlet.training.services.replay import ReplayDatasetService
from townlet.training.services.rollout import RolloutCaptureService

__all__ = ["PromotionServiceAdapter", "ReplayDatasetService", "RolloutCaptureService", "TrainingServices"]
