"""Two policies in one town: a teacher with probability 1 - r, a learner with r, drawn per row and tick."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    ActionArray,
    BoolArray,
    Decision,
    FloatArray,
    ObservationBatch,
    PolicyBackendProtocol,
    PolicyState,
    row_keys,
    row_uniforms,
)
from townlet.errors import ContractError

__all__ = ["MixturePolicy", "MixtureState"]

_TEACHER, _LEARNER = "teacher.", "learner."


@dataclass(frozen=True, slots=True)
class MixtureState:
    """The states of both, and the mixture's own random state.

    Attributes:
        teacher: state of the teacher.
        learner: state of the learner.
        keys: uint64 ``[N]``.
        counters: uint64 ``[N]``.
    """

    teacher: PolicyState
    learner: PolicyState
    keys: NDArray[np.uint64]
    counters: NDArray[np.uint64]

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """All as named arrays; those of the two policies have their part before the name."""
        return {
            "keys": self.keys,
            "counters": self.counters,
            **{_TEACHER + name: array for name, array in self.teacher.arrays().items()},
            **{_LEARNER + name: array for name, array in self.learner.arrays().items()},
        }

    def with_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> MixtureState:
        """The same kind of state with other arrays. Raises ContractError if names or dtypes differ."""
        if {n: a.dtype for n, a in arrays.items()} != {n: a.dtype for n, a in self.arrays().items()}:
            raise ContractError(f"a mixture's state holds {sorted(self.arrays())}, found {sorted(arrays)}")

        def part(prefix: str) -> dict[str, NDArray[Any]]:
            return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}

        return MixtureState(
            self.teacher.with_arrays(part(_TEACHER)),
            self.learner.with_arrays(part(_LEARNER)),
            arrays["keys"],
            arrays["counters"],
        )


class MixturePolicy:
    """Both policies decide each tick; each row takes the learner's action with probability ``ratio``.

    The decision carries the learner's logits and values. Its log_probs are those of the mixture,
    ``log((1 - r) * teacher(a) + r * learner(a))``, where the learner tells its logits or where no row took its action
    by chance (``r`` is 0 or 1 and that side tells log_probs); a teacher without logits counts as certain of its action.

    Args:
        teacher: acts where the learner does not.
        learner: acts with probability ``ratio``.
        ratio: ``r`` in [0, 1]; may be set again while the town runs.

    Raises:
        ContractError: if the ratio is not in [0, 1].
    """

    def __init__(self, teacher: PolicyBackendProtocol, learner: PolicyBackendProtocol, ratio: float) -> None:
        self.teacher = teacher
        self.learner = learner
        self.ratio = ratio

    @property
    def ratio(self) -> float:
        """The learner's share, 0 to 1."""
        return self._ratio

    @ratio.setter
    def ratio(self, ratio: float) -> None:
        if not 0.0 <= ratio <= 1.0:
            raise ContractError(f"a mixture's ratio is the learner's share, from 0 to 1, found {ratio!r}")
        self._ratio = float(ratio)

    def initial_state(self, rows: int, seed: int) -> MixtureState:
        """Both states, and a key a row."""
        return MixtureState(
            self.teacher.initial_state(rows, seed),
            self.learner.initial_state(rows, seed),
            row_keys(rows, seed ^ 0x6D6978),  # not the keys that the policies draw from the same seed
            np.zeros(rows, np.uint64),
        )

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """Ask both, draw per row. Raises ContractError for another policy's state."""
        if not isinstance(state, MixtureState):
            raise ContractError(f"a mixture needs a MixtureState, found {type(state).__name__}")
        teacher = self.teacher.decide(observations, state.teacher, explore=explore)
        learner = self.learner.decide(observations, state.learner, explore=explore)
        by_learner = row_uniforms(state.keys, state.counters) < self._ratio
        actions = np.where(by_learner, learner.actions, teacher.actions)
        return Decision(
            actions,
            MixtureState(teacher.state, learner.state, state.keys, state.counters + np.uint64(1)),
            log_probs=self._log_probs(observations.action_mask, actions, teacher, learner, explore),
            values=learner.values,
            logits=learner.logits,
            thoughts=(*teacher.thoughts, *learner.thoughts),
        )

    def fingerprint(self) -> str:
        """Digest of the two fingerprints and the ratio."""
        text = f"mixture-1:{self.teacher.fingerprint()}:{self.learner.fingerprint()}:{self._ratio!r}"
        return hashlib.sha256(text.encode()).hexdigest()

    def close(self) -> None:
        """Close both."""
        self.teacher.close()
        self.learner.close()

    def _log_probs(
        self, mask: BoolArray, actions: ActionArray, teacher: Decision, learner: Decision, explore: bool
    ) -> FloatArray | None:
        if self._ratio == 1.0 and learner.log_probs is not None:
            return learner.log_probs
        if learner.logits is None and self._ratio > 0.0:
            return None
        share = self._ratio * _probability(learner, mask, actions, explore) if self._ratio > 0.0 else 0.0
        share = share + (1.0 - self._ratio) * _probability(teacher, mask, actions, explore)
        log_probs: FloatArray = np.log(np.maximum(share, 1e-30)).astype(np.float32)
        return log_probs


def _probability(decision: Decision, mask: BoolArray, actions: ActionArray, explore: bool) -> NDArray[np.float64]:
    """With which probability this side takes ``actions``: float64 ``[N]``. Greedy sides are certain of theirs."""
    if not explore or decision.logits is None:
        return np.equal(decision.actions, actions).astype(np.float64)
    possible = mask.copy()
    possible[:, 0] |= ~mask.any(axis=1)
    scores = np.where(possible, decision.logits.astype(np.float64), -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    rows = np.arange(len(actions))
    chosen: NDArray[np.float64] = weights[rows, actions] / weights.sum(axis=1)
    return chosen
