"""Experience as a town would give it, and what came of learning from it.

The lives of a lived rollout begin before it, end and are cut within it, each row at other ticks; maps, features, masks
and rewards are drawn. A learner's policy plays it, so its log-probabilities and values are what it really said. There
is nothing in it to learn: checks ask what exactly an update makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    ActionArray,
    FloatArray,
    LearnerProtocol,
    ObservationBatch,
    ObservationSpec,
    PolicyBackendProtocol,
    PPOSettings,
    RolloutBatch,
)
from townlet.testing.check import CheckFailure
from townlet.testing.observations import draw_batch

__all__ = ["ONE_STEP", "ROWS", "TICKS", "Told", "apart", "lived_rollout", "log_softmax", "told"]

ROWS, TICKS = 16, 6
_BEFORE = 2
"""Ticks that are played before a rollout begins."""
ONE_STEP = PPOSettings(learning_rate=5e-3, epochs=1, minibatches=1, gamma=0.9, seed=1, precision="float32")
"""Settings of an update of one gradient step over everything: nothing of it depends on the order of the rows."""


def lived_rollout(learner: LearnerProtocol, spec: ObservationSpec, number: int = 0) -> RolloutBatch:
    """Rollout ``number`` of the learner's policy: :data:`TICKS` ticks of :data:`ROWS` rows.

    Raises:
        CheckFailure: if the policy tells no log-probabilities or values.
    """
    generator = np.random.Generator(np.random.PCG64(7_919 + number))
    shape = (TICKS, ROWS)
    ends = generator.random(shape) < 0.25
    cut = ends & (generator.random(shape) < 0.5)
    starts = np.vstack([generator.random((1, ROWS)) < 0.3, ends[:-1]])
    seen = [_seen(spec, number, tick) for tick in range(-_BEFORE, TICKS)]
    policy = learner.policy
    state = policy.initial_state(ROWS, number)
    for batch in seen[:_BEFORE]:
        state = policy.decide(batch, state, explore=True).state
    before = {name: array.copy() for name, array in state.arrays().items()}
    actions, log_probs, values = [], [], []
    for tick, batch in enumerate(seen[_BEFORE:]):
        batch.episode_start[:] = starts[tick]
        decision = policy.decide(batch, state, explore=True)
        if decision.log_probs is None or decision.values is None:
            raise CheckFailure("a learner's policy owes log_probs and values with explore=True")
        state = decision.state
        actions.append(decision.actions.copy())
        log_probs.append(decision.log_probs.copy())
        values.append(decision.values.copy())
    bootstrap = generator.normal(2.0, 1.0, shape).astype(np.float32)
    goes_on = cut.copy()
    goes_on[-1] |= ~ends[-1]
    played = seen[_BEFORE:]
    return RolloutBatch(
        map=np.stack([batch.map for batch in played]),
        features=np.stack([batch.features for batch in played]),
        action_mask=np.stack([batch.action_mask for batch in played]),
        active=np.ones(shape, np.bool_),
        episode_start=starts,
        actions=np.stack(actions),
        log_probs=np.stack(log_probs).astype(np.float32),
        values=np.stack(values).astype(np.float32),
        rewards=generator.normal(1.0, 1.0, shape).astype(np.float32),
        terminated=ends & ~cut,
        truncated=cut,
        bootstrap=np.where(goes_on, bootstrap, np.float32(0)),
        state=before,
    )


def _seen(spec: ObservationSpec, number: int, tick: int) -> ObservationBatch:
    return draw_batch(spec, ROWS, 200_000 + 100 * number + tick, starts=1.0 if tick == -_BEFORE else 0.0)


@dataclass(frozen=True, slots=True)
class Told:
    """What a policy says of observations that are always the same.

    Attributes:
        actions: int64 ``[N]``, drawn.
        log_probs: float32 ``[N]``, of those.
        values: float32 ``[N]``.
        log_p: float64 ``[N, K]`` of all actions, or None where the policy gives no logits.
    """

    actions: ActionArray
    log_probs: FloatArray
    values: FloatArray
    log_p: NDArray[np.float64] | None


def told(policy: PolicyBackendProtocol, spec: ObservationSpec, rows: int = 64) -> Told:
    """What the policy says now. Raises CheckFailure if it tells no log-probabilities or values."""
    batch = draw_batch(spec, rows, seed=5, starts=1.0)
    decision = policy.decide(batch, policy.initial_state(rows, 3), explore=True)
    if decision.log_probs is None or decision.values is None:
        raise CheckFailure("a learner's policy owes log_probs and values with explore=True")
    log_p = None if decision.logits is None else log_softmax(decision.logits, batch.action_mask)
    return Told(decision.actions.copy(), decision.log_probs.copy(), decision.values.copy(), log_p)


def log_softmax(logits: FloatArray, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logarithms of the probabilities of the possible actions, float64 ``[N, K]``; 0 for the others."""
    scores = np.where(mask, logits.astype(np.float64), -np.inf)
    scores = scores - scores.max(axis=1, keepdims=True)
    norm = np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return np.where(mask, scores - norm, 0.0)


def apart(one: Told, other: Told) -> tuple[float, float]:
    """How far two policies are from each other: mean difference of log-probabilities (nats), and of values."""
    if one.log_p is not None and other.log_p is not None:
        said = float(np.abs(one.log_p - other.log_p).mean())
    else:
        same = one.actions == other.actions
        said = float(np.where(same, np.abs(one.log_probs - other.log_probs), 1.0).mean())
    return said, float(np.abs(one.values - other.values).mean())
