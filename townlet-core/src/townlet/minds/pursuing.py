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
from townlet.world.names import ACTIONS

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
        meant: the primitive action that it decided last, -1 before the first: int64 ``[N]``.
        served: by primitive action, the goal with the highest score among those that this action would have served,
            -1 if there was none or nobody was asked: int64 ``[N, A]``.
    """

    mind: PolicyState
    goal: NDArray[np.int64]
    left: NDArray[np.int64]
    meant: NDArray[np.int64]
    served: NDArray[np.int64]

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """All as named arrays; the mind's have ``mind.`` before the name."""
        mine = {_MIND + name: array for name, array in self.mind.arrays().items()}
        own = {"goal": self.goal, "left": self.left, "meant": self.meant, "served": self.served}
        return {**own, **mine}

    def with_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> PursuitState:
        """The same kind of state with other arrays. Raises ContractError if names or dtypes differ."""
        if {n: a.dtype for n, a in arrays.items()} != {n: a.dtype for n, a in self.arrays().items()}:
            raise ContractError(f"the state of pursuits holds {sorted(self.arrays())}, found {sorted(arrays)}")
        mind = {name.removeprefix(_MIND): array for name, array in arrays.items() if name.startswith(_MIND)}
        own = (arrays[name] for name in ("goal", "left", "meant", "served"))
        return PursuitState(self.mind.with_arrays(mind), *own)


class Pursuing:
    """A mind of the action space ``goals`` among minds of ``primitive``, each asked in its own.

    The mind sees what it would see where everybody chooses goals, and is asked when it would be; the habits of the town
    serve its goals tick by tick. The decisions are primitive actions, without log-probabilities or logits.

    Where somebody else acts for the agent, as a learner does whom it teaches, it takes up the goal that was served: of
    those that it could have chosen, the one with the highest score. So it says how to go on from there, and not how to
    get back to what it had in mind itself, which the learner cannot know. It needs the scores of its mind for that; a
    mind that tells none keeps its goal.

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
        self._last = np.array([spec.feature_index(f"last_{action}") for action in ACTIONS])

    def initial_state(self, rows: int, seed: int) -> PursuitState:
        """The mind's, and nothing that is pursued."""
        goal, left = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        nothing = np.full(rows, -1, np.int64), np.full((rows, len(ACTIONS)), -1, np.int64)
        return PursuitState(self.policy.initial_state(rows, seed), goal, left, *nothing)

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
        goal, left = self._taken_up(observations, state), state.left.copy()
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
        served = _served(guide, rows, mask & asked[:, None], answer.logits)
        after = PursuitState(answer.state, goal, left, actions, served)
        return Decision(actions, after, values=answer.values, thoughts=answer.thoughts)

    def _taken_up(self, seen: ObservationBatch, state: PursuitState) -> NDArray[np.int64]:
        """The goals; of agents for whom somebody else acted, those that were served."""
        last = seen.features[:, self._last]
        did = last.argmax(1)
        by_others = (last.max(1) > 0.5) & (did != state.meant) & (state.meant >= 0) & ~seen.episode_start
        served = state.served[np.arange(seen.rows), did]
        return np.where(by_others & (served >= 0), served, state.goal)

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
        text = f"pursuing-2:{self.ask_every}:{self.policy.fingerprint()}"
        return hashlib.sha256(text.encode()).hexdigest()

    def close(self) -> None:
        """Close the mind."""
        self.policy.close()


def _served(
    guide: Guide, rows: NDArray[np.intp], mask: NDArray[np.bool_], scores: NDArray[np.float32] | None
) -> NDArray[np.int64]:
    """By primitive action, the goal with the highest score that it serves, -1 for none: int64 ``[N, A]``."""
    found = np.full((len(rows), len(ACTIONS)), -1, np.int64)
    if scores is None:
        return found
    highest = np.full(found.shape, -np.inf)
    for goal in np.flatnonzero(mask.any(axis=0)).tolist():  # on most ticks nobody is asked
        here = np.flatnonzero(mask[:, goal])
        serves = guide.habits(rows[here], np.full(len(here), goal, np.int64))
        higher = scores[here, goal] > highest[here, serves]
        here, serves = here[higher], serves[higher]
        found[here, serves], highest[here, serves] = goal, scores[here, goal]
    return found
