"""Gradient steps: pure functions from weights, what Adam remembers, a batch and settings to what comes after.

Every number of the settings is an argument; ``bfloat16``, ``mixed`` and ``held`` choose another computation and are
compiled apart. ``weight`` of a batch is 1 in rows that count and 0 in those that only fill it up.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from townlet_backend_jax.network import Weights, forward, log_softmax

Numbers = dict[str, Array]


class Adam(NamedTuple):
    """What Adam remembers (Kingma and Ba, 2015): both moments of each weight, and the steps of each stack."""

    first: Weights
    second: Weights
    steps: Numbers


class Batch(NamedTuple):
    """Rows to learn from, ``[B, ...]``: those that ``weight`` names."""

    codes: Array
    features: Array
    mask: Array
    actions: Array
    weight: Array


class Lived(NamedTuple):
    """What goes with the rows of a rollout, float32 ``[B]``; values and returns as the critic gives them."""

    log_probs: Array
    advantages: Array
    values: Array
    returns: Array


def new_adam(weights: Weights) -> Adam:
    """Nothing yet."""
    zeros = jax.tree.map(jnp.zeros_like, weights)
    return Adam(zeros, zeros, {name: jnp.int32(0) for name in weights})


def _mean(values: Array, weight: Array) -> Array:
    return (values * weight).sum() / jnp.maximum(weight.sum(), 1.0)


def _chosen(log_p: Array, actions: Array) -> Array:
    return jnp.take_along_axis(log_p, actions[:, None], axis=1)[:, 0]


def _stepped(
    weights: Weights, adam: Adam, gradients: Weights, learns: Numbers, told: Numbers
) -> tuple[Weights, Adam, Array]:
    """One step of AdamW for the stacks that learn (1 in ``learns``); its gradient's norm is clipped and returned."""
    gradients = {name: jax.tree.map(lambda g, on=learns[name]: g * on, stack) for name, stack in gradients.items()}
    norm = jnp.sqrt(sum((g**2).sum() for g in jax.tree.leaves(gradients)))
    shrunk = jnp.minimum(1.0, told["max_grad_norm"] / (norm + 1e-6))
    after, first, second, steps = {}, {}, {}, {}
    for name, stack in weights.items():
        on = learns[name] > 0
        count = steps[name] = adam.steps[name] + on
        one, two = 1 - 0.9 ** count.astype(jnp.float32), 1 - 0.999 ** count.astype(jnp.float32)

        def moved(w: Array, m: Array, v: Array, one: Array = one, two: Array = two, on: Array = on) -> Array:
            step = (m / one) / (jnp.sqrt(v / two) + told["adam_epsilon"])
            return jnp.where(on, w - told["learning_rate"] * (step + told["weight_decay"] * w), w)

        first[name] = jax.tree.map(
            lambda m, g, on=on: jnp.where(on, 0.9 * m + 0.1 * g * shrunk, m), adam.first[name], gradients[name]
        )
        second[name] = jax.tree.map(
            lambda v, g, on=on: jnp.where(on, 0.999 * v + 0.001 * (g * shrunk) ** 2, v),
            adam.second[name],
            gradients[name],
        )
        after[name] = jax.tree.map(moved, stack, first[name], second[name])
    return after, Adam(first, second, steps), norm


@jax.jit
def clone_step(
    weights: Weights, adam: Adam, batch: Batch, balance: Array, told: Numbers
) -> tuple[Weights, Adam, Array]:
    """One step of cloning. ``balance`` float32 ``[K]`` weighs actions. Returns the loss last."""

    def loss(weights: Weights) -> Array:
        log_p = log_softmax(forward(weights["policy"], batch.codes, batch.features), batch.mask)
        spread = batch.mask / jnp.maximum(batch.mask.sum(axis=1, keepdims=True), 1)
        smooth = -jnp.where(batch.mask, spread * log_p, 0.0).sum(axis=1)
        wrong = (1 - told["label_smoothing"]) * -_chosen(log_p, batch.actions) + told["label_smoothing"] * smooth
        counts = batch.weight * balance[batch.actions]
        return (wrong * counts).sum() / jnp.maximum(counts.sum(), 1e-8)

    found, gradients = jax.value_and_grad(loss)(weights)
    weights, adam, _ = _stepped(weights, adam, gradients, {"policy": jnp.float32(1), "value": jnp.float32(0)}, told)
    return weights, adam, found


@jax.jit
def judge(weights: Weights, batch: Batch) -> tuple[Array, Array]:
    """Cross-entropy ``[B]`` and whether the likeliest action is the teacher's ``[B]``."""
    log_p = log_softmax(forward(weights["policy"], batch.codes, batch.features), batch.mask)
    return -_chosen(log_p, batch.actions), log_p.argmax(axis=1) == batch.actions


@partial(jax.jit, static_argnames=("bfloat16", "mixed", "held"))
def ppo_step(
    weights: Weights,
    adam: Adam,
    reference: Weights,
    batch: Batch,
    lived: Lived,
    shown: Batch,
    told: Numbers,
    *,
    bfloat16: bool,
    mixed: bool,
    held: bool,
) -> tuple[Weights, Adam, Numbers]:
    """One step of PPO (Schulman et al., 2017) with the terms that were asked for.

    Args:
        weights, adam: as they are.
        reference: whom the policy is held near, with ``held``.
        batch, lived: the minibatch.
        shown: demonstrations, with ``mixed``.
        told: the settings as numbers.
        bfloat16: products in 16 bits.
        mixed, held: whether there is a cloning term, a term of the reference.
    """
    count = batch.weight

    def loss(weights: Weights) -> tuple[Array, Numbers]:
        scores = forward(weights["policy"], batch.codes, batch.features, bfloat16=bfloat16)
        log_p = log_softmax(scores, batch.mask)
        p = jnp.where(batch.mask, jnp.exp(log_p), 0.0)
        mean = _mean(lived.advantages, count)
        deviation = jnp.sqrt(_mean((lived.advantages - mean) ** 2, count)) + 1e-8
        advantage = jnp.where(told["normalise"], (lived.advantages - mean) / deviation, lived.advantages)
        change = jnp.where(count > 0, _chosen(log_p, batch.actions) - lived.log_probs, 0.0)
        ratio, clip = jnp.exp(change), told["clip_range"]
        surrogate = -jnp.minimum(ratio * advantage, jnp.clip(ratio, 1 - clip, 1 + clip) * advantage)
        values = forward(weights["value"], batch.codes, batch.features, bfloat16=bfloat16)[:, 0]
        near = lived.values + jnp.clip(values - lived.values, -told["value_clip"], told["value_clip"])
        misfit = 0.5 * jnp.maximum((values - lived.returns) ** 2, (near - lived.returns) ** 2)
        entropy = -(p * log_p).sum(axis=1)
        found = {
            "policy_loss": _mean(surrogate, count),
            "value_loss": _mean(misfit, count),
            "entropy": _mean(entropy, count),
            "clip_fraction": _mean(jnp.abs(ratio - 1) > clip, count),
            "approx_kl": _mean(ratio - 1 - change, count),
        }
        total = found["policy_loss"] - told["entropy_coefficient"] * found["entropy"]
        if held:
            theirs = log_softmax(
                forward(reference["policy"], batch.codes, batch.features, bfloat16=bfloat16), batch.mask
            )
            found["reference_kl"] = _mean((p * (log_p - theirs)).sum(axis=1), count)
            total += told["kl_coefficient"] * found["reference_kl"]
        if mixed:
            scores = forward(weights["policy"], shown.codes, shown.features, bfloat16=bfloat16)
            found["bc_loss"] = -_mean(_chosen(log_softmax(scores, shown.mask), shown.actions), shown.weight)
            total += told["bc_coefficient"] * found["bc_loss"]
        found["total_loss"] = total + told["value_coefficient"] * found["value_loss"]
        return found["total_loss"], found

    gradients, found = jax.grad(loss, has_aux=True)(weights)
    learns = {"policy": told["train_policy"], "value": jnp.float32(1)}
    weights, adam, norm = _stepped(weights, adam, gradients, learns, told)
    return weights, adam, {**found, "grad_norm": norm}
