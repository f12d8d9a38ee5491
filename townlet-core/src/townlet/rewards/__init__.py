"""Townlet: rewards."""
