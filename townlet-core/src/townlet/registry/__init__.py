"""Townlet: registry."""
