"""Townlet: observations."""
