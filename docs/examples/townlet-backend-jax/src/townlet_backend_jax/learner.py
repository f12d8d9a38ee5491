"""The learner. Core's training strategies drive it; see LearnerProtocol in townlet.api for what each method owes."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from townlet.api import (
    BCMetrics,
    BCSettings,
    DemonstrationBatch,
    DemonstrationSource,
    ObservationSpec,
    PPOMetrics,
    PPOSettings,
    Report,
    RolloutBatch,
)
from townlet.errors import CheckpointError, TrainingError

from townlet_backend_jax.cloning import clone, taught
from townlet_backend_jax.network import Mind, Weights, new_mind
from townlet_backend_jax.options import Options
from townlet_backend_jax.policy import JaxPolicy, filled
from townlet_backend_jax.returns import Statistics, advantages_of
from townlet_backend_jax.steps import Batch, Lived, Numbers, new_adam, ppo_step
from townlet_backend_jax.storing import MIND, read_mind, read_tree, write_tree

_NUMBERS = (
    "learning_rate",
    "adam_epsilon",
    "clip_range",
    "value_coefficient",
    "entropy_coefficient",
    "max_grad_norm",
    "bc_coefficient",
    "kl_coefficient",
    "train_policy",
)
_ADAM, _REFERENCE, _COUNTS = "adam.safetensors", "reference.safetensors", "learner.json"


class JaxLearner:
    """Everything that changes is a value; each method puts new ones in place at its end, or none."""

    def __init__(self, spec: ObservationSpec, options: Options, seed: int) -> None:
        self._spec = spec
        self._policy = JaxPolicy(new_mind(spec, options, seed))
        self._adam = new_adam(self._policy.mind.weights)
        self._reference: Weights | None = None
        self._statistics = Statistics()

    @property
    def policy(self) -> JaxPolicy:
        """Acts with the current weights."""
        return self._policy

    def clone_behaviour(self, demonstrations: DemonstrationSource, settings: BCSettings, report: Report) -> BCMetrics:
        """The weights that did best on held-out data stay; PPO's optimiser and statistics begin anew."""
        weights, metrics = clone(self._policy.mind.weights, demonstrations, settings, report)
        self._policy.mind = Mind(weights, jnp.float32(0), jnp.float32(1))
        self._adam, self._statistics = new_adam(weights), Statistics()
        return metrics

    def hold_reference(self) -> None:
        """Hold on to the current weights: they are values, so nothing is copied."""
        self._reference = self._policy.mind.weights

    def update(self, rollout: RolloutBatch, settings: PPOSettings) -> PPOMetrics:
        """Learn from what was asked in a rollout. Raises TrainingError, with nothing changed, if it is not finite."""
        started, asked, mind = time.perf_counter(), rollout.asked, self._policy.mind
        if settings.kl_coefficient and self._reference is None:
            raise TrainingError("no reference is held", where="PPO update", details=("call hold_reference first",))
        advantages = advantages_of(rollout, settings.gamma, settings.gae_lambda)
        decay = settings.gae_lambda if settings.value_lambda is None else settings.value_lambda
        returns = (advantages_of(rollout, settings.gamma, decay) + rollout.values)[asked]
        advantage, before = advantages[asked], rollout.values[asked].astype(np.float64)
        if not (np.isfinite(returns).all() and np.isfinite(advantage).all()):
            raise TrainingError("the rollout's rewards or values are not finite", where="PPO update")
        statistics = self._statistics.with_more(returns) if settings.normalise_values else self._statistics
        mind = rescaled(mind, statistics)
        data = [
            a[asked] for a in (rollout.map, rollout.features, rollout.action_mask, rollout.actions, rollout.log_probs)
        ]
        units = [(a - statistics.mean) / statistics.scale for a in (before, returns)]
        weights, adam, found, steps = self._learn(mind.weights, [*data, advantage, *units], rollout, settings)
        means = {name: float(np.mean([step[name] for step in found])) for name in found[0]} if found else {}
        if not all(np.isfinite(value) for value in means.values()):
            raise TrainingError("the loss or its gradient is not finite", where="PPO update")
        self._policy.mind, self._adam, self._statistics = mind._replace(weights=weights), adam, statistics
        variance = float(np.var(returns)) if len(returns) else 0.0
        return PPOMetrics(
            samples=len(returns),
            seconds=time.perf_counter() - started,
            grad_norm_max=max((float(step["grad_norm"]) for step in found), default=0.0),
            advantage_mean=float(advantage.mean()) if len(advantage) else 0.0,
            advantage_std=float(advantage.std()) if len(advantage) else 0.0,
            explained_variance=1 - float(np.var(returns - before)) / variance if variance else 0.0,
            epochs_done=steps / settings.minibatches,
            learning_rate=settings.learning_rate,
            **means,
        )

    def _learn(
        self, weights: Weights, data: list[np.ndarray], rollout: RolloutBatch, settings: PPOSettings
    ) -> tuple[Weights, object, list[Numbers], int]:
        """All gradient steps of an update, up to the one that ``target_kl`` forbids."""
        told = numbers_of(settings)
        adam, shown, found = self._adam, rollout.demonstrations, []
        mixed, held = bool(settings.bc_coefficient) and shown is not None, bool(settings.kl_coefficient)
        whole = -(-rollout.ticks * rollout.rows // settings.minibatches)  # rows of every minibatch, whoever was asked
        lessons = -(-len(shown.actions) // settings.minibatches) if mixed and shown is not None else 1
        for rows, parts in shuffled(len(data[0]), len(shown.actions) if mixed and shown is not None else 0, settings):
            codes, features, mask, actions, log_probs, advantage, values, returns = (a[rows] for a in data)
            weight = np.ones(len(rows), np.float32)
            batch = Batch(*(filled(a, whole) for a in (codes, features, mask, actions.astype(np.int32), weight)))
            floats = (a.astype(np.float32) for a in (log_probs, advantage, values, returns))
            lived = Lived(*(filled(a, whole) for a in floats))
            lesson = (
                batch
                if not mixed or shown is None
                else taught(DemonstrationBatch(shown.observations.take(parts), shown.actions[parts]), lessons)
            )
            stepped = ppo_step(
                weights,
                adam,
                self._reference or weights,
                batch,
                lived,
                lesson,
                told,
                bfloat16=settings.precision == "bfloat16",
                mixed=mixed,
                held=held,
            )
            if settings.target_kl is not None and float(stepped[2]["approx_kl"]) > 1.5 * settings.target_kl:
                break
            weights, adam, seen = stepped
            found.append(seen)
        return weights, adam, found, len(found)

    def warm_up(self, ticks: int, rows: int, settings: PPOSettings) -> None:
        """Compile what updates of this size need, before the first one is timed. Nothing is learned.

        With demonstrations it is left to the first update: how many there will be is not known yet.
        """
        if settings.bc_coefficient:
            return
        spec = self._spec
        whole = -(-ticks * rows // settings.minibatches)
        shapes = ((*spec.map_shape,), (spec.feature_count,), (spec.action_count,))
        kinds = (np.uint8, np.float32, np.bool_)
        seen = [np.zeros((whole, *shape), kind) for shape, kind in zip(shapes, kinds, strict=True)]
        batch = Batch(*seen, np.zeros(whole, np.int32), np.zeros(whole, np.float32))
        weights, nothing = self._policy.mind.weights, np.zeros(whole, np.float32)
        ppo_step(
            weights,
            self._adam,
            weights,
            batch,
            Lived(nothing, nothing, nothing, nothing),
            batch,
            numbers_of(settings),
            bfloat16=settings.precision == "bfloat16",
            mixed=False,
            held=bool(settings.kl_coefficient),
        )

    def save(self, directory: Path) -> None:
        """All that decides, and all that an exact resume needs."""
        write_tree(self._policy.mind, directory / MIND)
        write_tree(self._adam, directory / _ADAM)
        if self._reference is not None:
            write_tree(self._reference, directory / _REFERENCE)
        document = {"statistics": list(self._statistics), "reference": self._reference is not None}
        (directory / _COUNTS).write_text(json.dumps(document), encoding="utf-8")

    def load(self, directory: Path) -> None:
        """Read what :meth:`save` wrote; nothing changes where it does not fit."""
        mind = read_mind(directory, self._policy.mind)
        adam = read_tree(directory / _ADAM, self._adam)
        try:
            document = json.loads((directory / _COUNTS).read_text(encoding="utf-8"))
            mean, squares, count = document["statistics"]
            statistics, held = Statistics(float(mean), float(squares), int(count)), bool(document["reference"])
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise CheckpointError(f"the learner's numbers cannot be read: {error!r}", where=str(directory)) from error
        reference = read_tree(directory / _REFERENCE, mind.weights) if held else None
        self._policy.mind, self._adam, self._reference, self._statistics = mind, adam, reference, statistics


def numbers_of(settings: PPOSettings) -> Numbers:
    """The settings as arguments of a compiled function: another value of one is not another function."""
    told = {name: jnp.float32(getattr(settings, name)) for name in _NUMBERS}
    clip = jnp.inf if settings.value_clip_range is None else settings.value_clip_range
    return told | {
        "value_clip": jnp.float32(clip),
        "weight_decay": jnp.float32(0),
        "normalise": jnp.bool_(settings.normalise_advantages),
    }


def rescaled(mind: Mind, statistics: Statistics) -> Mind:
    """The same values in other units: the last layer takes up the difference (van Hasselt et al., 2016)."""
    mean, scale = jnp.float32(statistics.mean), jnp.float32(statistics.scale)
    if not statistics.count or (mean == mind.mean and scale == mind.scale):
        return mind
    *layers, (weight, bias) = mind.weights["value"]
    last = (weight * (mind.scale / scale), (mind.scale * bias + mind.mean - mean) / scale)
    return Mind({**mind.weights, "value": [*layers, last]}, mean, scale)


def shuffled(rows: int, lessons: int, settings: PPOSettings) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows and demonstrations of each minibatch of each epoch."""
    order = np.random.Generator(np.random.PCG64(settings.seed))
    for _ in range(settings.epochs):
        parts = np.array_split(order.permutation(lessons), settings.minibatches)
        for chosen, part in zip(np.array_split(order.permutation(rows), settings.minibatches), parts, strict=True):
            if len(chosen):
                yield chosen, part
