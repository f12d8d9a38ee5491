"""Townlet: plugins."""
