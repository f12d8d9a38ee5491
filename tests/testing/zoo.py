"""Backends that are wrong on purpose, each in one way, and one that is right."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np

from townlet.api import (
    ArrayState,
    Decision,
    ObservationBatch,
    ObservationSpec,
    PolicyState,
    row_keys,
    row_uniforms,
    sample_actions,
)

SPEC = ObservationSpec("toy", ("wall", "agent"), 3, 3, ("a", "b", "c", "d"), ("wait", "north", "use", "chat", "yield"))


class GoodPolicy:
    """Linear scores of features and of a remembered average; draws by counter-based numbers."""

    def __init__(self, seed: int = 0) -> None:
        generator = np.random.Generator(np.random.PCG64(seed))
        self.weights = generator.normal(size=(SPEC.features, SPEC.actions)).astype(np.float32)
        self.memory_weights = generator.normal(size=SPEC.features).astype(np.float32)

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        return ArrayState(
            {
                "keys": row_keys(rows, seed),
                "counters": np.zeros(rows, np.uint64),
                "memory": np.zeros((rows, SPEC.features), np.float32),
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


class ChoosesMasked(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        decision = super().decide(observations, state, explore=explore)
        free = self.scores(observations, np.zeros_like(observations.features)).argmax(axis=1).astype(np.int64)
        return replace(decision, actions=np.where(observations.active, free, 0))


class ActsInEmptySlots(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        everything = replace(observations, action_mask=observations.action_mask | ~observations.active[:, None])
        decision = super().decide(everything, state, explore=explore)
        return replace(decision, actions=np.where(observations.active, decision.actions, 1))


class DependsOnRowOrder(GoodPolicy):
    def scores(self, observations, memory):
        place = np.arange(observations.rows, dtype=np.float32) % 7
        return super().scores(observations, memory) + place[:, None] * self.weights[0] * 3


class DependsOnTheOthers(GoodPolicy):
    def scores(self, observations, memory):
        crowd = np.float32(observations.rows)
        return super().scores(observations, memory) + crowd * self.weights[0]


class HiddenState(GoodPolicy):
    """Remembers in itself what it was asked last, and is bored by being asked it again."""

    def __init__(self, seed=0):
        super().__init__(seed)
        self.last = None

    def decide(self, observations, state, *, explore=False):
        question = observations.features.tobytes(), state
        bored = self.last is not None and self.last[0] == question[0] and self.last[1] is state
        self.last = question
        decision = super().decide(observations, state, explore=explore)
        return replace(decision, actions=np.zeros_like(decision.actions)) if bored else decision


class IgnoresBirths(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        lived = replace(observations, episode_start=np.zeros_like(observations.episode_start))
        return super().decide(lived, state, explore=explore)


class Unseeded(GoodPolicy):
    def __init__(self, seed=0):
        super().__init__(int(np.random.default_rng().integers(2**31)))

    def fingerprint(self):
        return "always-the-same"


class DrawsFromGlobalRandom(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        decision = super().decide(observations, state, explore=explore)
        random.random()
        return decision


class WritesIntoObservations(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        if observations.features.flags.writeable:
            observations.features[:] = np.clip(observations.features, -0.5, 0.5)
        return super().decide(observations, state, explore=explore)


class ChangesStateInPlace(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        decision = super().decide(observations, state, explore=explore)
        state.arrays()["memory"][:] = decision.state.arrays()["memory"]
        return decision


class ForgetsItsMemoryInArrays(GoodPolicy):
    """Keeps the memory in an attribute of its state that arrays() does not give."""

    class State:
        def __init__(self, values, memory):
            self.values, self.memory = values, memory

        def arrays(self):
            return self.values

        def with_arrays(self, arrays):
            return type(self)(dict(arrays), np.zeros((len(arrays["keys"]), SPEC.features), np.float32))

    def initial_state(self, rows, seed):
        arrays = dict(super().initial_state(rows, seed).arrays())
        return self.State({k: arrays[k] for k in ("keys", "counters")}, arrays["memory"])

    def decide(self, observations, state, *, explore=False):
        memory = state.memory
        whole = ArrayState({**state.arrays(), "memory": memory})
        decision = super().decide(observations, whole, explore=explore)
        arrays = dict(decision.state.arrays())
        return replace(decision, state=self.State({k: arrays[k] for k in ("keys", "counters")}, arrays["memory"]))


SHARED = {"bias": np.zeros(SPEC.actions, np.float32)}


class SharesState(GoodPolicy):
    """Two instances share a module-level array that the second kind of call writes into."""

    def __init__(self, seed=0):
        super().__init__(seed)
        SHARED["bias"] = self.weights[0] * 3

    def scores(self, observations, memory):
        return super().scores(observations, memory) + SHARED["bias"]


class WrongDtype(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        decision = super().decide(observations, state, explore=explore)
        return Decision(decision.actions.astype(np.int32), decision.state)  # refused at birth


class LeaksMemory(GoodPolicy):
    def __init__(self, seed=0):
        super().__init__(seed)
        self.kept = []

    def decide(self, observations, state, *, explore=False):
        decision = super().decide(observations, state, explore=explore)
        self.kept.append(observations.features.copy())
        return decision


class ClosesOnce(GoodPolicy):
    def close(self):
        del self.weights


class ChangingFingerprint(GoodPolicy):
    def fingerprint(self):
        return f"object-{id(self):020d}"


class NoExplore(GoodPolicy):
    def decide(self, observations, state):
        return super().decide(observations, state)


class GoodLearner:
    """Softmax regression with plain gradient steps: enough for the lessons of the kit."""

    def __init__(self, seed: int = 0) -> None:
        self._policy = LinearPolicy(seed)
        self.momentum = np.zeros_like(self._policy.weights)
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
        from townlet.api import BCMetrics, TrainingReport

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
        from townlet.api import PPOMetrics
        from townlet.errors import TrainingError

        active = rollout.active
        if not np.isfinite(rollout.rewards[active]).all():
            raise TrainingError("rewards are not finite")
        batch = ObservationBatch(
            *(
                a.reshape(-1, *a.shape[2:])
                for a in (rollout.map, rollout.features, rollout.action_mask, rollout.active, rollout.episode_start)
            )
        ).take(active.ravel())
        advantages = (rollout.rewards - rollout.rewards[active].mean())[active]
        x = LinearPolicy.inputs(batch)
        self._step(x, batch.action_mask, rollout.actions[active], advantages, 2.0)
        return PPOMetrics(
            samples=len(x),
            seconds=0,
            policy_loss=0,
            value_loss=0,
            entropy=0,
            total_loss=0,
            clip_fraction=0,
            approx_kl=0,
            grad_norm=0,
            grad_norm_max=0,
            advantage_mean=0,
            advantage_std=0,
            explained_variance=0,
            epochs_done=1,
            learning_rate=0,
        )

    def save(self, directory: Path) -> None:
        np.save(directory / "weights.npy", self._policy.weights)
        np.save(directory / "momentum.npy", self.momentum)

    def load(self, directory: Path) -> None:
        self._policy.weights = np.load(directory / "weights.npy")
        self.momentum = np.load(directory / "momentum.npy")


class LinearPolicy:
    def __init__(self, seed=0):
        generator = np.random.Generator(np.random.PCG64(seed))
        self.weights = generator.normal(size=(7, SPEC.actions)) * 0.01

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


class SavesHalfItsState(GoodLearner):
    def load(self, directory: Path) -> None:
        super().load(directory)
        self.momentum = np.zeros_like(self.momentum)


class LearnsNothing(GoodLearner):
    def _step(self, features, mask, actions, weights, rate):
        self._policy.weights = self._policy.weights + 1e-9


class LearnsFromTheDead(GoodLearner):
    def update(self, rollout, settings):
        from dataclasses import replace as changed

        return super().update(changed(rollout, active=np.ones_like(rollout.active)), settings)


class LearnsFromNan(GoodLearner):
    def update(self, rollout, settings):
        from dataclasses import replace as changed

        return super().update(changed(rollout, rewards=np.nan_to_num(rollout.rewards)), settings)


POLICIES = {
    ChoosesMasked: "semantics.masked-actions-are-never-chosen",
    ActsInEmptySlots: "semantics.empty-rows-wait",
    DependsOnRowOrder: "semantics.row-order-does-not-matter",
    DependsOnTheOthers: "semantics.a-row-alone-chooses-the-same",
    HiddenState: "determinism.nothing-is-remembered-outside-the-state",
    IgnoresBirths: "semantics.births-void-memory",
    Unseeded: "determinism.same-seed-same-actions",
    DrawsFromGlobalRandom: "determinism.global-random-state-is-left-alone",
    WritesIntoObservations: "semantics.observations-are-not-written-into",
    ChangesStateInPlace: "determinism.the-state-is-not-changed-in-place",
    ForgetsItsMemoryInArrays: "determinism.resume-equals-uninterrupted",
    SharesState: "determinism.instances-share-nothing",
    WrongDtype: "protocol.decision-has-the-right-shape",
    LeaksMemory: "resources.memory-does-not-grow",
    ClosesOnce: "protocol.close-may-be-called-twice",
    ChangingFingerprint: "protocol.fingerprint-identifies-the-behaviour",
    NoExplore: "protocol.policy-has-the-methods",
}
LEARNERS = {
    SavesHalfItsState: "determinism.saving-loses-nothing",
    LearnsNothing: "learning.solves-a-bandit-town",
    LearnsFromTheDead: "learning.inactive-rows-teach-nothing",
    LearnsFromNan: "learning.nan-leaves-the-weights",
}
