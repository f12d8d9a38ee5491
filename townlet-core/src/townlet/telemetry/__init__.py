"""Townlet: telemetry."""
