"""The contract, asked by Townlet's conformance kit: run with ``pytest --townlet-backend numpy-learner``."""

from townlet.testing.conformance import *  # noqa: F403
