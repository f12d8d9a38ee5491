"""Townlet: mixture."""
