"""Townlet: models."""
