"""The ways to teach: behaviour cloning, PPO, and the anneal schedule from one to the other."""

from townlet.training.strategies.anneal import AnnealStrategy
from townlet.training.strategies.base import TrainingStrategy
from townlet.training.strategies.bc import BCStrategy
from townlet.training.strategies.ppo import PPOStrategy

__all__ = ["AnnealStrategy", "BCStrategy", "PPOStrategy", "TrainingStrategy"]
