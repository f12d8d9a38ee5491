"""Townlet: runtime."""
