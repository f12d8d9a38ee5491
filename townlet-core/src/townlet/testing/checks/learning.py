"""Level 5: what claims to learn, learns something so small that failing has no excuse."""

from __future__ import annotations

import numpy as np

from townlet.api import BCMetrics, BCSettings, PPOSettings, TrainingReport
from townlet.errors import TrainingError
from townlet.testing.check import Check, CheckFailure, collect, expect
from townlet.testing.lessons import TeacherDemonstrations, bandit_return, bandit_rollout, practise
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(5, "learning", CHECKS)


@check(
    "clone_behaviour copies a teacher of three actions to 90 % or better on data held out.",
    needs=("learn.bc",),
    after=("protocol.learner-has-the-methods",),
)
def clones_a_tiny_teacher(subject: Subject) -> str:
    learner, reports = subject.learner(seed=1), list[TrainingReport]()
    before = learner.policy.fingerprint()
    demonstrations = TeacherDemonstrations(subject.spec, size=2048)
    settings = BCSettings(epochs=15, batch_size=64, learning_rate=5e-3, patience=15)
    metrics: object = learner.clone_behaviour(demonstrations, settings, reports.append)
    if not isinstance(metrics, BCMetrics):
        raise CheckFailure(f"clone_behaviour gave a {type(metrics).__name__}, not BCMetrics")
    expect(learner.policy.fingerprint() != before, "the weights are as before")
    expect(bool(reports), "nothing was reported: call report once an epoch")
    acts = bandit_return(learner, subject.spec)
    expect(metrics.accuracy >= 0.9, f"held-out accuracy is {metrics.accuracy:.3f}, wanted 0.9")
    expect(acts >= 0.9, f"metrics say {metrics.accuracy:.3f}, but the policy acts as the teacher in {acts:.3f} only")
    return f"accuracy {metrics.accuracy:.3f}"


@check(
    "update solves a bandit town: 90 % of the reward within 60 updates.",
    needs=("learn.ppo",),
    after=("protocol.learner-policy-gives-log-probs-and-values",),
)
def solves_a_bandit_town(subject: Subject) -> str:
    learner = subject.learner(seed=1)
    start = bandit_return(learner, subject.spec)
    best = start
    for done in range(1, 61):
        practise(learner, subject.spec, updates=1, first=done - 1, rows=64)
        best = max(best, bandit_return(learner, subject.spec))
        if best >= 0.9:  # asked after every update: asking is cheap beside learning on
            return f"{start:.2f} -> {best:.2f} in {done} updates"
    raise CheckFailure(f"mean reward went from {start:.2f} to {best:.2f} in 60 updates, wanted 0.9")


@check(
    "Rows that are not active teach nothing.",
    needs=("learn.ppo",),
    after=(
        "protocol.learner-policy-gives-log-probs-and-values",
        "determinism.the-same-update-twice-gives-the-same",
    ),
)
def inactive_rows_teach_nothing(subject: Subject) -> None:
    prints = []
    for filler in (0.0, 1e3):
        learner = subject.learner(seed=1)
        rollout = bandit_rollout(learner, subject.spec, 0, 16, 4)
        rollout.active[:, ::2] = False
        rollout.rewards[:, ::2] = filler
        rollout.values[:, ::2] = filler
        learner.update(rollout, PPOSettings(seed=0))
        prints.append(learner.policy.fingerprint())
    expect(prints[0] == prints[1], "rewards of rows that are not active changed the weights")


@check(
    "Numbers that are not finite stop the update with a TrainingError and leave the weights.",
    needs=("learn.ppo",),
    after=("protocol.learner-policy-gives-log-probs-and-values",),
)
def nan_leaves_the_weights(subject: Subject) -> None:
    learner = subject.learner(seed=1)
    rollout = bandit_rollout(learner, subject.spec, 0, 16, 4)
    before = learner.policy.fingerprint()
    rollout.rewards[2, 3] = np.nan
    try:
        learner.update(rollout, PPOSettings(seed=0))
    except TrainingError:
        expect(learner.policy.fingerprint() == before, "the TrainingError came after the weights had changed")
        return
    raise CheckFailure("a reward of NaN was learned from without an error")
