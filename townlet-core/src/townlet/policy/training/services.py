"""A door to :mod:`townlet.training.services`, none of which needs PyTorch."""

from townlet.training.services import (
    PromotionServiceAdapter,
    ReplayDatasetService,
    RolloutCaptureService,
    TrainingServices,
)

__all__ = [
    "PromotionServiceAdapter",
    "ReplayDatasetService",
    "RolloutCaptureService",
    "TrainingServices",
]
