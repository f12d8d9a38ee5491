"""The mind: a policy in Townlet's sense. It holds weights and no memory."""

import hashlib

import jax
import numpy as np
from townlet.api import (
    ArrayState,
    Decision,
    ObservationBatch,
    PolicyState,
    greedy_actions,
    row_keys,
    row_uniforms,
    sample_actions,
)

from townlet_backend_jax.network import Mind, answer

ROWS = 64
"""Rows of a pass. One shape is compiled, and a row is answered the same in any company."""


class JaxPolicy:
    """Acts with ``mind``, which is replaced as a whole where it learns."""

    def __init__(self, mind: Mind) -> None:
        self.mind = mind

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        """A random key and a counter a row."""
        return ArrayState({"keys": row_keys(rows, seed), "counters": np.zeros(rows, np.uint64)})

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """The likeliest action, or one drawn from the distribution with ``explore``."""
        logits, told = self._answer(observations)
        mask = observations.action_mask & observations.asked[:, None]  # who is not asked takes action 0
        if not explore:
            return Decision(greedy_actions(logits, mask), state, values=told, logits=logits)
        arrays = state.arrays()
        actions, log_probs = sample_actions(logits, mask, row_uniforms(arrays["keys"], arrays["counters"]))
        following = {"keys": arrays["keys"], "counters": arrays["counters"] + observations.asked.astype(np.uint64)}
        return Decision(actions, ArrayState(following), log_probs=log_probs, values=told, logits=logits)

    def values(self, observations: ObservationBatch, state: PolicyState) -> np.ndarray:
        """Expected discounted return, float32 ``[N]``, without acting."""
        del state
        return self._answer(observations)[1]

    def fingerprint(self) -> str:
        """Identity of the behaviour: a digest of all weights."""
        digest = hashlib.sha256()
        for path, leaf in jax.tree_util.tree_leaves_with_path(self.mind):
            digest.update(jax.tree_util.keystr(path).encode())
            digest.update(np.asarray(leaf).tobytes())
        return digest.hexdigest()

    def close(self) -> None:
        """Nothing is held outside Python."""

    def _answer(self, observations: ObservationBatch) -> tuple[np.ndarray, np.ndarray]:
        rows = observations.rows
        logits = np.zeros((rows, observations.action_mask.shape[1]), np.float32)
        values = np.zeros(rows, np.float32)
        for start in range(0, rows, ROWS):
            part = slice(start, min(start + ROWS, rows))
            scores, told = answer(
                self.mind, filled(observations.map[part], ROWS), filled(observations.features[part], ROWS)
            )
            count = part.stop - start
            logits[part], values[part] = np.asarray(scores)[:count], np.asarray(told)[:count]
        return logits, values


def filled(array: np.ndarray, rows: int) -> np.ndarray:
    """A copy with zeros after the last row, so that it has ``rows``."""
    whole = np.zeros((rows, *array.shape[1:]), array.dtype)
    whole[: len(array)] = array
    return whole
