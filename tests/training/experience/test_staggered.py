"""Groups of towns of different ages: spread over a life, joined in order, saved and gone on with exactly."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from townlet.api import RolloutBatch
from townlet.config import load_config
from townlet.errors import CheckpointError
from townlet.training.experience.fresh import FreshExperience, group_count, group_seeds
from townlet.training.experience.staggered import StaggeredExperience
from townlet.training.seeds import town_seeds


@pytest.fixture
def staggered(services_of, toy_config, learner):
    """From a number of groups to the experience of 4 towns, 40 ticks a piece, 160 ticks a life."""

    def make(groups: int):
        rollout = toy_config.training.ppo.rollout.model_copy(
            update={"groups": groups, "ticks": 40, "episode_ticks": 160}
        )
        ppo = toy_config.training.ppo.model_copy(update={"rollout": rollout})
        training = toy_config.training.model_copy(update={"ppo": ppo})
        return services_of(toy_config.model_copy(update={"training": training})).rollout.experience(learner)

    return make


def ages(experience: StaggeredExperience) -> list[int]:
    return [group._engine.tick for group in experience._groups]


def test_one_group_is_plain_experience(staggered) -> None:
    assert isinstance(staggered(1), FreshExperience)
    assert isinstance(staggered(2), StaggeredExperience)


def test_the_ages_spread_evenly_over_a_life_and_stay_so(staggered) -> None:
    experience = staggered(4)
    for _ in range(4):
        experience.gather(1.0)
    assert sorted(ages(experience)) == [40, 80, 120, 160]
    for _ in range(7):
        experience.gather(1.0)
        assert sorted(ages(experience)) == [40, 80, 120, 160]


@pytest.mark.parametrize(("worlds", "groups", "sizes"), [(6, 3, [2, 2, 2]), (7, 3, [2, 2, 3]), (2, 4, [1, 1])])
def test_every_town_is_in_one_group(worlds, groups, sizes) -> None:
    config = load_config(None, [f"training.ppo.rollout.worlds={worlds}", f"training.ppo.rollout.groups={groups}"])
    rollout = config.training.ppo.rollout
    dealt = [group_seeds(rollout, 7, group, 1) for group in range(group_count(rollout))]
    assert [len(seeds) for seeds in dealt] == sizes
    assert tuple(seed for seeds in dealt for seed in seeds) == town_seeds(7, "rollout", worlds, 1)


def test_rows_are_joined_in_the_order_of_the_groups(staggered) -> None:
    experience = staggered(2)
    gathered = experience.gather(1.0)
    assert gathered.batch.rows == 8
    assert gathered.samples == 40 * 8
    for number, group in enumerate(experience._groups):
        own = group._buffer.batch()
        for field in fields(RolloutBatch):
            if field.name == "state":
                for name, array in own.state.items():
                    np.testing.assert_array_equal(gathered.batch.state[name][4 * number : 4 * number + 4], array)
            elif field.name not in ("demonstrations", "memory"):
                part = getattr(gathered.batch, field.name)[:, 4 * number : 4 * number + 4]
                np.testing.assert_array_equal(part, getattr(own, field.name))


def test_rates_are_means_and_counts_are_sums(staggered) -> None:
    gathered = staggered(2).gather(1.0)
    assert gathered.metrics["lives_ended"] == gathered.batch.terminated.sum() > 0
    assert gathered.metrics["reward_mean"] == pytest.approx(float(gathered.batch.rewards.mean()))


def test_what_was_saved_goes_on_exactly(staggered, tmp_path) -> None:
    experience, other = staggered(2), staggered(2)
    for _ in range(3):
        experience.gather(1.0)
    experience.save(tmp_path)
    other.load(tmp_path)
    for _ in range(5):
        ours, theirs = experience.gather(1.0), other.gather(1.0)
        np.testing.assert_array_equal(ours.batch.actions, theirs.batch.actions)
        np.testing.assert_array_equal(ours.batch.features, theirs.batch.features)
    assert ages(experience) == ages(other)


@pytest.mark.parametrize(("saved", "asked"), [(2, 4), (1, 2)])
def test_towns_of_another_number_of_groups_are_refused(staggered, tmp_path, saved, asked) -> None:
    staggered(saved).save(tmp_path)
    with pytest.raises(CheckpointError, match=f"the config asks for {asked}"):
        staggered(asked).load(tmp_path)


@pytest.fixture
def worth_a_thread(monkeypatch):
    """Let so many rows of a half be worth a thread."""
    return lambda rows: monkeypatch.setattr("townlet.training.services.rollout.WORTH_A_THREAD", rows)


@pytest.mark.parametrize("rows", [1, 1000], ids=["halves", "together"])
@pytest.mark.parametrize("groups", [2, 3, 4])
def test_taking_turns_brings_what_the_groups_bring_one_after_the_other(staggered, groups, rows, worth_a_thread) -> None:
    """Towns that do not fall into halves included: three groups of four towns, 1, 1 and 2."""
    worth_a_thread(rows)
    turning, straight = staggered(groups), staggered(groups)
    for _ in range(6):  # towns are replaced meanwhile
        ours, theirs = turning.gather(1.0), [group.gather(1.0) for group in straight._groups]
        for name in ("features", "active", "actions", "log_probs", "values", "rewards", "terminated", "bootstrap"):
            expected = np.concatenate([getattr(piece.batch, name) for piece in theirs], axis=1)
            np.testing.assert_array_equal(getattr(ours.batch, name), expected, err_msg=name)
        for name, array in ours.batch.state.items():
            expected = np.concatenate([piece.batch.state[name] for piece in theirs])
            np.testing.assert_array_equal(array, expected, err_msg=name)


@pytest.mark.parametrize(("worth", "rows"), [(4, 4), (5, 8)], ids=["two-calls", "one-call"])
def test_four_groups_are_decided_for_in_two_calls_a_tick_or_in_one(
    staggered, learner, worth_a_thread, worth, rows
) -> None:
    """Two sides of two towns of two agents; where their four rows are not worth a thread, one side of all."""
    worth_a_thread(worth)
    experience, asked = staggered(4), []
    policy = learner.policy
    decide = type(policy).decide

    def counted(self, observations, state, *, explore=False):
        asked.append(observations.rows)
        return decide(self, observations, state, explore=explore)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(policy), "decide", counted)
        experience.gather(1.0)
    ticks = asked[: 40 * 8 // rows]
    assert ticks == [rows] * len(ticks)
    assert sum(asked) == 8 * 41  # after 40 ticks what follows is valued
