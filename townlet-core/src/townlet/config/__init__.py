"""Townlet: config."""
