"""``Pursuing``: a mind that chooses goals, in a town where minds choose primitive actions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from townlet.api import Decision, ObservationBatch, ObservationSpec, PolicyBackendProtocol, PolicyState
from townlet.envs.protocol import Guide
from townlet.errors import ContractError
from townlet.minds.checking import check_decision
from townlet.plugins.provenance import Provenance

__all__ = ["LedBatch", "Pursuing", "PursuitState"]

_MIND = "mind."


def _no_rows() -> NDArray[np.intp]:
    return np.zeros(0, np.intp)


@dataclass(frozen=True, slots=True)
class LedBatch(ObservationBatch):
    """Observations, with where their rows stand in the towns and who could lead them by goals.

    Attributes:
        guide: of the towns.
        rows_there: the rows of its towns: intp ``[N]``.
    """

    guide: Guide | None = None
    rows_there: NDArray[np.intp] = field(default_factory=_no_rows)

    @classmethod
    def of(cls, seen: ObservationBatch, guide: Guide, rows: NDArray[np.intp]) -> Self:
        """What was seen by these rows."""
        return cls(
            seen.map,
            seen.features,
            seen.action_mask,
            seen.active,
            seen.episode_start,
            seen.asked,
            guide=guide,
            rows_there=rows,
        )


@dataclass(frozen=True, slots=True)
class PursuitState:
    """What each row pursues, and the memory of the mind that chose it.

    Attributes:
        mind: the mind's state.
        goal: number of the goal last chosen: int64 ``[N]``.
        left: ticks until it is asked for anew, 0 when the goal is over: int64 ``[N]``.
    """

    mind: PolicyState
    goal: NDArray[np.int64]
    left: NDArray[np.int64]

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """All as named arrays; the mind's have ``mind.`` before the name."""
        mine = {_MIND + name: array for name, array in self.mind.arrays().items()}
        return {"goal": self.goal, "left": self.left, **mine}

    def with_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> PursuitState:
        """The same kind of state with other arrays. Raises ContractError if names or dtypes differ."""
        if {n: a.dtype for n, a in arrays.items()} != {n: a.dtype for n, a in self.arrays().items()}:
            raise ContractError(f"the state of pursuits holds {sorted(self.arrays())}, found {sorted(arrays)}")
        mind = {name.removeprefix(_MIND): array for name, array in arrays.items() if name.startswith(_MIND)}
        return PursuitState(self.mind.with_arrays(mind), arrays["goal"], arrays["left"])


class Pursuing:
    """A mind of the action space ``goals`` among minds of ``primitive``, each asked in its own.

    The mind sees what it would see where everybody chooses goals, and is asked when it would be; the habits of the town
    serve its goals tick by tick. The decisions are primitive actions, without log-probabilities or logits.

    Args:
        policy: chooses goals.
        spec: what that policy sees, and its goals.
        ask_every: ticks after which it is asked again at the latest; at least 1.
        told: where it came from.

    Raises:
        ContractError: if the policy does not choose goals, or ``ask_every`` is below 1.
    """

    def __init__(self, policy: PolicyBackendProtocol, spec: ObservationSpec, ask_every: int, told: Provenance) -> None:
        if not spec.spans or ask_every < 1:
            raise ContractError(f"who pursues goals chooses them, every tick or more, found every {ask_every}")
        self.policy = policy
        self.ask_every = ask_every
        self._spec = spec
        self._told = told

    def initial_state(self, rows: int, seed: int) -> PursuitState:
        """The mind's, and nothing that is pursued."""
        nothing = np.zeros(rows, np.int64)
        return PursuitState(self.policy.initial_state(rows, seed), nothing, nothing.copy())

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """Ask for new goals where one is over, and serve all.

        Raises:
            ContractError: for another policy's state, or observations that do not say whose they are.
            BackendContractError: if the mind chooses a goal that is not possible.
        """
        if not isinstance(state, PursuitState):
            raise ContractError(f"pursuits need a PursuitState, found {type(state).__name__}")
        if not isinstance(observations, LedBatch) or observations.guide is None:
            raise ContractError(
                f"{self._told.requested!r} chooses goals, and nobody leads it here",
                details=("only the towns of a stage can; set town.actions=goals to use it anywhere else",),
            )
        guide, rows = observations.guide, observations.rows_there
        goal, left = state.goal.copy(), state.left.copy()
        mask, asked = guide.choices(rows, goal, left)
        choosing = self._choosing(observations, goal, mask, asked)
        answer = self.policy.decide(choosing, state.mind, explore=explore)
        check_decision(answer, choosing, self._told, self._spec, lambda row: f"row {row}")
        goal = np.where(asked, answer.actions, goal)
        left = np.where(asked, self.ask_every, left)
        left -= left > 0
        actions = guide.habits(rows, goal)
        possible = observations.action_mask[np.arange(len(actions)), actions]
        actions[~possible] = 0
        after = PursuitState(answer.state, goal, left)
        return Decision(actions, after, values=answer.values, thoughts=answer.thoughts)

    def _choosing(
        self, seen: ObservationBatch, goal: NDArray[np.int64], mask: NDArray[np.bool_], asked: NDArray[np.bool_]
    ) -> ObservationBatch:
        """What the mind would see where everybody chooses goals."""
        features, own = seen.features, seen.features.shape[1]
        if self._spec.feature_count > own:  # it sees its last goal
            features = np.zeros((seen.rows, self._spec.feature_count), np.float32)
            features[:, :own] = seen.features
            here = np.flatnonzero(seen.active)
            features[here, own + goal[here]] = 1.0
        return ObservationBatch(seen.map, features, mask, seen.active, seen.episode_start, asked)

    def fingerprint(self) -> str:
        """Digest of the mind's and of how often it is asked."""
        text = f"pursuing-1:{self.ask_every}:{self.policy.fingerprint()}"
        return hashlib.sha256(text.encode()).hexdigest()

    def close(self) -> None:
        """Close the mind."""
        self.policy.close()
