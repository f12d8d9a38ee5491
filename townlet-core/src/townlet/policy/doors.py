"""Townlet: doors."""
