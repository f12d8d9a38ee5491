"""The ways to teach: behaviour cloning, PPO, and the anneal schedule from one to the other."""

from townlet.policy.training.strategies.anneal import AnnealStrategy
from townlet.policy.training.strategies.base import TrainingStrategy
from townlet.policy.training.strategies.bc import BCStrategy
from townlet.policy.training.strategies.ppo import PPOStrategy

__all__ = ["AnnealStrategy", "BCStrategy", "PPOStrategy", "TrainingStrategy"]
