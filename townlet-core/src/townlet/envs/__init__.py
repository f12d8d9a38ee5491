"""Townlet: envs."""
