"""Townlet: policy."""
