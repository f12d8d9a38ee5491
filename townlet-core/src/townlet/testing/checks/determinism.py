"""Level 4: the same seed, the same actions; nothing remembered outside the state; saving loses nothing."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from townlet.api import PolicyBackendProtocol, PolicyState
from townlet.testing.check import Check, collect, expect
from townlet.testing.lessons import practise
from townlet.testing.observations import draw_batch, draw_episode
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(4, "determinism", CHECKS)

ROWS, TICKS = 12, 10


@check(
    "Two policies made alike, with the same seed, choose the same.", after=("protocol.decision-has-the-right-shape",)
)
def same_seed_same_actions(subject: Subject) -> None:
    for explore in (False, True):
        a, b = (_play(subject.policy(seed=1), subject, explore=explore) for _ in range(2))
        expect(np.array_equal(a, b), f"the same seed gave other actions (explore={explore}): is something unseeded?")


@check("Global random state is neither used nor changed.", after=("determinism.same-seed-same-actions",))
def global_random_state_is_left_alone(subject: Subject) -> None:
    policy = subject.policy(seed=1)
    runs = []
    saved = random.getstate(), np.random.get_state()
    try:
        for seed in (1, 2):
            random.seed(seed)
            np.random.seed(seed)
            before = random.getstate(), np.random.get_state()[1].copy()  # type: ignore[index]
            runs.append(_play(policy, subject, explore=True))
            after = random.getstate(), np.random.get_state()[1]  # type: ignore[index]
            expect(before[0] == after[0], "decide drew from Python's global random state")
            expect(np.array_equal(before[1], after[1]), "decide drew from NumPy's global random state")
    finally:
        random.setstate(saved[0])
        np.random.set_state(saved[1])
    expect(np.array_equal(runs[0], runs[1]), "actions depend on the global random state")


@check(
    "The state handed in is not changed; the next one is handed out.", after=("protocol.decision-has-the-right-shape",)
)
def the_state_is_not_changed_in_place(subject: Subject) -> None:
    policy = subject.policy()
    state = policy.initial_state(ROWS, 4)
    for batch in draw_episode(subject.spec, ROWS, 3, seed=3):
        before = _copy(state)
        after = policy.decide(batch, state, explore=True).state
        for name, array in state.arrays().items():
            expect(np.array_equal(array, before[name], equal_nan=_floats(array)), f"state[{name!r}] was changed")
        state = after


@check(
    "decide is a function: the same observations and state give the same answer, asked twice.",
    after=("determinism.the-state-is-not-changed-in-place",),
)
def nothing_is_remembered_outside_the_state(subject: Subject) -> None:
    policy = subject.policy()
    state = policy.initial_state(ROWS, 4)
    for batch in draw_episode(subject.spec, ROWS, 5, seed=3):
        first = policy.decide(batch, state, explore=True)
        second = policy.decide(batch, state, explore=True)
        expect(
            np.array_equal(first.actions, second.actions),
            "the same observations and state gave two answers: memory belongs in the PolicyState",
        )
        state = first.state


@check(
    "A run that is paused, written to arrays and resumed in another policy equals an uninterrupted one.",
    after=("determinism.same-seed-same-actions",),
)
def resume_equals_uninterrupted(subject: Subject) -> None:
    whole = _play(subject.policy(seed=1), subject, explore=True)
    policy = subject.policy(seed=1)
    state = policy.initial_state(ROWS, 4)
    actions = []
    for tick, batch in enumerate(draw_episode(subject.spec, ROWS, TICKS, seed=8)):
        if tick == TICKS // 2:
            arrays = _copy(state)
            policy = subject.policy(seed=1)
            state = policy.initial_state(ROWS, 999).with_arrays(arrays)
        decision = policy.decide(batch, state, explore=True)
        actions.append(decision.actions.copy())
        state = decision.state
    expect(np.array_equal(whole, np.stack(actions)), "the resumed run chose otherwise: part of the state is missing")


@check(
    "Two instances share nothing: one's decisions do not change the other's.",
    after=("determinism.same-seed-same-actions",),
)
def instances_share_nothing(subject: Subject) -> None:
    alone = _play(subject.policy(seed=1), subject, explore=True)
    policy, other = subject.policy(seed=1), subject.policy(seed=2)
    state, other_state = policy.initial_state(ROWS, 4), other.initial_state(5, 77)
    actions = []
    for tick, batch in enumerate(draw_episode(subject.spec, ROWS, TICKS, seed=8)):
        noise = draw_batch(subject.spec, 5, seed=900 + tick, starts=0.5)
        other_state = other.decide(noise, other_state, explore=True).state
        decision = policy.decide(batch, state, explore=True)
        actions.append(decision.actions.copy())
        state = decision.state
    expect(np.array_equal(alone, np.stack(actions)), "another instance at work changed what this one chose")


@check(
    "What is saved and loaded acts and learns on exactly as what was not.",
    needs=("learn.ppo", "checkpoint"),
    after=(
        "protocol.learner-policy-gives-log-probs-and-values",
        "determinism.same-seed-same-actions",
        "determinism.the-same-update-twice-gives-the-same",
        "determinism.learners-share-nothing",
    ),
)
def saving_loses_nothing(subject: Subject) -> None:
    straight, paused = subject.learner(seed=1), subject.learner(seed=1)
    practise(straight, subject.spec, updates=2)
    practise(paused, subject.spec, updates=1)
    with tempfile.TemporaryDirectory() as folder:
        paused.save(Path(folder))
        resumed = subject.learner(seed=2)
        resumed.load(Path(folder))
    expect(
        resumed.policy.fingerprint() == paused.policy.fingerprint(),
        "after save and load the policy has another fingerprint",
    )
    practise(resumed, subject.spec, updates=1, first=1)
    expect(
        np.array_equal(_play(straight.policy, subject, explore=True), _play(resumed.policy, subject, explore=True))
        and straight.policy.fingerprint() == resumed.policy.fingerprint(),
        "learning on after save and load went elsewhere: does save write the optimiser and every counter?",
    )


@check(
    "A policy made from a checkpoint acts as the learner that wrote it.",
    needs=("learn.ppo", "checkpoint"),
    after=(
        "protocol.learner-policy-gives-log-probs-and-values",
        "determinism.same-seed-same-actions",
    ),
)
def a_checkpoint_acts_as_its_learner(subject: Subject) -> None:
    learner = subject.learner(seed=1)
    practise(learner, subject.spec, updates=1)
    with tempfile.TemporaryDirectory() as folder:
        learner.save(Path(folder))
        policy = subject.policy(seed=5, checkpoint=Path(folder))
        same = np.array_equal(_play(policy, subject), _play(learner.policy, subject))
        policy.close()
    expect(same, "the policy from the checkpoint chose otherwise than the learner's own")


def _play(policy: PolicyBackendProtocol, subject: Subject, *, explore: bool = False) -> NDArray[np.int64]:
    state = policy.initial_state(ROWS, 4)
    actions = []
    for batch in draw_episode(subject.spec, ROWS, TICKS, seed=8):
        decision = policy.decide(batch, state, explore=explore)
        actions.append(decision.actions.copy())
        state = decision.state
    return np.stack(actions)


def _copy(state: PolicyState) -> dict[str, NDArray[np.generic]]:
    return {name: array.copy() for name, array in state.arrays().items()}


def _floats(array: NDArray[np.generic]) -> bool:
    return bool(np.issubdtype(array.dtype, np.floating))
