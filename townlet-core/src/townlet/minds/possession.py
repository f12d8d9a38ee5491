"""One agent in the hands of a person, the others as before."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from townlet.api import BoolArray, Decision, ObservationBatch, PolicyBackendProtocol, PolicyState

__all__ = ["Pilot", "PossessedPolicy"]


class Pilot(Protocol):
    """A person, or whoever stands in for one."""

    def choose(self, observation: ObservationBatch, mask: BoolArray, suggestion: int) -> int:
        """The action to take.

        Args:
            observation: what the agent sees, one row.
            mask: bool ``[K]``, what is possible now.
            suggestion: what the agent's own mind would do.
        """
        ...


class PossessedPolicy:
    """A policy of which one row is taken over.

    What the person chooses is recorded like any action. Where it is not possible the agent waits: a slip of the
    hand is not an error of the policy. The row's log_probs are 0 (the person is certain), its values and logits the
    policy's.

    Args:
        policy: acts for all other rows.
        row: the row taken over.
        pilot: asked at each tick on which the row is active.
    """

    def __init__(self, policy: PolicyBackendProtocol, row: int, pilot: Pilot) -> None:
        self.policy = policy
        self.row = row
        self._pilot = pilot

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        """The policy's own."""
        return self.policy.initial_state(rows, seed)

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """The policy's decision with the pilot's choice in one row."""
        decision = self.policy.decide(observations, state, explore=explore)
        row = self.row
        if not observations.active[row]:
            return decision
        mask = observations.action_mask[row]
        chosen = self._pilot.choose(observations.take(slice(row, row + 1)), mask, int(decision.actions[row]))
        actions = decision.actions.copy()
        actions[row] = chosen if 0 <= chosen < len(mask) and mask[chosen] else 0
        log_probs = None if decision.log_probs is None else decision.log_probs.copy()
        if log_probs is not None:
            log_probs[row] = np.float32(0.0)
        return Decision(actions, decision.state, log_probs, decision.values, decision.logits)

    def fingerprint(self) -> str:
        """The policy's, marked: a person cannot be told by a digest."""
        return f"possessed:{self.row}:{self.policy.fingerprint()}"

    def close(self) -> None:
        """Close the policy."""
        self.policy.close()
