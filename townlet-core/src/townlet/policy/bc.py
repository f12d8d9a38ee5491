"""Townlet: bc."""
