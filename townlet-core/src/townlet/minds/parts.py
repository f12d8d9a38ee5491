"""The minds of a town side by side: who plays which rows, each asked once a tick for its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import Decision, FloatArray, PolicyBackendProtocol, PolicyState, stack_states
from townlet.errors import ContractError
from townlet.plugins.provenance import Provenance

__all__ = ["Part", "Rows", "Seats", "joined", "stacked"]

Rows = NDArray[np.intp]

Seats = Callable[[int], Rows]
"""From the seed of a town's policy stream to the number of the mind that plays each slot: intp ``[A]``."""


@dataclass(frozen=True, slots=True)
class Part:
    """A mind of a town.

    Attributes:
        policy: decides for the rows that it plays.
        provenance: where it came from.
    """

    policy: PolicyBackendProtocol
    provenance: Provenance


def stacked(states: Sequence[PolicyState], rows: Rows | None) -> PolicyState:
    """The states of several towns, each made for all slots, cut to ``rows`` (all rows if None).

    Made for all slots, so that what a slot draws does not depend on who plays its neighbours.
    """
    state = stack_states(states)
    if rows is None:
        return state
    return state.with_arrays({name: array[rows] for name, array in state.arrays().items()})


def joined(decisions: Sequence[tuple[Rows, Decision]], rows: int, state: PolicyState) -> Decision:
    """The decisions of several minds as one.

    Args:
        decisions: rows and what was decided for them; together all rows, each once.
        rows: ``N``.
        state: the state that the decision carries.

    Returns:
        A decision whose log_probs, values and logits are NaN in the rows of a mind that tells none, and None where no
        mind does.
    """
    actions = np.empty(rows, np.int64)
    told: dict[str, FloatArray] = {}
    for mine, decision in decisions:
        actions[mine] = decision.actions
        for name, array in _told(decision).items():
            if name not in told:
                told[name] = np.full((rows, *array.shape[1:]), np.nan, np.float32)
            elif told[name].shape[1:] != array.shape[1:]:
                raise ContractError(f"the minds of this town return {name} in different shapes")
            told[name][mine] = array
    thoughts = tuple(
        replace(thought, row=int(mine[thought.row])) for mine, decision in decisions for thought in decision.thoughts
    )
    return Decision(actions, state, thoughts=thoughts, **told)


def _told(decision: Decision) -> Mapping[str, Any]:
    each = {"log_probs": decision.log_probs, "values": decision.values, "logits": decision.logits}
    return {name: array for name, array in each.items() if array is not None}
