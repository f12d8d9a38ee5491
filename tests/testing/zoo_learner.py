"""A learner that is right: PPO and cloning with gradients by hand, every setting honoured. Float64 throughout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from townlet_conformance_zoo_adam import Trainer, adam, clipped
from townlet_conformance_zoo_cloning import clone
from townlet_conformance_zoo_good import SPEC
from townlet_conformance_zoo_minds import LinearMind, RecurrentMind, inputs, log_softmax, rounded

from townlet.api import BCSettings, PPOMetrics, PPOSettings
from townlet.errors import CheckpointError, TrainingError

HONOURED = {"bc": frozenset(BCSettings.model_fields), "ppo": frozenset(PPOSettings.model_fields)}
"""What GoodLearner does as it is told: everything."""


class GoodLearner:
    """Each method works on values and puts new ones in place at its end, or none."""

    mind = LinearMind
    keeps_the_best = True
    """Of what cloning came to, by the held-out part."""

    def __init__(self, seed=0, spec=SPEC):
        self.spec = spec
        self._policy = self.mind(seed, spec)
        self.trainer = Trainer()
        self.reference = None

    @property
    def policy(self):
        return self._policy

    def hold_reference(self):
        self.reference = dict(self._policy.weights)

    def clone_behaviour(self, demonstrations, settings, report):
        self._policy.weights, metrics = clone(
            self._policy, demonstrations, settings, report, keeps_the_best=self.keeps_the_best
        )
        self._policy.mean, self._policy.scale, self.trainer = 0.0, 1.0, Trainer()
        return metrics

    def advantages(self, rollout, gamma, decay):
        """float64 ``[T, N]`` (Schulman et al., 2016)."""
        found, running, following = (np.zeros(s) for s in (rollout.rewards.shape, rollout.rows, rollout.rows))
        known = np.zeros(rollout.rows, np.bool_)
        for t in range(rollout.ticks - 1, -1, -1):
            asked, ended = rollout.asked[t], rollout.terminated[t]
            cut, discount = rollout.truncated[t] | ~known, gamma ** rollout.duration[t].astype(np.float64)
            ahead = np.where(ended, 0.0, np.where(cut, rollout.bootstrap[t], following))
            advantage = rollout.rewards[t] + discount * ahead - rollout.values[t]
            advantage = advantage + discount * decay * running * ~(ended | cut)
            found[t] = np.where(asked, advantage, 0.0)
            running, following = np.where(asked, advantage, running), np.where(asked, rollout.values[t], following)
            known = (known | asked) & ~rollout.episode_start[t]
        return found

    def update(self, rollout, settings):
        asked = rollout.asked
        self.check(rollout)
        advantages = self.advantages(rollout, settings.gamma, settings.gae_lambda)
        decay = settings.gae_lambda if settings.value_lambda is None else settings.value_lambda
        returns = self.advantages(rollout, settings.gamma, decay) + rollout.values
        weights, trainer = self.rescaled(returns[asked], settings)
        mean, scale = trainer.units(settings, self._policy)
        experience = {
            "seen": inputs(rollout.features, rollout.map),
            "mask": rollout.action_mask,
            "starts": rollout.episode_start,
            "asked": asked,
            "actions": rollout.actions,
            "old": rollout.log_probs.astype(np.float64),
            "advantages": advantages,
            "returns": (returns - mean) / scale,
            "values": (rollout.values - mean) / scale,
        }
        memory = (rollout.state or {}).get("memory", np.zeros((rollout.rows, self._policy.width)))
        stats = []
        for rows, lesson in self.minibatches(rollout, settings):
            some = {name: a[:, rows] for name, a in experience.items()}
            gradients, found = self.gradients(weights, some, memory[rows], lesson, settings)
            if settings.target_kl is not None and found["approx_kl"] > 1.5 * settings.target_kl:
                break
            gradients, found["grad_norm"] = clipped(gradients, settings.max_grad_norm)
            if not np.isfinite(found["grad_norm"]):
                raise TrainingError("the gradient is not finite")
            weights, trainer = adam(weights, trainer, gradients, settings.learning_rate, settings.adam_epsilon)
            stats.append(found)
        self._policy.weights, self._policy.mean, self._policy.scale, self.trainer = weights, mean, scale, trainer
        return self.metrics(rollout, advantages, returns, stats, settings)

    def check(self, rollout):
        """Raise TrainingError unless all that counts is finite."""
        for name in ("rewards", "values", "log_probs", "bootstrap"):
            if not np.isfinite(getattr(rollout, name)[rollout.asked]).all():
                raise TrainingError(f"{name} are not finite")

    def rescaled(self, returns, settings):
        """Weights with the critic in the units of the returns seen (van Hasselt et al., 2016), and those."""
        policy = self._policy
        if not settings.normalise_values:
            return dict(policy.weights), self.trainer
        trainer = self.trainer.with_returns(returns)
        mean, scale = trainer.units(settings, policy)
        value = policy.weights["value"] * policy.scale / scale
        value[0] += (policy.mean - mean) / scale  # the first of the inputs is always one
        return {**policy.weights, "value": value}, trainer

    def minibatches(self, rollout, settings):
        """Rows and demonstrations of each minibatch: whole rows, so that a memory sees them in order."""
        order = np.random.Generator(np.random.PCG64(settings.seed))
        shown, parts = rollout.demonstrations, settings.minibatches
        for _ in range(settings.epochs):
            rows = np.array_split(order.permutation(rollout.rows), parts)
            lessons = np.array_split(order.permutation(0 if shown is None else len(shown.actions)), parts)
            for some, lesson in zip(rows, lessons, strict=True):
                if len(some):
                    yield some, None if shown is None else (shown.observations.take(lesson), shown.actions[lesson])

    def gradients(self, weights, some, memory, lesson, settings):
        """Gradients of the loss of one minibatch, and its numbers."""
        policy, asked = self._policy, some["asked"]
        seen = rounded(some["seen"]) if settings.precision == "bfloat16" else some["seen"]
        joined, _ = policy.encode(weights, seen, some["starts"], memory)
        errors, found = self.policy_errors(joined @ weights["policy"], some, settings, joined, memory)
        misses, found["value_loss"] = self.value_errors((joined @ weights["value"])[:, :, 0], some, settings)
        misses = misses * settings.value_coefficient / max(asked.sum(), 1)
        gradients = {"value": np.einsum("abe,ab->e", joined, misses)[:, None]}
        found["total_loss"] += settings.value_coefficient * found["value_loss"]
        if settings.train_policy:
            gradients["policy"] = np.einsum("abe,abk->ek", joined, errors)
            back = errors @ weights["policy"].T + misses[:, :, None] * weights["value"][:, 0]
            gradients |= policy.backward(weights, seen, some["starts"], memory, back)
            if lesson is not None and settings.bc_coefficient:
                gradients["policy"] += self.cloning_term(weights, *lesson, settings, found)
        return gradients, found

    def log_probs(self, logits, mask):
        """Of all actions, as the policy said them."""
        return log_softmax(logits, mask)

    def policy_errors(self, logits, some, settings, joined, memory):
        """Errors of the scores ``[T, N, K]``, and the numbers that go with them."""
        asked, index = some["asked"], some["actions"][:, :, None]
        count = max(asked.sum(), 1)
        log_p = self.log_probs(logits, some["mask"])
        p = np.exp(log_p)
        change = np.where(asked, np.take_along_axis(log_p, index, 2)[:, :, 0] - some["old"], 0.0)
        ratio, advantage = np.exp(change), self.normalised(some["advantages"], asked, settings)
        outside = asked & (np.abs(ratio - 1) > settings.clip_range)
        held = outside & ((ratio > 1) == (advantage > 0))
        pull = np.where(held | ~asked, 0.0, -advantage * ratio) / count
        entropy, slope = self.entropy(logits, log_p, some["mask"])
        chosen = np.eye(p.shape[2])[some["actions"]]
        errors = pull[:, :, None] * (chosen - p)
        errors -= settings.entropy_coefficient * slope * asked[:, :, None] / count
        bound = np.clip(ratio, 1 - settings.clip_range, 1 + settings.clip_range)
        found = {
            "policy_loss": -np.minimum(ratio * advantage, bound * advantage)[asked].sum() / count,
            "entropy": entropy[asked].sum() / count,
            "clip_fraction": outside.sum() / count,
            "approx_kl": (ratio - 1 - change)[asked].sum() / count,
        }
        found["total_loss"] = found["policy_loss"] - settings.entropy_coefficient * found["entropy"]
        if settings.kl_coefficient:
            if self.reference is None:
                raise TrainingError("no reference is held")
            errors += settings.kl_coefficient * self.kl(log_p, p, some, memory, joined, found) / count
            found["total_loss"] += settings.kl_coefficient * found["reference_kl"]
        return errors, found

    def normalised(self, advantages, asked, settings):
        """Advantages of a minibatch, of mean 0 and deviation 1 over what was asked."""
        if not settings.normalise_advantages or not asked.any():
            return advantages
        return (advantages - advantages[asked].mean()) / (advantages[asked].std() + 1e-8)

    def entropy(self, logits, log_p, mask):
        """Entropies ``[T, N]`` and their slopes by the scores ``[T, N, K]``."""
        del logits
        p = np.exp(log_p)
        plogp = np.where(mask, p * log_p, 0.0)
        entropy = -plogp.sum(axis=2)
        return entropy, -(plogp + p * entropy[:, :, None])

    def kl(self, log_p, p, some, memory, joined, found):
        """Slopes of KL(policy || reference) by the scores."""
        del joined
        kept, asked = self.reference, some["asked"]
        then, _ = self._policy.encode(kept, some["seen"], some["starts"], memory)
        apart = np.where(some["mask"], log_p - log_softmax(then @ kept["policy"], some["mask"]), 0.0)
        kl = (p * apart).sum(axis=2, keepdims=True)
        found["reference_kl"] = kl[asked].sum() / max(asked.sum(), 1)
        return p * (apart - kl) * asked[:, :, None]

    def value_errors(self, values, some, settings):
        """Errors of the values ``[T, N]`` and half their mean squared error, clipped in the critic's own units."""
        asked, miss = some["asked"], values - some["returns"]
        plain, worst = miss**2, miss**2
        if settings.value_clip_range is not None:
            most = self.value_clip(settings)
            near = some["values"] + np.clip(values - some["values"], -most, most)
            worst = np.maximum(plain, (near - some["returns"]) ** 2)
            miss = np.where((worst > plain) & (np.abs(values - some["values"]) > most), 0.0, miss)
        return np.where(asked, miss, 0.0), 0.5 * worst[asked].sum() / max(asked.sum(), 1)

    def value_clip(self, settings):
        """By how much a value may change, in the units that the critic learns in."""
        return settings.value_clip_range

    def cloning_term(self, weights, seen, actions, settings, found):
        """Gradient of the demonstrations' mean cross-entropy, with its coefficient."""
        x = inputs(seen.features, seen.map)
        log_p = self.log_probs(x @ weights["policy"], seen.action_mask)
        found["bc_loss"] = -log_p[np.arange(len(x)), actions].mean()
        found["total_loss"] += settings.bc_coefficient * found["bc_loss"]
        return settings.bc_coefficient * x.T @ (np.exp(log_p) - np.eye(log_p.shape[1])[actions]) / len(x)

    def metrics(self, rollout, advantages, returns, stats, settings):
        """All numbers that the contract knows."""
        asked = rollout.asked
        of, values = returns[asked], rollout.values[asked]
        advantages = advantages[asked]
        some = bool(len(of))
        variance = float(np.var(of)) if some else 0.0
        means = {name: float(np.mean([s[name] for s in stats])) for name in (stats[0] if stats else {})}
        return PPOMetrics(
            samples=len(of),
            seconds=0.0,
            grad_norm_max=max((s["grad_norm"] for s in stats), default=0.0),
            advantage_mean=float(advantages.mean()) if some else 0.0,
            advantage_std=float(advantages.std()) if some else 0.0,
            explained_variance=1 - float(np.var(of - values)) / variance if variance else 0.0,
            epochs_done=len(stats) / settings.minibatches,
            learning_rate=settings.learning_rate,
            **means,
        )

    def save(self, directory: Path) -> None:
        trainer = self.trainer
        held = {} if self.reference is None else {f"held.{name}": a for name, a in self.reference.items()}
        first = {f"first.{name}": a for name, a in trainer.first.items()}
        second = {f"second.{name}": a for name, a in trainer.second.items()}
        save_file(tidy(self._policy.weights), directory / "weights.safetensors")
        save_file(tidy({"none": np.zeros(1), **held, **first, **second}), directory / "trainer.safetensors")
        numbers = [trainer.steps, trainer.mean, trainer.squares, trainer.count, self._policy.mean, self._policy.scale]
        (directory / "numbers.json").write_text(json.dumps(numbers), encoding="utf-8")

    def load(self, directory: Path) -> None:
        try:
            weights = load_file(directory / "weights.safetensors")
            arrays = load_file(directory / "trainer.safetensors")
            numbers = json.loads((directory / "numbers.json").read_text(encoding="utf-8"))
            steps, mean, squares, count, shift, scale = numbers
        except (OSError, ValueError, SafetensorError) as error:
            raise CheckpointError("it is not whole", where=str(directory)) from error
        wanted = {name: array.shape for name, array in self._policy.weights.items()}
        if wanted != {name: array.shape for name, array in weights.items()}:
            raise CheckpointError("the weights are of another mind", where=str(directory))

        def part(prefix):
            return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}

        self._policy.weights, self._policy.mean, self._policy.scale = weights, shift, scale
        self.trainer = Trainer(part("first."), part("second."), steps, mean, squares, count)
        self.reference = part("held.") or None


def tidy(arrays):
    """As safetensors wants them."""
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


class RecurrentLearner(GoodLearner):
    """The same for a mind with memory, to which single ticks, as beside a rollout, teach nothing."""

    mind = RecurrentMind

    def unhonoured(self, kind):
        return {"bc_coefficient": "single ticks do not teach a memory"} if kind == "ppo" else {}
