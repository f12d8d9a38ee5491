"""Townlet: testing."""
