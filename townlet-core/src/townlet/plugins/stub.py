"""The policy that does nothing: everyone waits. Stands in for a backend that cannot run."""

from __future__ import annotations

import numpy as np

from townlet.api import ArrayState, Decision, ObservationBatch, PolicyState

__all__ = ["StubPolicy"]


class StubPolicy:
    """Everyone takes action 0, always. Needs nothing, remembers nothing, cannot fail."""

    def initial_state(self, rows: int, seed: int) -> PolicyState:  # noqa: ARG002
        """No memory."""
        return ArrayState()

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:  # noqa: ARG002
        """Action 0 for each row; log_probs 0 (it is certain), no values."""
        rows = observations.rows
        return Decision(np.zeros(rows, np.int64), state, log_probs=np.zeros(rows, np.float32))

    def fingerprint(self) -> str:
        """Always ``"stub-1"``."""
        return "stub-1"

    def close(self) -> None:
        """Nothing to free."""
