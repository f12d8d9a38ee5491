"""One agent is played by a person, the others as before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from townlet.api import BoolArray, Decision, ObservationBatch

__all__ = ["Pilot", "piloted"]


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


def piloted(decision: Decision, observations: ObservationBatch, pilots: Mapping[int, Pilot]) -> Decision:
    """The decision with the pilots' choices in their rows.

    What a person chooses is recorded like any action. Where it is not possible the agent waits: a wrong key
    is not an error of the mind. The row's log_prob is 0 (the person is certain), its value and logits are the mind's.

    Args:
        decision: of the minds, for all rows.
        observations: what the rows see.
        pilots: row to who is asked; only where somebody lives in the row.
    """
    actions = decision.actions.copy()
    log_probs = None if decision.log_probs is None else decision.log_probs.copy()
    for row, pilot in pilots.items():
        if not observations.active[row]:
            continue
        mask = observations.action_mask[row]
        chosen = pilot.choose(observations.take(slice(row, row + 1)), mask, int(decision.actions[row]))
        actions[row] = chosen if 0 <= chosen < len(mask) and mask[chosen] else 0
        if log_probs is not None:
            log_probs[row] = np.float32(0.0)
    return replace(decision, actions=actions, log_probs=log_probs)
