"""Townlet: cli."""
