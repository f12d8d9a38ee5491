"""Behaviour cloning and PPO with gradients by hand. Core's training strategies drive it like any other learner."""

import json
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from townlet.api import (
    BCMetrics,
    BCSettings,
    DemonstrationSource,
    ObservationSpec,
    PPOMetrics,
    PPOSettings,
    Report,
    RolloutBatch,
    TrainingReport,
)
from townlet.errors import CheckpointError, TrainingError

from townlet_backend_numpy_learner.memory import NumpyMemory
from townlet_backend_numpy_learner.options import Options
from townlet_backend_numpy_learner.policy import NumpyPolicy, Weights, forward, new_weights


class NumpyLearner:
    """Adam on a small network. See LearnerProtocol in townlet.api for what each method owes."""

    def __init__(self, spec: ObservationSpec, options: Options, seed: int) -> None:
        self._spec = spec
        self._policy = NumpyPolicy(new_weights(spec, options, seed))
        self._moments = {k: np.zeros((2, *v.shape), np.float32) for k, v in self._policy.weights.items()}
        self._steps = 0

    @property
    def policy(self) -> NumpyPolicy:
        """Acts with the current weights."""
        return self._policy

    def clone_behaviour(self, demonstrations: DemonstrationSource, settings: BCSettings, report: Report) -> BCMetrics:
        """Cross-entropy on the teacher's actions; the weights that did best on held-out data are kept."""
        started, samples, best, kept, waited = time.perf_counter(), 0, np.inf, self._policy.weights, 0
        train_loss, epoch = 0.0, 0
        for epoch in range(1, settings.epochs + 1):
            losses = []
            for batch in demonstrations.batches("train", settings.batch_size, seed=settings.seed + epoch):
                features, mask = batch.observations.features, batch.observations.action_mask
                hidden, logits, _ = forward(self._policy.weights, features)
                log_p = log_softmax(logits, mask)
                errors = (np.exp(log_p) - one_hot(batch.actions, mask.shape[1])) / len(features)
                self._step(
                    features, hidden, errors, np.zeros(len(features)), settings.learning_rate, settings.max_grad_norm
                )
                losses.append(-log_p[np.arange(len(features)), batch.actions].mean())
                samples += len(features)
            train_loss, (loss, _) = float(np.mean(losses)), self._held_out(demonstrations)
            best, kept, waited = (loss, self._policy.weights, 0) if loss < best else (best, kept, waited + 1)
            seconds = time.perf_counter() - started
            report(
                TrainingReport(
                    phase="bc",
                    step=epoch,
                    total=settings.epochs,
                    samples=samples,
                    seconds=seconds,
                    metrics={"loss": loss, "train_loss": train_loss},
                )
            )
            if waited >= settings.patience:
                break
        self._policy.weights = kept
        loss, accuracy = self._held_out(demonstrations)
        counts = demonstrations.action_counts("validation")
        return BCMetrics(
            epochs=epoch,
            samples=samples,
            seconds=time.perf_counter() - started,
            train_loss=train_loss,
            loss=loss,
            accuracy=accuracy,
            majority_accuracy=float(counts.max() / max(counts.sum(), 1)),
        )

    def update(self, rollout: RolloutBatch, settings: PPOSettings) -> PPOMetrics:
        """The clipped surrogate of Schulman et al. (2017) on asked entries."""
        started, asked = time.perf_counter(), rollout.asked
        advantages = gae(rollout, settings.gamma, settings.gae_lambda)
        returns = (advantages + rollout.values)[asked]
        before = self._policy.weights, {k: v.copy() for k, v in self._moments.items()}, self._steps
        data = [a[asked] for a in (rollout.features, rollout.action_mask, rollout.actions, rollout.log_probs)]
        advantage, order = advantages[asked], np.random.Generator(np.random.PCG64(settings.seed))
        raw_mean, raw_std = (float(advantage.mean()), float(advantage.std())) if len(advantage) else (0.0, 0.0)
        scaled = (advantage - raw_mean) / (raw_std + 1e-8) if settings.normalise_advantages else advantage
        stats = []
        for _ in range(settings.epochs):
            for rows in np.array_split(order.permutation(len(scaled)), settings.minibatches):
                if len(rows):
                    stats.append(self._ppo_step(*(a[rows] for a in (*data, scaled, returns)), settings))
        if not np.isfinite(stats).all():  # once it is not, nothing that follows is
            self._policy.weights, self._moments, self._steps = before
            raise TrainingError("the loss or its gradient is not finite", where="PPO update")
        means = np.mean(stats, axis=0) if stats else np.zeros(6)
        variance = float(np.var(returns)) if len(returns) else 0.0
        explained = 1 - float(np.var(returns - rollout.values[asked])) / variance if variance else 0.0
        names = ("policy_loss", "value_loss", "entropy", "clip_fraction", "approx_kl", "grad_norm")
        return PPOMetrics(
            samples=len(scaled),
            seconds=time.perf_counter() - started,
            total_loss=float(means[0] + means[1]),
            grad_norm_max=max((float(s[5]) for s in stats), default=0.0),
            advantage_mean=raw_mean,
            advantage_std=raw_std,
            explained_variance=explained,
            epochs_done=settings.epochs,
            learning_rate=settings.learning_rate,
            **{n: float(m) for n, m in zip(names, means, strict=True)},
        )

    def rollout_memory(self, ticks: int, rows: int, *, spans: bool) -> NumpyMemory:
        """Where rollouts are to be written; :meth:`update` is then given views of it. Asked for once."""
        return NumpyMemory(self._spec, ticks, rows, spans)

    def save(self, directory: Path) -> None:
        """Weights, and what Adam remembers."""
        save_file(self._policy.weights, directory / "weights.safetensors")
        save_file(self._moments, directory / "trainer_state.safetensors")
        (directory / "trainer_state.json").write_text(json.dumps({"steps": self._steps}), encoding="utf-8")

    def load(self, directory: Path) -> None:
        """Read what :meth:`save` wrote; nothing changes where it does not fit."""
        weights = read_weights(directory, self._policy.weights)
        try:
            moments = load_file(directory / "trainer_state.safetensors")
            steps = int(json.loads((directory / "trainer_state.json").read_text(encoding="utf-8"))["steps"])
        except Exception as error:
            raise CheckpointError(
                f"the state of the optimiser cannot be read: {error}", where=str(directory)
            ) from error
        self._policy.weights, self._moments, self._steps = weights, moments, steps

    def _ppo_step(self, features, mask, actions, old, advantage, returns, settings):
        hidden, logits, values = forward(self._policy.weights, features)
        log_p = log_softmax(logits, mask)
        p, index = np.exp(log_p), np.arange(len(actions))
        change = log_p[index, actions] - old
        ratio = np.exp(change)
        outside = np.abs(ratio - 1) > settings.clip_range
        held = outside & ((ratio > 1) == (advantage > 0))  # where the clipped term is the smaller one: no gradient
        pull = np.where(held, 0, -advantage * ratio) / len(actions)
        plogp = np.where(mask, p * log_p, 0)
        entropy = -plogp.sum(axis=1)
        bonus = settings.entropy_coefficient * (plogp + p * entropy[:, None]) / len(actions)
        errors = pull[:, None] * (one_hot(actions, mask.shape[1]) - p) + bonus
        misses = values - returns
        misfit = settings.value_coefficient * misses / len(actions)
        rate, trained = settings.learning_rate, None if settings.train_policy else ("value", "value_b")
        norm = self._step(features, hidden, errors, misfit, rate, settings.max_grad_norm, trained)
        surrogate = -np.minimum(
            ratio * advantage, np.clip(ratio, 1 - settings.clip_range, 1 + settings.clip_range) * advantage
        )
        return (
            surrogate.mean(),
            0.5 * (misses**2).mean(),
            entropy.mean(),
            outside.mean(),
            (ratio - 1 - change).mean(),
            norm,
        )

    def _step(self, features, hidden, logit_errors, value_errors, rate: float, max_norm: float, trained=None) -> float:
        """Backpropagate the errors of both heads and take one step of Adam (Kingma and Ba, 2015)."""
        weights = self._policy.weights
        behind = (logit_errors @ weights["policy"].T + value_errors[:, None] @ weights["value"].T) * (1 - hidden**2)
        gradients = {
            "w": features.T @ behind,
            "b": behind.sum(0),
            "policy": hidden.T @ logit_errors,
            "policy_b": logit_errors.sum(0),
            "value": hidden.T @ value_errors[:, None],
            "value_b": value_errors.sum(keepdims=True),
        }
        gradients = {name: gradients[name] for name in trained or gradients}  # the critic alone, while it warms up
        norm = float(np.sqrt(sum((g**2).sum() for g in gradients.values())))
        self._steps += 1
        stepped: Weights = dict(weights)
        for name, gradient in gradients.items():
            gradient = (gradient * min(1.0, max_norm / (norm + 1e-8))).astype(np.float32)
            first, second = self._moments[name]
            first += np.float32(0.1) * (gradient - first)
            second += np.float32(0.001) * (gradient**2 - second)
            scale = rate * np.sqrt(1 - 0.999**self._steps) / (1 - 0.9**self._steps)
            stepped[name] = weights[name] - np.float32(scale) * first / (np.sqrt(second) + np.float32(1e-8))
        self._policy.weights = stepped
        return norm

    def _held_out(self, demonstrations: DemonstrationSource) -> tuple[float, float]:
        loss, right, count = 0.0, 0, 0
        for batch in demonstrations.batches("validation", 4096):
            mask = batch.observations.action_mask
            log_p = log_softmax(forward(self._policy.weights, batch.observations.features)[1], mask)
            loss -= float(log_p[np.arange(len(mask)), batch.actions].sum())
            right, count = right + int((log_p.argmax(axis=1) == batch.actions).sum()), count + len(mask)
        return loss / max(count, 1), right / max(count, 1)


def read_weights(directory: Path, like: Weights) -> Weights:
    """Weights from a checkpoint folder, refused with the first difference unless they fit those of ``like``."""
    try:
        weights = load_file(directory / "weights.safetensors")
    except Exception as error:
        raise CheckpointError(f"the weights cannot be read: {error}", where=str(directory)) from error
    for name, array in like.items():
        if name not in weights or weights[name].shape != array.shape:
            found = weights[name].shape if name in weights else "nothing"
            raise CheckpointError(
                f"weights {name!r} must have shape {array.shape}, found {found}", where=str(directory)
            )
    return weights


def log_softmax(logits: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities of the possible actions; a large negative number for the others."""
    scores = np.where(mask, logits, np.float32(-1e9))
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def one_hot(actions: np.ndarray, count: int) -> np.ndarray:
    """Rows of the identity."""
    return np.eye(count, dtype=np.float32)[actions]


def gae(rollout: RolloutBatch, gamma: float, decay: float) -> np.ndarray:
    """Generalised advantages [T, N] of asked entries (Schulman et al., 2016).

    What follows an entry is the next asked one of the same life; the ticks between hold no decision.
    """
    advantages, running, following = (np.zeros(shape) for shape in (rollout.rewards.shape, rollout.rows, rollout.rows))
    known = np.zeros(rollout.rows, np.bool_)
    for t in range(rollout.ticks - 1, -1, -1):
        asked, ended = rollout.asked[t], rollout.terminated[t]
        cut, discount = rollout.truncated[t] | ~known, gamma ** rollout.duration[t]
        ahead = np.where(ended, 0.0, np.where(cut, rollout.bootstrap[t], following))
        advantage = rollout.rewards[t] + discount * ahead - rollout.values[t]
        advantage += discount * decay * running * ~(ended | cut)
        advantages[t] = np.where(asked, advantage, 0.0)
        running, following = np.where(asked, advantage, running), np.where(asked, rollout.values[t], following)
        known = (known | asked) & ~rollout.episode_start[t]
    return advantages.astype(np.float32)
