"""The mind: wants by the table of rules, acts by one small set of habits."""

from __future__ import annotations

import hashlib
import json

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
from townlet.errors import ContractError
from townlet_backend_scripted.options import ScriptedOptions
from townlet_backend_scripted.rules import RULES, STAY, TALK, holding
from townlet_backend_scripted.situation import Reader, Situation

__all__ = ["RULES_VERSION", "ScriptedPolicy"]

RULES_VERSION = 5
"""Changes with every change of what the mind does; part of its fingerprint."""

_NO_MEMORY = ArrayState()


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
        self._reader = Reader(spec, options)
        self._in_goals = spec.spans
        if self._in_goals:  # a rule's goal is the action itself
            self._answers = np.array([spec.action_index(rule.goal) for rule in RULES], np.int64)
        else:
            goals = (*spec.facility_kinds, STAY, TALK)
            self._goals = np.array([_goal(goals, rule.goal) for rule in RULES], np.intp)
            self._kinds, self._talk = len(spec.facility_kinds), len(goals) - 1
            self._moves = np.array([spec.action_index(name) for name in ("north", "east", "south", "west")], np.int64)
            self._use, self._chat = spec.action_index("use"), spec.action_index("chat")
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
        situation = self._reader.situation(observations)
        if self._in_goals:
            actions = self._answers.take(self._first_possible(observations, situation))
        else:
            actions = self._act(observations, situation, self._goals.take(_first_rule(situation)))
        if self._options.whim:
            return self._with_whims(observations.action_mask, actions, state)
        return Decision(actions, state, log_probs=np.zeros(rows, np.float32))

    def rules_of(self, observations: ObservationBatch) -> list[str]:
        """The name of the rule that speaks for each row: why an agent does what it does."""
        situation = self._reader.situation(observations)
        first = self._first_possible(observations, situation) if self._in_goals else _first_rule(situation)
        return [RULES[i].name for i in first]

    def fingerprint(self) -> str:
        """Digest of the rules' version, the options and the observation's meaning."""
        options = json.dumps(self._options.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(f"scripted-{RULES_VERSION}:{options}:{self._spec_fingerprint}".encode()).hexdigest()

    def close(self) -> None:
        """Nothing to free."""

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

    def _first_possible(self, observations: ObservationBatch, situation: Situation) -> NDArray[np.intp]:
        held = holding(situation) & observations.action_mask.take(self._answers, axis=1).T
        first: NDArray[np.intp] = held.argmax(axis=0)
        return first

    def _act(self, observations: ObservationBatch, situation: Situation, goals: NDArray[np.intp]) -> NDArray[np.int64]:
        mask = observations.action_mask
        goes = goals < self._kinds
        way = self._reader.way(observations, np.minimum(goals, self._kinds - 1))
        # A step to a tile where nobody stands scores 1, one into another agent a half: it may move on, and after
        # a few tries the agent slips past. Steps that lead nowhere score 0.
        steps = way[:4] * mask.take(self._moves, axis=1).T
        here = way[5] > 0
        walks = goes & ~here & (steps.max(axis=0) > 0)
        starts = way[4] > 0
        may_use = starts | ~situation.in_line | self._options.pushes
        uses = goes & here & situation.idle & may_use & mask[:, self._use]
        actions = np.zeros(len(goals), np.int64)
        np.copyto(actions, self._moves.take(steps.argmax(axis=0)), where=walks)
        np.copyto(actions, self._use, where=uses)
        np.copyto(actions, self._chat, where=(goals == self._talk) & mask[:, self._chat])
        return actions


def _goal(goals: tuple[str, ...], name: str) -> int:
    if name not in goals:
        raise ContractError(f"the rules need facilities of the kind {name!r}, which the town does not have")
    return goals.index(name)


def _first_rule(situation: Situation) -> NDArray[np.intp]:
    """For each row the number of the first rule that holds."""
    first: NDArray[np.intp] = holding(situation).argmax(axis=0)
    return first
