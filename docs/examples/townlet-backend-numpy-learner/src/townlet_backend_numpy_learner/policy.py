"""The mind: a network with one hidden layer, in plain NumPy. It looks at the features and not at the map."""

import hashlib
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
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

from townlet_backend_numpy_learner.options import Options

Weights = dict[str, np.ndarray]


def new_weights(spec: ObservationSpec, options: Options, seed: int) -> Weights:
    """Random weights: a hidden layer, a head that scores actions, and one that estimates values."""
    draw = np.random.Generator(np.random.PCG64(seed)).normal
    hidden, inputs = options.hidden, spec.feature_count
    return {
        "w": draw(0, 1 / np.sqrt(inputs), (inputs, hidden)).astype(np.float32),
        "b": np.zeros(hidden, np.float32),
        "policy": draw(0, 0.01 / np.sqrt(hidden), (hidden, spec.action_count)).astype(np.float32),
        "policy_b": np.zeros(spec.action_count, np.float32),
        "value": draw(0, 1 / np.sqrt(hidden), (hidden, 1)).astype(np.float32),
        "value_b": np.zeros(1, np.float32),
    }


def forward(weights: Weights, features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hidden activations [B, H], logits [B, K] and values [B] of features [B, F]."""
    hidden = np.tanh(features @ weights["w"] + weights["b"])
    logits = hidden @ weights["policy"] + weights["policy_b"]
    return hidden, logits, (hidden @ weights["value"] + weights["value_b"])[:, 0]


def trained_options(directory: Path, options: Options) -> Options:
    """The options with the size that the network in a checkpoint has: to act, nobody needs to know it."""
    try:
        with safe_open(directory / "weights.safetensors", "numpy") as file:
            return options.model_copy(update={"hidden": file.get_slice("b").get_shape()[0]})
    except (OSError, SafetensorError):  # whoever reads the weights says what is wrong with them
        return options


class NumpyPolicy:
    """A policy in Townlet's sense: it holds weights, and no memory. Memory would go into its state."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        """A random key and a counter a row: arrays whose first axis is the row."""
        return ArrayState({"keys": row_keys(rows, seed), "counters": np.zeros(rows, np.uint64)})

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """The likeliest action, or one drawn from the distribution with ``explore``."""
        _, logits, values = forward(self.weights, observations.features)
        if not explore:
            return Decision(greedy_actions(logits, observations.action_mask), state, values=values, logits=logits)
        arrays = state.arrays()
        uniforms = row_uniforms(arrays["keys"], arrays["counters"])
        actions, log_probs = sample_actions(logits, observations.action_mask, uniforms)
        following = ArrayState({"keys": arrays["keys"], "counters": arrays["counters"] + np.uint64(1)})
        return Decision(actions, following, log_probs=log_probs, values=values, logits=logits)

    def fingerprint(self) -> str:
        """Identity of the behaviour: a digest of the weights."""
        return hashlib.sha256(b"".join(self.weights[name].tobytes() for name in sorted(self.weights))).hexdigest()

    def close(self) -> None:
        """Nothing is held outside Python."""
