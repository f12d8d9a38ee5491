"""Level 5, of decisions that span ticks: who is asked teaches, and what follows is discounted by how long it took."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from townlet.api import PPOSettings
from townlet.testing.check import Check, collect, expect
from townlet.testing.lessons import bandit_rollout
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(5, "learning", CHECKS)

_SETTINGS = PPOSettings(learning_rate=5e-3, minibatches=2, epochs=2, gamma=0.9, seed=1)


@check(
    "Who is not asked teaches nothing, though active: it is in the middle of what it chose before.",
    needs=("learn.ppo",),
    after=("learning.inactive-rows-teach-nothing",),
)
def who_is_not_asked_teaches_nothing(subject: Subject) -> None:
    prints = []
    for filler in (0.0, 1e3):
        learner = subject.learner(seed=1)
        rollout = bandit_rollout(learner, subject.spec, 0, 16, 6)
        asked = rollout.active.copy()
        asked[1::2, ::2] = False  # some rows on every other tick
        asked[:, 1] = False  # one not at all
        rollout.rewards[~asked] = filler
        rollout.values[~asked] = filler
        rollout.log_probs[~asked] = -filler
        learner.update(replace(rollout, asked=asked), _SETTINGS)
        prints.append(learner.policy.fingerprint())
    expect(
        prints[0] == prints[1],
        "entries that are active but not asked changed the weights: learn from RolloutBatch.asked",
    )


@check(
    "What follows a decision is discounted by its duration: gamma ** duration.",
    needs=("learn.ppo",),
    after=("learning.honoured-settings-have-effect", "learning.cut-episodes-are-bootstrapped"),
)
def a_decision_is_discounted_by_its_duration(subject: Subject) -> str | None:
    if not subject.honours("ppo", "gamma"):
        return "not honoured, not asked"

    def learned(ticks: int, gamma: float) -> str:
        learner = subject.learner(seed=1)
        rollout = bandit_rollout(learner, subject.spec, 0, 16, 6)
        nobody, duration = np.zeros_like(rollout.terminated), np.ones(rollout.actions.shape, np.int32)
        duration[:, ::2] = ticks
        asked = rollout.active.copy()  # an array of its own, which says that decisions may span ticks
        bootstrap = np.full_like(rollout.bootstrap, 4.0)
        told = replace(
            rollout,
            terminated=nobody,
            truncated=np.ones_like(nobody),
            bootstrap=bootstrap,
            asked=asked,
            duration=duration,
        )
        learner.update(told, _SETTINGS.model_copy(update={"gamma": gamma}))
        return learner.policy.fingerprint()

    expect(learned(1, 0.9) != learned(12, 0.9), "a decision of 12 ticks taught what one of a single tick does")
    expect(learned(1, 1.0) == learned(12, 1.0), "with gamma 1 nothing is discounted, but duration changed the weights")
    return None
