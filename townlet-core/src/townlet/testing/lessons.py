"""Tiny lessons with which to ask whether a learner learns at all.

``Teacher`` demonstrates a rule anyone can copy: of the possible actions, take the one whose feature is highest.
The bandit town pays for the same choice, one tick a life. Failing either has no excuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    ActionArray,
    DemonstrationBatch,
    DemonstrationSequences,
    LearnerProtocol,
    ObservationBatch,
    ObservationSpec,
    PPOSettings,
    RolloutBatch,
    TrainingReport,
)
from townlet.api.demonstrations import Split
from townlet.testing.observations import draw_batch

__all__ = [
    "CHOICES",
    "SIGNS",
    "Lesson",
    "TeacherDemonstrations",
    "bandit_return",
    "bandit_rollout",
    "draw_lesson",
    "practise",
    "right_actions",
    "unheard",
]

CHOICES = 3


class Lesson(NamedTuple):
    """What is shown, and what one is to do about it.

    Attributes:
        draw: observations, from the spec, a number of rows and a seed; each row on the first tick of its life.
        right: the action that is wanted of each row, int64 ``[N]``.
    """

    draw: Callable[[ObservationSpec, int, int], ObservationBatch]
    right: Callable[[ObservationBatch], ActionArray]


def right_actions(batch: ObservationBatch) -> NDArray[np.int64]:
    """The action the lesson wants: int64 ``[N]``, one of the first three by the sign of two features."""
    chosen = np.where(batch.features[:, 0] > 0.0, 1, np.where(batch.features[:, 1] > 0.0, 2, 0))
    chosen = np.minimum(chosen, batch.action_mask.shape[1] - 1)
    return np.where(batch.action_mask[np.arange(batch.rows), chosen], chosen, 0).astype(np.int64)


def draw_lesson(spec: ObservationSpec, rows: int, seed: int) -> ObservationBatch:
    """``rows`` rows in front of the doors, each on the first tick of its life."""
    batch = draw_batch(spec, rows, seed, starts=1.0)
    batch.map[:] = 0
    batch.features[:, 2:] = 0.0
    batch.action_mask[:, : min(CHOICES, spec.action_count)] = True
    batch.action_mask[:, CHOICES:] = False
    return batch


SIGNS = Lesson(draw_lesson, right_actions)
"""The door is told by the signs of two features."""


class TeacherDemonstrations:
    """A source of demonstrations of a lesson: ``size`` transitions for training and an eighth of it held out."""

    def __init__(self, spec: ObservationSpec, size: int = 4096, seed: int = 0, lesson: Lesson = SIGNS) -> None:
        self._spec = spec
        self._right = lesson.right
        self._parts = {"train": lesson.draw(spec, size, seed), "validation": lesson.draw(spec, size // 8, seed + 1)}

    @property
    def spec(self) -> ObservationSpec:
        """What the observations mean."""
        return self._spec

    def size(self, part: Split) -> int:
        """Transitions in ``part``."""
        return self._parts[part].rows

    def action_counts(self, part: Split) -> NDArray[np.int64]:
        """How often each action was taken: int64 ``[K]``."""
        return np.bincount(self._right(self._parts[part]), minlength=self._spec.action_count)

    def batches(self, part: Split, batch_size: int, *, seed: int | None = None) -> Iterator[DemonstrationBatch]:
        """One pass over ``part``."""
        batch = self._parts[part]
        order = np.arange(batch.rows)
        if seed is not None:
            np.random.Generator(np.random.PCG64(seed)).shuffle(order)
        for start in range(0, len(order), batch_size):
            some = batch.take(order[start : start + batch_size])
            yield DemonstrationBatch(some, self._right(some))

    def sequences(
        self, part: Split, length: int, batch_size: int, *, seed: int | None = None
    ) -> Iterator[DemonstrationSequences]:
        """One pass in pieces of ``length`` lives of one tick each; what does not fill a piece is left out."""
        pieces = max(batch_size // length, 1)
        for batch in self.batches(part, pieces * length, seed=seed):
            ticks = min(length, batch.observations.rows)
            width = batch.observations.rows // ticks
            seen, ones = batch.observations, np.ones((ticks, width), np.bool_)
            whole = slice(0, ticks * width)
            yield DemonstrationSequences(
                map=seen.map[whole].reshape(ticks, width, *seen.map.shape[1:]),
                features=seen.features[whole].reshape(ticks, width, -1),
                action_mask=seen.action_mask[whole].reshape(ticks, width, -1),
                actions=batch.actions[whole].reshape(ticks, width),
                starts=ones,
                counts=ones.copy(),
            )


def unheard(report: TrainingReport) -> None:
    """What to hand to ``clone_behaviour`` where nobody listens."""
    del report


def practise(
    learner: LearnerProtocol,
    spec: ObservationSpec,
    *,
    updates: int,
    first: int = 0,
    rows: int = 32,
    ticks: int = 8,
) -> list[float]:
    """``updates`` PPO updates on the bandit town; returns the mean reward of each rollout.

    Args:
        learner: the learner to teach.
        spec: the observations it was made for.
        updates: how many updates to do.
        first: number of the first update; rollouts and seeds are a function of it.
        rows: ``N``.
        ticks: ``T``.
    """
    rewards = []
    for update in range(first, first + updates):
        rollout = bandit_rollout(learner, spec, update, rows, ticks)
        rewards.append(float(rollout.rewards.mean()))
        learner.update(rollout, PPOSettings(learning_rate=1e-2, minibatches=2, entropy_coefficient=0.0, seed=update))
    return rewards


def bandit_return(learner: LearnerProtocol, spec: ObservationSpec, seed: int = 12345, lesson: Lesson = SIGNS) -> float:
    """Mean reward of the learner's greedy policy on 512 fresh bandits; 1 is perfect, about a third is chance."""
    batch = lesson.draw(spec, 512, seed)
    decision = learner.policy.decide(batch, learner.policy.initial_state(512, seed))
    return float((decision.actions == lesson.right(batch)).mean())


def bandit_rollout(
    learner: LearnerProtocol, spec: ObservationSpec, update: int, rows: int, ticks: int, lesson: Lesson = SIGNS
) -> RolloutBatch:
    """Rollout number ``update`` of the learner on the bandit town: ``ticks`` ticks of ``rows`` rows."""
    batches = [lesson.draw(spec, rows, 50_000 + update * ticks + t) for t in range(ticks)]
    state = learner.policy.initial_state(rows, update)
    actions, log_probs, values = [], [], []
    for batch in batches:
        decision = learner.policy.decide(batch, state, explore=True)
        state = decision.state
        actions.append(decision.actions)
        log_probs.append(np.zeros(rows, np.float32) if decision.log_probs is None else decision.log_probs)
        values.append(np.zeros(rows, np.float32) if decision.values is None else decision.values)
    right = np.stack([lesson.right(b) for b in batches])
    taken = np.stack(actions)
    flags = np.ones((ticks, rows), np.bool_)
    return RolloutBatch(
        map=np.stack([b.map for b in batches]),
        features=np.stack([b.features for b in batches]),
        action_mask=np.stack([b.action_mask for b in batches]),
        active=flags.copy(),
        episode_start=flags.copy(),
        actions=taken,
        log_probs=np.stack(log_probs),
        values=np.stack(values),
        rewards=(taken == right).astype(np.float32),
        terminated=flags.copy(),
        truncated=np.zeros((ticks, rows), np.bool_),
        bootstrap=np.zeros((ticks, rows), np.float32),
    )
