"""A policy that is right, and the little town that it lives in; the learner is in zoo_learner."""

from __future__ import annotations

import numpy as np

from townlet.api import ArrayState, Decision, ObservationBatch, PolicyState, row_keys, row_uniforms, sample_actions
from townlet.envs import NavigationTown
from townlet.errors import ConfigError


def town() -> NavigationTown:
    """A square of nine tiles in which a life ends after six ticks at the latest."""
    return NavigationTown([1, 2], agents=4, size=3, life_ticks=6)


SPEC = town().spec


class GoodPolicy:
    """Linear scores of features and of a remembered average; draws by counter-based numbers."""

    def __init__(self, seed: int = 0) -> None:
        generator = np.random.Generator(np.random.PCG64(seed))
        self.weights = generator.normal(size=(SPEC.feature_count, SPEC.action_count)).astype(np.float32)
        self.memory_weights = generator.normal(size=SPEC.feature_count).astype(np.float32)

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        return ArrayState(
            {
                "keys": row_keys(rows, seed),
                "counters": np.zeros(rows, np.uint64),
                "memory": np.zeros((rows, SPEC.feature_count), np.float32),
            }
        )

    def scores(self, observations: ObservationBatch, memory: np.ndarray) -> np.ndarray:
        seen = observations.features + memory * self.memory_weights
        return (seen[:, :, None] * self.weights[None]).sum(axis=1)  # a sum row by row: BLAS depends on the batch

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        arrays = state.arrays()
        fresh = observations.episode_start[:, None]
        memory = np.where(fresh, np.float32(0), arrays["memory"])
        logits = self.scores(observations, memory)
        uniforms = row_uniforms(arrays["keys"], arrays["counters"])
        drawn, log_probs = sample_actions(logits, observations.action_mask, uniforms)
        greedy = np.where(observations.action_mask, logits, -np.inf).argmax(axis=1).astype(np.int64)
        following = ArrayState(
            {
                "keys": arrays["keys"],
                "counters": arrays["counters"] + np.uint64(1),
                "memory": (memory * np.float32(0.5) + observations.features * np.float32(0.5)),
            }
        )
        return Decision(drawn if explore else greedy, following, log_probs=log_probs)

    def fingerprint(self) -> str:
        return f"good-{float(self.weights.sum()):.6f}-{float(self.memory_weights.sum()):.6f}"

    def close(self) -> None:
        pass


def validate(options):
    """Refuses every option, as a backend without any does."""
    if options:
        raise ConfigError(f"there is no option {', '.join(options)}")
