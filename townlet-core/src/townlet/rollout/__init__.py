"""Townlet: rollout."""
