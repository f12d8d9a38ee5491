"""Lessons that only the map tells, or only a memory holds; and whether a policy looks at either."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    LearnerProtocol,
    MapArray,
    ObservationBatch,
    ObservationSpec,
    PolicyBackendProtocol,
    RolloutBatch,
)
from townlet.testing.lessons import CHOICES, Lesson, draw_lesson, right_actions
from townlet.testing.observations import draw_batch

__all__ = ["looks_at_the_map", "map_lesson", "recall_return", "recall_rollout", "remembers"]

_DELAY = 2
"""Ticks between the sign and the doors."""
_LIFE = _DELAY + 2
_ROWS = 32


def map_lesson(spec: ObservationSpec) -> Lesson:
    """The door is told by which of three pictures the map shows; features say nothing."""
    generator = np.random.Generator(np.random.PCG64(31))
    pictures = np.zeros((CHOICES, *spec.map_shape), np.uint8)
    for number, channel in enumerate(spec.channels):
        codes = np.array([code.value for code in channel.codes] or [0, 255], np.uint8)
        pictures[:, number] = codes[generator.integers(0, len(codes), (CHOICES, *spec.map_shape[1:]))]
    doors = min(CHOICES, spec.action_count)

    def draw(spec: ObservationSpec, rows: int, seed: int) -> ObservationBatch:
        batch = draw_lesson(spec, rows, seed)
        batch.features[:] = 0.0
        shown = np.random.Generator(np.random.PCG64(seed)).integers(0, doors, rows)
        batch.map[:] = pictures[shown]
        return batch

    def right(batch: ObservationBatch) -> NDArray[np.int64]:
        return _which(batch.map, pictures)

    return Lesson(draw, right)


def _which(maps: MapArray, pictures: MapArray) -> NDArray[np.int64]:
    same: NDArray[np.bool_] = (maps[:, None] == pictures[None]).reshape(len(maps), len(pictures), -1).all(axis=2)
    which: NDArray[np.int64] = same.argmax(axis=1).astype(np.int64)
    return which


def looks_at_the_map(policy: PolicyBackendProtocol, spec: ObservationSpec) -> bool:
    """Whether what the policy says depends on the map."""
    if not np.prod(spec.map_shape):
        return False
    seen = draw_batch(spec, 16, seed=4, starts=1.0)
    other = seen.copy()
    other.map[:] = 255 - other.map
    return _answers(policy, seen) != _answers(policy, other)


def remembers(policy: PolicyBackendProtocol, spec: ObservationSpec) -> bool:
    """Whether what the policy says depends on what it saw on the tick before."""
    now = draw_batch(spec, 16, seed=4)
    first, other = (draw_batch(spec, 16, seed=seed, starts=1.0) for seed in (5, 6))
    return _answers(policy, now, first) != _answers(policy, now, other)


def _answers(policy: PolicyBackendProtocol, seen: ObservationBatch, before: ObservationBatch | None = None) -> bytes:
    state = policy.initial_state(seen.rows, 1)
    if before is not None:
        state = policy.decide(before, state, explore=True).state
    decision = policy.decide(seen, state, explore=True)
    parts = (decision.actions, decision.log_probs, decision.values, decision.logits)
    return b"".join(part.tobytes() for part in parts if part is not None)


def recall_rollout(
    learner: LearnerProtocol, spec: ObservationSpec, update: int, rows: int = _ROWS, lives: int = 3
) -> RolloutBatch:
    """Rollout ``update`` of the recall town: the sign of the first tick of a life tells the door of its last one."""
    policy = learner.policy
    state = policy.initial_state(rows, update)
    before = {name: array.copy() for name, array in state.arrays().items()}
    seen, decisions, rewards = [], [], []
    for life in range(lives):
        signs = draw_lesson(spec, rows, 900_000 + update * lives + life)
        for tick in range(_LIFE):
            batch = _at(signs, tick)
            decision = policy.decide(batch, state, explore=True)
            state = decision.state
            seen.append(batch)
            decisions.append(decision)
            rewards.append((decision.actions == right_actions(signs)) & (tick == _LIFE - 1))
    ticks = lives * _LIFE
    flags, nothing = np.ones((ticks, rows), np.bool_), np.zeros((ticks, rows), np.float32)
    last = np.repeat((np.arange(ticks) % _LIFE == _LIFE - 1)[:, None], rows, axis=1)
    return RolloutBatch(
        map=np.stack([batch.map for batch in seen]),
        features=np.stack([batch.features for batch in seen]),
        action_mask=np.stack([batch.action_mask for batch in seen]),
        active=flags,
        episode_start=np.stack([batch.episode_start for batch in seen]),
        actions=np.stack([decision.actions for decision in decisions]),
        log_probs=np.stack([nothing[0] if d.log_probs is None else d.log_probs for d in decisions]),
        values=np.stack([nothing[0] if d.values is None else d.values for d in decisions]),
        rewards=np.stack(rewards).astype(np.float32),
        terminated=last,
        truncated=np.zeros_like(last),
        bootstrap=nothing,
        state=before,
    )


def recall_return(policy: PolicyBackendProtocol, spec: ObservationSpec, rows: int = 512) -> float:
    """How often the greedy policy takes the door that it was told of; about a half is the most without a memory."""
    signs = draw_lesson(spec, rows, 77)
    state = policy.initial_state(rows, 0)
    for tick in range(_LIFE):
        decision = policy.decide(_at(signs, tick), state)
        state = decision.state
    return float((decision.actions == right_actions(signs)).mean())


def _at(signs: ObservationBatch, tick: int) -> ObservationBatch:
    """What is seen ``tick`` ticks into the lives that begin with these signs."""
    batch = signs.copy()
    batch.episode_start[:] = tick == 0
    if tick:
        batch.features[:] = 0.0
    if tick < _LIFE - 1:
        batch.action_mask[:, 1:] = False
    return batch
