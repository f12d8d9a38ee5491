"""Townlet: possession."""
