"""The mind: wants by the table of rules, acts by one small set of habits."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    ArrayState,
    BoolArray,
    Decision,
    ObservationBatch,
    ObservationSpec,
    PolicyState,
    row_keys,
    row_uniforms,
)
from townlet_backend_scripted.kernel import decide
from townlet_backend_scripted.options import ScriptedOptions
from townlet_backend_scripted.rules import RULES
from townlet_backend_scripted.tables import tables_of

__all__ = ["RULES_VERSION", "ScriptedPolicy"]

RULES_VERSION = 5
"""Changes with every change of what the mind does; part of its fingerprint."""

_NO_MEMORY = ArrayState()
Array = TypeVar("Array", bound=NDArray[Any])


class ScriptedPolicy:
    """Rules over the observation: an action is a function of what the row sees now.

    No memory and no randomness, unless the option ``whim`` is above 0: then the state holds a key and a counter for
    each row, uint64 ``[N]``, from which whims are drawn.

    Args:
        spec: what observations mean.
        options: thresholds and habits.

    Raises:
        ContractError: if the observation lacks a feature, a facility kind or an action that the rules need.
    """

    def __init__(self, spec: ObservationSpec, options: ScriptedOptions) -> None:
        self._options = options
        self._tables = tables_of(spec, options)
        self._spec_fingerprint = spec.fingerprint()

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        """No memory; a key and a counter for each row where there are whims."""
        if not self._options.whim:
            return _NO_MEMORY
        return ArrayState({"keys": row_keys(rows, seed), "counters": np.zeros(rows, np.uint64)})

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:  # noqa: ARG002
        """The first rule that holds gives a goal, and the goal an action that the mask allows.

        In the action space ``goals`` the goal is the action: that of the first rule that holds and is possible.
        """
        rows = observations.rows
        if rows == 0:
            return Decision(np.zeros(0, np.int64), state)
        _, actions = self._decide(observations)
        if self._options.whim:
            return self._with_whims(observations.action_mask, actions, state)
        return Decision(actions, state, log_probs=np.zeros(rows, np.float32))

    def rules_of(self, observations: ObservationBatch) -> list[str]:
        """The name of the rule that speaks for each row: why an agent does what it does."""
        rules, _ = self._decide(observations)
        return [RULES[i].name for i in rules]

    def fingerprint(self) -> str:
        """Digest of the rules' version, the options and the observation's meaning."""
        options = json.dumps(self._options.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(f"scripted-{RULES_VERSION}:{options}:{self._spec_fingerprint}".encode()).hexdigest()

    def close(self) -> None:
        """Nothing to free."""

    def _decide(self, observations: ObservationBatch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The numbers of the rules that speak, and the actions, int64 ``[N]`` each."""
        rules = np.empty(observations.rows, np.int64)
        actions = np.empty(observations.rows, np.int64)
        decide(_plain(observations.features), _plain(observations.action_mask), self._tables, rules, actions)
        return rules, actions

    def _with_whims(self, mask: BoolArray, actions: NDArray[np.int64], state: PolicyState) -> Decision:
        """Some rows do what they like, whether or not the others explore: it is what they are."""
        arrays = state.arrays()
        keys, counters = arrays["keys"], arrays["counters"]
        whim = self._options.whim
        moved = row_uniforms(keys, counters) < whim
        possible = mask.sum(axis=1)
        lot = (row_uniforms(keys, counters + np.uint64(1)) * possible).astype(np.int64)
        drawn = (mask.cumsum(axis=1) > lot[:, None]).argmax(axis=1)
        chosen = np.where(moved, drawn, actions)
        # Of an action that the rules say too: drawn by chance, or not drawn at all.
        share = whim / np.maximum(possible, 1) + (1.0 - whim) * (chosen == actions)
        after = ArrayState({"keys": keys, "counters": counters + np.uint64(2)})
        return Decision(chosen, after, log_probs=np.log(share).astype(np.float32))


def _plain(array: Array) -> Array:
    """As the loop is compiled for: contiguous, and, though nothing is written, not marked as read-only."""
    return array if array.flags.c_contiguous and array.flags.writeable else array.copy()
