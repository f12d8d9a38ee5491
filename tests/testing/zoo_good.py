"""A policy and a learner that are right, and the little town that they live in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from townlet.api import (
    ArrayState,
    BCMetrics,
    Decision,
    ObservationBatch,
    PolicyState,
    PPOMetrics,
    TrainingReport,
    row_keys,
    row_uniforms,
    sample_actions,
)
from townlet.envs import NavigationTown
from townlet.errors import CheckpointError, ConfigError, TrainingError


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


class GoodLearner:
    """Softmax regression with plain gradient steps: enough for the lessons of the kit."""

    def __init__(self, seed: int = 0) -> None:
        self._policy = LinearPolicy(seed)
        self.momentum = np.zeros_like(self._policy.weights)
        self.reference = self._policy.weights * 0.0
        self.steps = 0

    @property
    def policy(self):
        return self._policy

    def _step(self, features, mask, actions, weights, rate):
        logits = np.where(mask, features @ self._policy.weights, -1e9)
        logits -= logits.max(axis=1, keepdims=True)
        probabilities = np.exp(logits)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        target = np.eye(logits.shape[1])[actions]
        gradient = features.T @ ((target - probabilities) * weights[:, None]) / max(len(actions), 1)
        self.momentum = 0.5 * self.momentum + gradient
        self._policy.weights = self._policy.weights + rate * self.momentum
        self.steps += 1

    def clone_behaviour(self, demonstrations, settings, report):
        for epoch in range(settings.epochs):
            for batch in demonstrations.batches("train", settings.batch_size, seed=epoch):
                x = LinearPolicy.inputs(batch.observations)
                self._step(x, batch.observations.action_mask, batch.actions, np.ones(len(x)), 2.0)
            report(TrainingReport(phase="bc", step=epoch + 1))
        right = total = 0
        for batch in demonstrations.batches("validation", 1024):
            decision = self._policy.decide(batch.observations, ArrayState())
            right += int((decision.actions == batch.actions).sum())
            total += len(batch.actions)
        return BCMetrics(
            epochs=settings.epochs,
            samples=0,
            seconds=0,
            train_loss=0,
            loss=0,
            accuracy=right / total,
            majority_accuracy=0,
        )

    def update(self, rollout, settings):
        active = rollout.asked
        if not np.isfinite(rollout.rewards[active]).all():
            raise TrainingError("rewards are not finite")
        batch = ObservationBatch(
            *(
                a.reshape(-1, *a.shape[2:])
                for a in (rollout.map, rollout.features, rollout.action_mask, rollout.active, rollout.episode_start)
            )
        ).take(active.ravel())
        cut = rollout.truncated & ~rollout.terminated
        cut[-1] |= ~rollout.terminated[-1]
        targets = rollout.rewards + settings.gamma**rollout.duration * np.where(cut, rollout.bootstrap, 0.0)
        advantages = (targets - targets[active].mean())[active]
        x, rate = LinearPolicy.inputs(batch), 200 * settings.learning_rate
        for _ in range(settings.epochs if settings.train_policy else 0):
            self._step(x, batch.action_mask, rollout.actions[active], advantages, rate)
            self._policy.weights = self._policy.weights + 0.01 * rate * settings.kl_coefficient * (
                self.reference - self._policy.weights
            )
            shown = rollout.demonstrations
            if shown is not None:
                weights = np.full(len(shown.actions), settings.bc_coefficient)
                seen = shown.observations
                self._step(LinearPolicy.inputs(seen), seen.action_mask, shown.actions, weights, rate)
        return PPOMetrics(samples=len(x), seconds=0)

    def hold_reference(self):
        self.reference = self._policy.weights.copy()

    def save(self, directory: Path) -> None:
        np.save(directory / "weights.npy", self._policy.weights)
        np.save(directory / "state.npy", np.stack([self.momentum, self.reference]))

    def load(self, directory: Path) -> None:
        try:
            weights, state = np.load(directory / "weights.npy"), np.load(directory / "state.npy")
        except (OSError, ValueError) as error:
            raise CheckpointError("not whole", where=str(directory)) from error
        self._policy.weights = weights
        self.momentum, self.reference = state


class LinearPolicy:
    def __init__(self, seed=0):
        generator = np.random.Generator(np.random.PCG64(seed))
        self.weights = generator.normal(size=(7, SPEC.action_count)) * 0.01

    @staticmethod
    def inputs(observations):
        f = observations.features[:, :2].astype(np.float64)
        s = np.sign(f)
        return np.column_stack([np.ones(len(f)), f, s, (s[:, 0] * s[:, 1]), np.maximum(s[:, 0], 0)])

    def initial_state(self, rows, seed):
        return ArrayState({"keys": row_keys(rows, seed), "counters": np.zeros(rows, np.uint64)})

    def decide(self, observations, state, *, explore=False):
        x = self.inputs(observations)
        logits = (x[:, :, None] * self.weights[None]).sum(axis=1).astype(np.float32)
        arrays = state.arrays()
        following = state
        greedy = np.where(observations.action_mask, logits, -np.inf).argmax(axis=1).astype(np.int64)
        actions, log_probs = greedy, np.zeros(len(x), np.float32)
        if explore:
            actions, log_probs = sample_actions(
                logits, observations.action_mask, row_uniforms(arrays["keys"], arrays["counters"])
            )
            following = ArrayState({"keys": arrays["keys"], "counters": arrays["counters"] + np.uint64(1)})
        return Decision(actions, following, log_probs=log_probs, values=np.zeros(len(x), np.float32))

    def fingerprint(self):
        return self.weights.tobytes().hex()[-64:] + f"{self.weights.sum():.17g}"

    def close(self):
        pass


HONOURED = {
    "bc": frozenset({"epochs", "batch_size"}),
    "ppo": frozenset({"learning_rate", "epochs", "gamma", "train_policy", "kl_coefficient", "bc_coefficient"}),
}
"""What GoodLearner does as it is told."""


def validate(options):
    """Refuses every option, as a backend without any does."""
    if options:
        raise ConfigError(f"there is no option {', '.join(options)}")
