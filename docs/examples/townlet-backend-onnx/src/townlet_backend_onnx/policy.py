"""The policy: scores from the model, actions by the contract's own sampling."""

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

from townlet_backend_onnx.model import Model


class OnnxPolicy:
    """A policy in Townlet's sense: it holds a model, and no memory."""

    def __init__(self, model: Model) -> None:
        self._model: Model | None = model
        self._digest = model.digest

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        """A random key and a counter a row."""
        return ArrayState({"keys": row_keys(rows, seed), "counters": np.zeros(rows, np.uint64)})

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """The likeliest action, or one drawn from the distribution with ``explore``."""
        if self._model is None:
            raise RuntimeError("this policy was closed")
        feeds = {
            "map": observations.map,
            "features": observations.features,
            "action_mask": observations.action_mask,
        }
        wanted = {name: np.ascontiguousarray(feeds[name]) for name in self._model.inputs}
        found = dict(zip(self._model.outputs, self._model.session.run(self._model.outputs, wanted), strict=True))
        logits, values = found["logits"], found.get("values")
        if not explore:
            return Decision(greedy_actions(logits, observations.action_mask), state, values=values, logits=logits)
        arrays = state.arrays()
        uniforms = row_uniforms(arrays["keys"], arrays["counters"])
        actions, log_probs = sample_actions(logits, observations.action_mask, uniforms)
        following = ArrayState({"keys": arrays["keys"], "counters": arrays["counters"] + np.uint64(1)})
        return Decision(actions, following, log_probs=log_probs, values=values, logits=logits)

    def fingerprint(self) -> str:
        """Identity of the behaviour: the digest of the model file."""
        return self._digest

    def close(self) -> None:
        """Let go of the session."""
        self._model = None
