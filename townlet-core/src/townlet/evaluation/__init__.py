"""Townlet: evaluation."""
