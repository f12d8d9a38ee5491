"""Level 5, what a learner makes of the map and of what it remembers, where its policy looks at them."""

from __future__ import annotations

from townlet.api import BCSettings, PPOSettings
from townlet.testing.check import Check, CheckFailure, collect, expect
from townlet.testing.lessons import TeacherDemonstrations, bandit_return, bandit_rollout, unheard
from townlet.testing.senses import looks_at_the_map, map_lesson, recall_return, recall_rollout, remembers
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(5, "learning", CHECKS)

ENOUGH = 0.9
_BLIND = "its policy does not look at the map, not asked"


@check(
    "A policy that looks at the map learns what only the map tells: 90 % of the reward within 60 updates.",
    needs=("learn.ppo",),
    after=("learning.solves-a-bandit-town", "learning.the-first-step-has-ratio-one"),
)
def the_map_teaches(subject: Subject) -> str:
    learner = subject.learner(seed=1)
    if not looks_at_the_map(learner.policy, subject.spec):
        return _BLIND
    lesson = map_lesson(subject.spec)
    best = start = bandit_return(learner, subject.spec, lesson=lesson)
    for done in range(1, 61):
        settings = PPOSettings(learning_rate=3e-3, minibatches=2, entropy_coefficient=0.02, seed=done)
        learner.update(bandit_rollout(learner, subject.spec, done, 64, 8, lesson), settings)
        best = max(best, bandit_return(learner, subject.spec, lesson=lesson))
        if best >= ENOUGH:
            return f"{start:.2f} -> {best:.2f} in {done} updates"
    raise CheckFailure(
        f"mean reward went from {start:.2f} to {best:.2f} in 60 updates, wanted {ENOUGH}: the policy looks at the map, "
        "but learns nothing from it. Is the map of the rollout, uint8 [T, N, C, H, W], read as decide reads it?"
    )


@check(
    "A policy that looks at the map can be cloned from what only the map tells, to 90 % or better.",
    needs=("learn.bc",),
    after=("learning.clones-a-tiny-teacher",),
)
def the_map_can_be_cloned_from(subject: Subject) -> str:
    learner = subject.learner(seed=1)
    if not looks_at_the_map(learner.policy, subject.spec):
        return _BLIND
    lesson = map_lesson(subject.spec)
    demonstrations = TeacherDemonstrations(subject.spec, size=1024, lesson=lesson)
    settings = BCSettings(epochs=15, batch_size=64, learning_rate=5e-3, patience=15)
    learner.clone_behaviour(demonstrations, settings, unheard)
    acts = bandit_return(learner, subject.spec, lesson=lesson)
    expect(acts >= ENOUGH, f"the policy acts as the teacher in {acts:.3f} only, who looks at nothing but the map")
    return f"acts as the teacher in {acts:.3f}"


@check(
    "A policy that remembers learns what only a memory holds: 90 % of the reward within 100 updates.",
    needs=("learn.ppo",),
    after=("learning.solves-a-bandit-town", "learning.the-first-step-has-ratio-one"),
)
def what_is_remembered_teaches(subject: Subject) -> str:
    learner = subject.learner(seed=1)
    if not remembers(learner.policy, subject.spec):
        return "its policy remembers nothing, not asked"
    best = start = recall_return(learner.policy, subject.spec)
    for update in range(100):
        settings = PPOSettings(learning_rate=5e-3, gamma=0.95, minibatches=2, entropy_coefficient=0.0, seed=update)
        learner.update(recall_rollout(learner, subject.spec, update, rows=64), settings)
        best = max(best, recall_return(learner.policy, subject.spec))
        if best >= ENOUGH:
            return f"{start:.2f} -> {best:.2f} in {update + 1} updates"
    raise CheckFailure(
        f"mean reward went from {start:.2f} to {best:.2f} in 100 updates, wanted {ENOUGH}: the policy remembers, but "
        "what it is to remember is not learned. Do gradients go back over the ticks of a life?"
    )
