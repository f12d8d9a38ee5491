"""Townlet: training."""
