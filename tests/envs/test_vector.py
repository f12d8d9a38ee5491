"""Towns as one gymnasium vector environment: spaces, autoreset in the same step, the rows of empty slots."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from townlet.config.root import TownletConfig
from townlet.envs.vector import TownVectorEnv
from townlet.errors import BackendContractError, UsageError

HAMLET = TownletConfig.model_validate({"town": {"map": "hamlet"}})


def choose(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    return np.where(mask > 0, rng.random(mask.shape), -1.0).argmax(1)


class TestIds:
    def test_the_field_makes_towns_by_id(self) -> None:
        env = gymnasium.make_vec("townlet/Riverside-v0", num_envs=4)
        assert isinstance(env, TownVectorEnv)
        assert (env.engine.worlds, env.num_envs) == (4, 32)
        observations, _ = env.reset(seed=1)
        assert env.observation_space.contains(observations)

    def test_in_either_action_space(self) -> None:
        env = gymnasium.make_vec("townlet/Hamlet-v0", num_envs=2, actions="goals", episode_ticks=50)
        assert env.single_action_space == gymnasium.spaces.Discrete(10)
        rng = np.random.default_rng(0)
        observations, info = env.reset(seed=1)
        asked, waited = 0, 0
        for _ in range(300):
            mask = observations["action_mask"]
            assert (mask[~info["asked"], 1:] == 0).all()
            asked, waited = asked + info["asked"].sum(), waited + (~info["asked"]).sum()
            observations, *_, info = env.step(choose(rng, mask))
            assert not info["forbidden"].any()
        assert waited > asked > 0

    def test_what_others_answer_is_neither_heard_nor_forbidden(self) -> None:
        env = gymnasium.make_vec("townlet/Hamlet-v0", num_envs=1, actions="goals")
        env.reset(seed=1)
        goals = env.engine.state.agents.goal
        env.step(np.full(4, 3))
        before = goals.copy()
        *_, info = env.step(np.full(4, 9))
        assert (info["forbidden"] <= info["asked"]).all()
        assert (goals == before).all()


class TestSurface:
    def test_is_a_vector_env(self) -> None:
        env = TownVectorEnv(HAMLET, worlds=3)
        assert isinstance(env, VectorEnv)
        assert env.num_envs == 12
        assert env.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
        assert isinstance(env.single_action_space, gymnasium.spaces.Discrete)

    def test_observations_lie_in_their_space(self) -> None:
        env = TownVectorEnv(HAMLET, worlds=2)
        observations, info = env.reset(seed=5)
        assert env.observation_space.contains(observations)
        assert info["active"].all()
        observations, rewards, terminated, truncated, info = env.step(np.zeros(8, np.int64))
        assert env.observation_space.contains(observations)
        assert rewards.dtype == np.float32
        assert terminated.dtype == truncated.dtype == np.bool_
        assert info["reward_parts"].sum(1) == pytest.approx(rewards, abs=1e-6)

    def test_what_was_returned_stays(self) -> None:
        env = TownVectorEnv(HAMLET)
        observations, _ = env.reset()
        kept = {name: array.copy() for name, array in observations.items()}
        env.step(np.zeros(4, np.int64))
        assert all(np.array_equal(observations[name], kept[name]) for name in kept)

    def test_without_copies_nothing_is_copied(self) -> None:
        env = TownVectorEnv(HAMLET, copy=False)
        first, _ = env.reset()
        second, *_ = env.step(np.zeros(4, np.int64))
        assert np.shares_memory(first["features"], second["features"])

    def test_gymnasiums_wrappers_fit(self) -> None:
        env = RecordEpisodeStatistics(TownVectorEnv(HAMLET, worlds=2, episode_ticks=50))
        env.reset(seed=0)
        finished = 0
        for _ in range(120):
            *_, info = env.step(np.zeros(8, np.int64))
            finished += int(info.get("_episode", np.zeros(1)).sum())
        assert finished == 16


class TestSeeds:
    def test_same_seed_same_town(self) -> None:
        one, two = TownVectorEnv(HAMLET, worlds=2), TownVectorEnv(HAMLET, worlds=2, seed=99)
        a, _ = one.reset(seed=3)
        b, _ = two.reset(seed=3)
        assert all(np.array_equal(a[name], b[name]) for name in a)

    def test_one_seed_a_world(self) -> None:
        env = TownVectorEnv(HAMLET, worlds=2)
        env.reset(seed=[8, 3])
        assert env.engine.seeds == (8, 3)
        with pytest.raises(UsageError, match="2 seeds"):
            env.reset(seed=[1])

    def test_without_a_seed_the_towns_go_on_to_new_ones(self) -> None:
        env = TownVectorEnv(HAMLET, worlds=2, seed=0)
        env.reset()
        first = env.engine.seeds
        env.reset()
        assert first != env.engine.seeds
        assert len(set(first)) == 2


class TestAutoreset:
    def test_a_death_ends_the_episode_in_the_same_step(self) -> None:
        env = TownVectorEnv(HAMLET, worlds=4, seed=0)
        observations, info = env.reset(seed=0)
        rng, deaths, returns = np.random.default_rng(2), 0, np.zeros(16)
        for _ in range(3000):
            active = info["active"]
            observations, rewards, terminated, truncated, info = env.step(choose(rng, observations["action_mask"]))
            returns += rewards
            assert not truncated.any()
            assert not terminated[~active].any()
            assert ("final_obs" in info) == terminated.any()
            for row in np.flatnonzero(terminated):
                deaths += 1
                assert info["_final_obs"][row]
                assert not info["final_obs"][row]["features"].any()
                assert info["final_info"]["episode_return"][row] == pytest.approx(returns[row], abs=1e-4)
                returns[row] = 0
        assert deaths > 5

    def test_an_empty_slot_may_do_anything_and_waits(self) -> None:
        env = TownVectorEnv(HAMLET, seed=0)
        env.reset(seed=0)
        agents = env.engine.state.agents
        agents.present[0, 2], agents.respawn_in[0, 2] = False, 9
        env.engine.state.occupancy[0, agents.y[0, 2], agents.x[0, 2]] = -1
        env.engine.observe()
        _, rewards, terminated, _, info = env.step(np.array([0, 0, 7, 0]))
        assert (rewards[2], bool(terminated[2]), bool(info["active"][2])) == (0.0, False, False)

    def test_a_cut_episode_is_truncated_and_the_life_goes_on(self) -> None:
        env = TownVectorEnv(HAMLET, seed=0, episode_ticks=10)
        env.reset(seed=0)
        for t in range(1, 31):
            observations, _, terminated, truncated, info = env.step(np.zeros(4, np.int64))
            assert not terminated.any()
            assert truncated.all() == (t % 10 == 0)
            if truncated.any():
                for row in range(4):
                    assert np.array_equal(info["final_obs"][row]["features"], observations["features"][row])
                assert (info["final_info"]["episode_length"] == 10).all()


class TestForbidden:
    def test_is_an_error_if_asked(self) -> None:
        env = TownVectorEnv(HAMLET, forbidden="error")
        observations, _ = env.reset(seed=0)
        actions = observations["action_mask"].argmin(1)
        with pytest.raises(BackendContractError, match="not possible"):
            env.step(actions)

    def test_waits_and_says_so(self) -> None:
        env = TownVectorEnv(HAMLET)
        observations, _ = env.reset(seed=0)
        actions = np.zeros(4, np.int64)
        actions[1] = observations["action_mask"][1].argmin()
        *_, info = env.step(actions)
        assert info["forbidden"].tolist() == [False, True, False, False]


def test_pictures_of_up_to_four_worlds() -> None:
    env = TownVectorEnv(HAMLET, worlds=6, render_mode="rgb_array")
    env.reset()
    pictures = env.render()
    assert len(pictures) == 4
    assert all(picture.dtype == np.uint8 and picture.ndim == 3 for picture in pictures)
    env.close()
