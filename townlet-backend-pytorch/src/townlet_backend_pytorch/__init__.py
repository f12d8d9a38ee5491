"""A Townlet policy backend."""
