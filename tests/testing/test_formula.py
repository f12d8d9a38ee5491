"""The kit's own advantages, against sums worked out by hand, and its lessons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from townlet.api import RolloutBatch
from townlet.envs import BanditTown, NavigationTown
from townlet.testing.formula import SLIPS, advantages, already_told
from townlet.testing.lived import apart, lived_rollout, told
from townlet.testing.senses import looks_at_the_map, map_lesson, recall_return, remembers

G, L = 0.9, 0.8


def one_row(**columns) -> RolloutBatch:
    kinds = {"rewards": np.float32, "values": np.float32, "bootstrap": np.float32, "duration": np.int32}
    given = {name: np.array(values, kinds.get(name, np.bool_))[:, None] for name, values in columns.items()}
    ticks = len(columns["rewards"])
    nothing = np.zeros((ticks, 1), np.bool_)
    flags = dict.fromkeys(("episode_start", "terminated", "truncated"), nothing)
    return RolloutBatch(
        map=np.zeros((ticks, 1, 0, 0, 0), np.uint8),
        features=np.zeros((ticks, 1, 1), np.float32),
        action_mask=np.ones((ticks, 1, 2), np.bool_),
        active=~nothing,
        actions=np.zeros((ticks, 1), np.int64),
        log_probs=np.zeros((ticks, 1), np.float32),
        **{**flags, **given},
    )


def test_a_cut_an_end_a_gap_and_what_goes_on() -> None:
    rollout = one_row(
        rewards=[1, 2, 9, 3, 4],
        values=[0.5, 0.25, 7, 0.75, 1.5],
        bootstrap=[0, 6, 0, 0, 8],
        truncated=[0, 1, 0, 0, 0],
        terminated=[0, 0, 0, 0, 0],
        episode_start=[1, 0, 1, 0, 0],
        asked=[1, 1, 0, 1, 1],
        duration=[3, 1, 1, 2, 1],
    )
    second = 2 + G * 6 - 0.25
    first = 1 + G**3 * 0.25 - 0.5 + G**3 * L * second
    fifth = 4 + G * 8 - 1.5
    fourth = 3 + G**2 * 1.5 - 0.75 + G**2 * L * fifth
    np.testing.assert_allclose(advantages(rollout, G, L)[:, 0], [first, second, 0, fourth, fifth], rtol=1e-6)
    ended = replace(rollout, terminated=rollout.truncated, truncated=rollout.terminated)
    assert advantages(ended, G, L)[1, 0] == pytest.approx(2 - 0.25)


def test_what_is_already_told_has_the_same_advantages_and_needs_no_formula(zoo) -> None:
    learner = zoo.GoodLearner(1)
    rollout = lived_rollout(learner, learner.spec)
    worth = already_told(rollout, G, L)
    np.testing.assert_allclose(worth.rewards - worth.values, advantages(rollout, G, L), atol=1e-5)
    assert worth.terminated.all()


def test_each_slip_gives_something_else(zoo) -> None:
    learner = zoo.GoodLearner(1)
    rollout = lived_rollout(learner, learner.spec)
    spread = np.random.Generator(np.random.PCG64(0)).normal(size=rollout.values.shape).astype(np.float32)
    spans = replace(rollout, values=spread, asked=rollout.active.copy(), duration=np.full(spread.shape, 3, np.int32))
    found = [advantages(spans, G, L, slip) for slip in ("", *SLIPS)]
    for i, one in enumerate(found):
        assert not any(np.allclose(one, other) for other in found[i + 1 :])


def test_a_lived_rollout_is_what_its_policy_said_in_the_middle_of_lives(zoo) -> None:
    learner = zoo.RecurrentLearner(1)
    rollout = lived_rollout(learner, learner.spec)
    assert rollout.state["memory"].any()
    assert 0 < rollout.episode_start[0].sum() < rollout.rows
    assert np.array_equal(rollout.episode_start[1:], (rollout.terminated | rollout.truncated)[:-1])
    assert rollout.terminated.any()
    assert rollout.truncated.any()
    assert (rollout.bootstrap[-1] != 0).any()
    assert rollout.map.any()


def test_who_looks_at_the_map_and_who_remembers_is_seen_from_outside(zoo) -> None:
    spec = zoo.good.SPEC
    plain, remembering = zoo.GoodLearner(1).policy, zoo.RecurrentLearner(1).policy
    assert looks_at_the_map(plain, spec)
    assert not remembers(plain, spec)
    assert remembers(remembering, spec)
    assert recall_return(plain, spec) < 0.6
    flat = BanditTown([1]).spec
    assert not looks_at_the_map(zoo.GoodLearner(1, flat).policy, flat)


def test_the_pictures_of_the_map_lesson_hold_codes_that_occur() -> None:
    spec = NavigationTown([1]).spec
    lesson = map_lesson(spec)
    seen = lesson.draw(spec, 300, 1)
    assert set(np.unique(seen.map)) <= {0, 255}
    assert not seen.features.any()
    assert set(lesson.right(seen).tolist()) == {0, 1, 2}


def test_two_policies_are_as_far_apart_as_they_differ(zoo) -> None:
    spec = zoo.good.SPEC
    one, other = (told(zoo.GoodLearner(seed).policy, spec) for seed in (1, 2))
    assert apart(one, one) == (0.0, 0.0)
    assert min(apart(one, other)) > 0
