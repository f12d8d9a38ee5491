"""One town as a PettingZoo environment: the field's own checkers, and births and deaths by its rules."""

from __future__ import annotations

import numpy as np
import pytest
from pettingzoo.test import max_cycles_test, parallel_api_test, parallel_seed_test

from townlet.config.root import TownletConfig
from townlet.envs import parallel
from townlet.envs.parallel import TownParallelEnv
from townlet.errors import BackendContractError, UsageError

HAMLET = TownletConfig.model_validate({"town": {"map": "hamlet"}})
GOALS = TownletConfig.model_validate({"town": {"map": "hamlet", "actions": "goals"}})


class TestFieldsOwnCheckers:
    def test_parallel_api(self) -> None:
        parallel_api_test(TownParallelEnv(), num_cycles=1000)

    def test_parallel_api_with_deaths_and_births(self) -> None:
        parallel_api_test(TownParallelEnv(HAMLET, seed=4), num_cycles=4000)

    def test_seed(self) -> None:
        parallel_seed_test(TownParallelEnv)

    def test_api_and_seed_in_goals(self) -> None:
        parallel_api_test(TownParallelEnv(GOALS), num_cycles=2000)
        parallel_seed_test(lambda: TownParallelEnv(GOALS))

    def test_max_cycles(self) -> None:
        max_cycles_test(parallel)


class TestPeople:
    def test_who_leaves_never_returns_and_newcomers_have_new_names(self) -> None:
        env = TownParallelEnv(HAMLET, seed=1, max_cycles=6000)
        observations, _ = env.reset(seed=1)
        assert env.agents == ["alice", "bob", "carol", "dave"]
        rng, gone, ever = np.random.default_rng(0), set(), set(env.agents)
        while env.agents:
            actions = {name: int(rng.choice(np.flatnonzero(observations[name]["action_mask"]))) for name in env.agents}
            acted = set(env.agents)
            observations, rewards, terminations, truncations, infos = env.step(actions)
            newcomers = set(rewards) - acted
            assert newcomers.isdisjoint(ever)
            assert all(rewards[name] == 0.0 for name in newcomers)
            ever |= newcomers
            gone |= {name for name in acted if terminations[name]}
            assert gone.isdisjoint(env.agents)
            assert set(observations) == set(rewards) == set(terminations) == set(truncations) == set(infos)
        assert len(gone) > 2
        assert set(env.possible_agents) == ever

    def test_the_default_town_has_eight(self) -> None:
        env = TownParallelEnv()
        env.reset()
        assert len(env.agents) == 8
        assert set(env.agents) < set(env.possible_agents)

    def test_spaces_hold_the_observations(self) -> None:
        env = TownParallelEnv(HAMLET)
        observations, _ = env.reset(seed=0)
        for name in env.agents:
            assert env.observation_space(name).contains(observations[name])

    def test_no_map_in_the_compact_variant(self) -> None:
        config = HAMLET.model_copy(update={"observation": HAMLET.observation.model_copy(update={"variant": "compact"})})
        observations, _ = TownParallelEnv(config).reset()
        assert set(observations["alice"]) == {"features", "action_mask"}


class TestForbidden:
    def forbidden(self, env: TownParallelEnv) -> dict[str, int]:
        observations, _ = env.reset(seed=0)
        actions = dict.fromkeys(env.agents, 0)
        actions["bob"] = int(np.flatnonzero(observations["bob"]["action_mask"] == 0)[0])
        return actions

    def test_is_an_error_if_asked(self) -> None:
        env = TownParallelEnv(HAMLET, forbidden="error")
        with pytest.raises(BackendContractError, match="bob"):
            env.step(self.forbidden(env))

    def test_waits_and_says_so(self) -> None:
        env = TownParallelEnv(HAMLET)
        *_, infos = env.step(self.forbidden(env))
        assert infos["bob"]["forbidden"]
        assert "forbidden" not in infos["alice"]

    def test_somebody_without_an_action(self) -> None:
        env = TownParallelEnv(HAMLET)
        env.reset()
        with pytest.raises(BackendContractError, match="alice"):
            env.step({})


class TestGoals:
    def test_who_is_asked_is_said_and_others_are_not_heard(self) -> None:
        env = TownParallelEnv(GOALS, forbidden="error")
        observations, infos = env.reset(seed=0)
        assert all(info["asked"] for info in infos.values())
        stove = env.engine.spec.action_names.index("stove")
        assert observations["alice"]["action_mask"][stove]
        observations, *_, infos = env.step({name: stove * (name == "alice") for name in env.agents})
        assert not infos["alice"]["asked"]
        assert observations["alice"]["action_mask"].tolist() == [1] + [0] * 9
        *_, infos = env.step(dict.fromkeys(env.agents, stove + 1))
        assert "forbidden" not in infos["alice"]
        assert env.engine.state.agents.goal[0, 0] == stove


class TestDrawing:
    def test_pictures_and_text(self) -> None:
        for mode, kind in (("rgb_array", np.ndarray), ("ansi", str), (None, type(None))):
            env = TownParallelEnv(HAMLET, render_mode=mode)
            env.reset()
            assert isinstance(env.render(), kind)

    def test_unknown_mode(self) -> None:
        with pytest.raises(UsageError, match="hologram"):
            TownParallelEnv(HAMLET, render_mode="hologram")
