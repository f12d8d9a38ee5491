"""Townlet: stub."""
