"""What the zoo's learners step with, and what they remember of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np


@dataclass
class Trainer:
    """What a learner remembers beside its weights: moments and steps of Adam, running statistics of returns."""

    first: dict = field(default_factory=dict)
    second: dict = field(default_factory=dict)
    steps: int = 0
    mean: float = 0.0
    squares: float = 0.0
    count: int = 0

    def with_returns(self, returns):
        """Those of all returns seen (Chan et al., 1983)."""
        if not len(returns):
            return self
        mean, squares, more = returns.mean(), ((returns - returns.mean()) ** 2).sum(), len(returns)
        total, apart = self.count + more, mean - self.mean
        return replace(
            self,
            mean=float(self.mean + apart * more / total),
            squares=float(self.squares + squares + apart**2 * self.count * more / total),
            count=total,
        )

    def units(self, settings, policy):
        """Mean and deviation of the returns, in which the critic learns; the policy's own without normalisation."""
        if not settings.normalise_values or not self.count:
            return policy.mean, policy.scale
        return self.mean, max(float(np.sqrt(self.squares / self.count)), 1e-4)


def adam(weights, trainer, gradients, rate, epsilon, decay=0.0):
    """Weights and trainer after a step of AdamW (Kingma and Ba, 2015); what has no gradient stays."""
    steps, after = trainer.steps + 1, dict(weights)
    first, second = dict(trainer.first), dict(trainer.second)
    for name, g in gradients.items():
        first[name] = 0.9 * first.get(name, np.zeros_like(g)) + 0.1 * g
        second[name] = 0.999 * second.get(name, np.zeros_like(g)) + 0.001 * g**2
        one, two = first[name] / (1 - 0.9**steps), second[name] / (1 - 0.999**steps)
        after[name] = weights[name] * (1 - rate * decay) - rate * one / (np.sqrt(two) + epsilon)
    return after, replace(trainer, first=first, second=second, steps=steps)


def clipped(gradients, most):
    """Gradients of at most this norm, and the norm that they had."""
    norm = float(np.sqrt(sum((g**2).sum() for g in gradients.values())))
    return {name: g * min(1.0, most / (norm + 1e-12)) for name, g in gradients.items()}, norm
