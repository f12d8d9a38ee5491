"""Townlet: the PPO door."""
