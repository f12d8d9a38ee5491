"""The contract, asked by Townlet's conformance kit: run with ``pytest --townlet-backend jax``."""

from townlet.testing.conformance import *  # noqa: F403
