"""Townlet: checkpoints."""
