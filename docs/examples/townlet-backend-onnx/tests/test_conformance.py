"""The contract, asked by Townlet's conformance kit: run with ``pytest --townlet-backend onnx``."""

from townlet.testing.conformance import *  # noqa: F403
