"""A world and a learner small enough to read: the oracle that strategies belong to no framework.

The world shows a number and pays 1 for the action of that number. The learner is a linear softmax in NumPy.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from townlet.api import (
    ArrayState,
    BCMetrics,
    Decision,
    ObservationBatch,
    ObservationSpec,
    PPOMetrics,
    TrainingReport,
    greedy_actions,
    row_keys,
    row_uniforms,
    sample_actions,
)
from townlet.envs.protocol import StepResult
from townlet.errors import CheckpointError, TrainingError
from townlet.rng import derive, uniform
from townlet.telemetry.kpis import TownKpis
from townlet.telemetry.measures import MEASURES, column

CHOICES = 4
SPEC = ObservationSpec.of_names(
    "toy",
    features=tuple(f"shown_{i}" for i in range(CHOICES)),
    actions=("wait", *(f"say_{i}" for i in range(CHOICES))),
)
LIFE = 16


class ToyEngine:
    """Row ``n`` is shown a number each tick; lives last ``LIFE`` ticks and the next begins at once."""

    spec = SPEC
    agents = 2
    agent_names = ("alice", "bob")
    reward_part_names = ("right", "social")

    def __init__(self, seeds, conflict_rate: float = 0.0) -> None:
        self.conflict_rate = conflict_rate
        self.stages: list[str] = []
        self.reset(seeds)

    @property
    def worlds(self) -> int:
        return len(self.seeds)

    @property
    def rows(self) -> int:
        return self.worlds * self.agents

    def reset(self, seeds=None) -> ObservationBatch:
        self.seeds = tuple(self.seeds if seeds is None else seeds)
        self.tick = 0
        self.conflicts = 0.0
        self.keys = np.concatenate([row_keys(self.agents, seed) for seed in self.seeds])
        return self.observe()

    def set_social_stage(self, stage: str) -> None:
        self.stages.append(stage)

    def _shown(self) -> np.ndarray:
        return (uniform(self.keys, np.full(self.rows, self.tick, np.uint64)) * CHOICES).astype(np.int64)

    def observe(self, into=None) -> ObservationBatch:
        batch = ObservationBatch.empty(SPEC, self.rows) if into is None else into
        batch.features[:] = np.eye(CHOICES, dtype=np.float32)[self._shown()]
        batch.action_mask[:] = True
        batch.active[:] = True
        batch.episode_start[:] = self.tick % LIFE == 0
        return batch

    def step(self, actions, into=None) -> StepResult:
        right = (actions == self._shown() + 1).astype(np.float32)
        self.tick += 1
        self.conflicts += self.conflict_rate * self.rows
        ended = np.full(self.rows, self.tick % LIFE == 0)
        parts = np.stack([right, np.zeros_like(right)], axis=1)
        return StepResult(self.observe(into), right, parts, ended, np.zeros(self.rows, np.bool_))

    def policy_seeds(self) -> list[int]:
        return [int(k >> np.uint64(1)) for k in derive(self.keys[:: self.agents], np.full(self.worlds, 3, np.uint64))]

    def kpis(self) -> TownKpis:
        sums = np.zeros((self.worlds, self.agents, len(MEASURES)))
        sums[..., column("conflict")] = self.conflicts / self.rows
        sums[..., column("conflict_intensity")] = self.conflicts / self.rows
        sums[..., column("ticks")] = self.tick
        none = np.zeros((self.worlds, 1, 1), np.uint32)
        days = np.zeros((0, self.worlds, len(MEASURES)))
        return TownKpis(self.agent_names, (), 1000, self.tick, 0.0, 0, days, sums, none, none)

    def save(self, path: Path) -> None:
        state = {"seeds": self.seeds, "tick": self.tick, "conflicts": self.conflicts}
        (path / "toy.json").write_text(json.dumps(state))

    def load(self, path: Path) -> None:
        state = json.loads((path / "toy.json").read_text())
        self.reset(state["seeds"])
        self.tick, self.conflicts = state["tick"], state["conflicts"]


class ToyPolicy:
    """Softmax of ``features @ weights``; the value is a constant."""

    def __init__(self, weights: np.ndarray) -> None:
        self.weights = weights

    def initial_state(self, rows: int, seed: int) -> ArrayState:
        return ArrayState({"keys": row_keys(rows, seed), "counters": np.zeros(rows, np.uint64)})

    def decide(self, observations, state, *, explore=False) -> Decision:
        keys, counters = state.arrays()["keys"], state.arrays()["counters"]
        logits = (observations.features @ self.weights).astype(np.float32)
        values = np.zeros(len(logits), np.float32)
        after = ArrayState({"keys": keys, "counters": counters + np.uint64(1)})
        if not explore:
            return Decision(greedy_actions(logits, observations.action_mask), after, values=values, logits=logits)
        actions, log_probs = sample_actions(logits, observations.action_mask, row_uniforms(keys, counters))
        return Decision(actions, after, log_probs=log_probs, values=values, logits=logits)

    def fingerprint(self) -> str:
        return hashlib.sha256(self.weights.tobytes()).hexdigest()

    def close(self) -> None:
        pass


class ToyLearner:
    """Cross-entropy for cloning, REINFORCE with momentum for updates. Needs nothing but NumPy."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.policy = ToyPolicy(rng.normal(0, 0.01, (CHOICES, CHOICES + 1)).astype(np.float32))
        self.momentum = np.zeros_like(self.policy.weights)
        self.reference: np.ndarray | None = None
        self.updates = 0
        self.settings: list = []
        self.fail_at: int | None = None
        self.clumsy = False

    def clone_behaviour(self, demonstrations, settings, report) -> BCMetrics:
        samples = 0
        for epoch in range(settings.epochs):
            losses = []
            for batch in demonstrations.batches("train", settings.batch_size, seed=settings.seed + epoch):
                loss, gradient = self._cross_entropy(batch.observations.features, batch.actions)
                if not self.clumsy:
                    self.policy.weights -= (5.0 * gradient).astype(np.float32)
                losses.append(loss)
                samples += len(batch.actions)
            report(TrainingReport(phase="bc", step=epoch + 1, total=settings.epochs, samples=samples,
                                  metrics={"train_loss": float(np.mean(losses))}))  # fmt: skip
        held = list(demonstrations.batches("validation", 4096))
        right = sum((self._greedy(b.observations.features) == b.actions).sum() for b in held)
        loss = float(np.mean([self._cross_entropy(b.observations.features, b.actions)[0] for b in held]))
        counts = demonstrations.action_counts("validation")
        return BCMetrics(
            epochs=settings.epochs, samples=samples, seconds=0.0, train_loss=losses[-1], loss=loss,
            accuracy=float(right / counts.sum()), majority_accuracy=float(counts.max() / counts.sum()),
        )  # fmt: skip

    def update(self, rollout, settings) -> PPOMetrics:
        self.settings.append(settings)
        if self.fail_at is not None and self.updates + 1 >= self.fail_at:
            raise TrainingError("the policy loss is not finite")
        live = rollout.active
        features, actions = rollout.features[live], rollout.actions[live]
        advantage = rollout.rewards[live] - rollout.rewards[live].mean()
        chances = self._chances(features)
        loss = float(-(advantage * np.log(chances[np.arange(len(actions)), actions] + 1e-9)).mean())
        chances[np.arange(len(actions)), actions] -= 1.0
        gradient = features.T @ (chances * advantage[:, None]) / len(actions)
        if settings.bc_coefficient > 0 and rollout.demonstrations is not None:
            shown = rollout.demonstrations
            gradient += settings.bc_coefficient * self._cross_entropy(shown.observations.features, shown.actions)[1]
        if settings.train_policy:
            self.momentum = (0.5 * self.momentum + gradient).astype(np.float32)
            self.policy.weights -= (100 * settings.learning_rate * self.momentum).astype(np.float32)
        self.updates += 1
        return PPOMetrics(
            samples=len(actions), seconds=0.0, policy_loss=loss, value_loss=0.1, entropy=1.0, total_loss=loss,
            clip_fraction=0.0, approx_kl=0.0, grad_norm=float(np.abs(gradient).sum()), grad_norm_max=1.0,
            advantage_mean=0.0, advantage_std=1.0, explained_variance=0.0, epochs_done=1.0,
            learning_rate=settings.learning_rate,
        )  # fmt: skip

    def hold_reference(self) -> None:
        self.reference = self.policy.weights.copy()

    def save(self, directory: Path) -> None:
        arrays = {"weights": self.policy.weights, "momentum": self.momentum}
        if self.reference is not None:
            arrays["reference"] = self.reference
        save_file(arrays, directory / "weights.safetensors")
        (directory / "trainer_state.json").write_text(json.dumps({"updates": self.updates}))

    def load(self, directory: Path) -> None:
        if not (directory / "weights.safetensors").exists():
            raise CheckpointError("no toy here", where=str(directory))
        arrays = load_file(directory / "weights.safetensors")
        self.policy.weights, self.momentum = arrays["weights"], arrays["momentum"]
        self.reference = arrays.get("reference")
        self.updates = json.loads((directory / "trainer_state.json").read_text())["updates"]

    def _chances(self, features) -> np.ndarray:
        scores = features @ self.policy.weights
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    def _greedy(self, features) -> np.ndarray:
        return (features @ self.policy.weights).argmax(axis=1)

    def _cross_entropy(self, features, actions) -> tuple[float, np.ndarray]:
        chances = self._chances(features)
        rows = np.arange(len(actions))
        loss = float(-np.log(chances[rows, actions] + 1e-9).mean())
        chances[rows, actions] -= 1.0
        return loss, features.T @ chances / len(actions)


class ToyTeacher(ToyPolicy):
    """Always right."""

    def __init__(self) -> None:
        weights = np.zeros((CHOICES, CHOICES + 1), np.float32)
        weights[np.arange(CHOICES), np.arange(CHOICES) + 1] = 10.0
        super().__init__(weights)

    def fingerprint(self) -> str:
        return "toy-teacher-1"
