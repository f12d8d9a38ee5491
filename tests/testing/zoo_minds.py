"""What the zoo's learners act with: scores linear in what is seen, and the same with a memory."""

from __future__ import annotations

import hashlib

import numpy as np
from townlet_conformance_zoo_good import SPEC

from townlet.api import ArrayState, Decision, greedy_actions, row_keys, row_uniforms, sample_actions


def inputs(features, codes):
    """What is seen, float64 ``[..., D]``: a one, features and their signs, and the map.

    Args:
        features: float32 ``[..., F]``.
        codes: uint8 ``[..., C, H, W]``.
    """
    f = features.astype(np.float64)
    s = np.sign(f[..., :2])
    seen = codes.reshape(*codes.shape[: codes.ndim - 3], -1) / 255.0
    both = s[..., :1] * s[..., 1:2]
    return np.concatenate([np.ones_like(f[..., :1]), f, s, both, np.maximum(s[..., :1], 0), seen], axis=-1)


def log_softmax(logits, mask):
    """Logarithms of the probabilities of the possible actions; a large negative number for the others."""
    scores = np.where(mask, logits, -1e9)
    scores = scores - scores.max(axis=-1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


def rounded(x):
    """Kept to 16 bits, as bfloat16 keeps it."""
    return (x.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)


class LinearMind:
    """A policy that scores actions by one matrix and values by another; it holds both and no memory."""

    width = 0
    """Numbers that a row remembers."""

    def __init__(self, seed=0, spec=SPEC):
        self.spec = spec
        draw = np.random.Generator(np.random.PCG64(seed)).normal
        size = spec.feature_count + 5 + int(np.prod(spec.map_shape))
        self.weights = self.fresh(draw, size)
        self.mean, self.scale = 0.0, 1.0

    def fresh(self, draw, size):
        """New weights, by name."""
        return {
            "policy": draw(0, 0.01, (size + self.width, self.spec.action_count)),
            "value": draw(0, 0.01, (size + self.width, 1)),
        }

    def encode(self, weights, seen, starts, memory):
        """What the heads look at, float64 ``[T, N, E]``, and what is remembered afterwards, ``[N, width]``.

        Args:
            weights: by name.
            seen: float64 ``[T, N, D]``.
            starts: bool ``[T, N]``.
            memory: float64 ``[N, width]``, before the first tick.
        """
        del weights, starts
        return seen, memory

    def backward(self, weights, seen, starts, memory, errors):
        """Gradients of the weights that are not a head's, from errors ``[T, N, E]`` of what the heads look at."""
        del weights, seen, starts, memory, errors
        return {}

    def initial_state(self, rows, seed):
        state = {"keys": row_keys(rows, seed), "counters": np.zeros(rows, np.uint64)}
        return ArrayState(state | ({"memory": np.zeros((rows, self.width))} if self.width else {}))

    def decide(self, observations, state, *, explore=False):
        arrays = state.arrays()
        seen = inputs(observations.features, observations.map)
        held = arrays.get("memory", np.zeros((len(seen), 0)))
        joined, after = self.encode(self.weights, seen[None], observations.episode_start[None], held)
        logits = by_rows(joined[0], self.weights["policy"]).astype(np.float32)
        values = (by_rows(joined[0], self.weights["value"])[:, 0] * self.scale + self.mean).astype(np.float32)
        mask = observations.action_mask & observations.asked[:, None]
        following = dict(arrays)
        if self.width:
            following["memory"] = np.where(observations.asked[:, None], after, held)
        if not explore:
            return Decision(greedy_actions(logits, mask), ArrayState(following), values=values, logits=logits)
        actions, log_probs = sample_actions(logits, mask, row_uniforms(arrays["keys"], arrays["counters"]))
        following["counters"] = arrays["counters"] + np.uint64(1)
        return Decision(actions, ArrayState(following), log_probs=log_probs, values=values, logits=logits)

    def values(self, observations, state):
        return self.decide(observations, state).values

    def fingerprint(self):
        digest = hashlib.sha256(np.array([self.mean, self.scale]).tobytes())
        for name in sorted(self.weights):
            digest.update(self.weights[name].tobytes())
        return digest.hexdigest()

    def close(self):
        pass


class RecurrentMind(LinearMind):
    """The same with a memory (Elman, 1990): the heads look at what is seen and at what is remembered."""

    width = 24

    def fresh(self, draw, size):
        return super().fresh(draw, size) | {
            "into": draw(0, 1 / np.sqrt(size), (size, self.width)),
            "again": np.linalg.qr(draw(size=(self.width, self.width)))[0],
        }

    def encode(self, weights, seen, starts, memory):
        held = self.remembered(weights, seen, starts, memory)
        return np.concatenate([seen, held[1:]], axis=2), held[-1]

    def remembered(self, weights, seen, starts, memory):
        """``[T + 1, N, width]``: before the first tick, and after each."""
        held = [memory]
        for now, fresh in zip(seen, starts, strict=True):
            before = np.where(fresh[:, None], 0.0, held[-1])
            held.append(np.tanh(by_rows(now, weights["into"]) + by_rows(before, weights["again"])))
        return np.stack(held)

    def backward(self, weights, seen, starts, memory, errors):
        """Back through the ticks of the piece (Werbos, 1990)."""
        held, size = self.remembered(weights, seen, starts, memory), seen.shape[2]
        into, again = np.zeros_like(weights["into"]), np.zeros_like(weights["again"])
        later = np.zeros_like(memory)
        for t in range(len(seen) - 1, -1, -1):
            inside = (errors[t, :, size:] + later) * (1 - held[t + 1] ** 2)
            before = np.where(starts[t][:, None], 0.0, held[t])
            into += seen[t].T @ inside
            again += before.T @ inside
            later = np.where(starts[t][:, None], 0.0, inside @ weights["again"].T)
        return {"into": into, "again": again}


def by_rows(x, weights):
    """``x @ weights``, the same for a row in any company, which BLAS does not promise."""
    return (x[..., None] * weights).sum(axis=-2)
