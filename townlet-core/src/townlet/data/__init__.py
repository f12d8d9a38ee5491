"""Townlet: data."""
