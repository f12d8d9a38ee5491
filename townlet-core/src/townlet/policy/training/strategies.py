"""A door to :mod:`townlet.training.strategies`. Imports without PyTorch."""

from townlet.training.strategies import (
    AnnealStrategy,
    BCStrategy,
    PPOStrategy,
    TrainingStrategy,
)

__all__ = [
    "AnnealStrategy",
    "BCStrategy",
    "PPOStrategy",
    "TrainingStrategy",
]
