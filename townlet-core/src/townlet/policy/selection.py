"""Townlet: selection."""
