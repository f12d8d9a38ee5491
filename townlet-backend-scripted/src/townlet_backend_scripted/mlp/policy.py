"""The policy: scores from the layers, actions by the contract's own sampling."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    ArrayState,
    Decision,
    ObservationBatch,
    ObservationSpec,
    PolicyState,
    greedy_actions,
    row_keys,
    row_uniforms,
    sample_actions,
)
from townlet.errors import ContractError
from townlet_backend_scripted.mlp.forward import dense
from townlet_backend_scripted.mlp.layers import Layers

__all__ = ["MlpPolicy"]


class MlpPolicy:
    """Acts with the layers of a checkpoint. The memory of a row is a random key and a counter.

    Args:
        layers: the network.
        spec: the observations it is shown.
    """

    def __init__(self, layers: Layers, spec: ObservationSpec) -> None:
        self._layers = layers
        self._spec = spec

    def initial_state(self, rows: int, seed: int) -> ArrayState:
        """A key and a counter for each of ``rows`` rows."""
        return ArrayState({"keys": row_keys(rows, seed), "counters": np.zeros(rows, np.uint64)})

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """The possible action with the best score, or one drawn from the softmax of the scores with ``explore``.

        A row that is not asked takes action 0. ``log_probs`` are 0 without ``explore``: nothing was drawn.

        Raises:
            ContractError: if the observations are not of this policy's kind.
        """
        self._check(observations)
        held, rows = state.arrays(), observations.rows
        keys, counters = held["keys"], held["counters"]
        scores = np.zeros((rows, self._spec.action_count), np.float32)
        actions, log_probs = np.zeros(rows, np.int64), np.zeros(rows, np.float32)
        asked = np.flatnonzero(observations.asked)
        if len(asked):
            scores[asked] = mine = self.scores(observations.features[asked])
            mask = observations.action_mask[asked]
            if explore:
                drawn = row_uniforms(keys[asked], counters[asked])
                actions[asked], log_probs[asked] = sample_actions(mine, mask, drawn)
            else:
                actions[asked] = greedy_actions(mine, mask)
        after = ArrayState({"keys": keys, "counters": counters + observations.asked})
        return Decision(actions, after, log_probs=log_probs, logits=scores)

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores before masking, float32 ``[N, K]``, of features float32 ``[N, F]``."""
        found = np.ascontiguousarray(features)
        last = len(self._layers.biases) - 1
        for number, (weights, biases) in enumerate(zip(self._layers.weights, self._layers.biases, strict=True)):
            seen, found = found, np.empty((len(features), len(biases)), np.float32)
            dense(seen, weights, biases, number < last, found)
        return found

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the layers and of what observations mean."""
        return hashlib.sha256(f"mlp-1:{self._layers.digest}:{self._spec.fingerprint()}".encode()).hexdigest()

    def close(self) -> None:
        """Nothing is held outside Python."""

    def _check(self, observations: ObservationBatch) -> None:
        expected = (0, self._spec.feature_count, self._spec.action_count)
        found = (observations.map.shape[1], observations.features.shape[1], observations.action_mask.shape[1])
        if found != expected:
            raise ContractError(
                "the observations are not of the kind this policy was made for",
                details=(f"channels, features and actions: expected {expected}, found {found}",),
            )
