"""Townlet: world."""
