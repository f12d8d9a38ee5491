"""The guards: bounds of a tick and of an episode, the hold around exits, and that rewards still vary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from townlet.config.root import TownletConfig
from townlet.envs import TownEngine
from townlet.rewards import REWARD_PARTS
from townlet.world.names import EVENTS, EXIT_REASONS

ALICE, BOB, CAROL, DAVE = range(4)
EXIT, GUARD = REWARD_PARTS.index("exit"), REWARD_PARTS.index("guard")


def end(purse, agent: int, reason: str) -> None:
    """Write an exit into the events of this tick."""
    purse.state.events.amount[0, agent, EVENTS.index("exit")] = 1
    purse.state.agents.exit_reason[0, agent] = EXIT_REASONS.index(reason)
    purse.state.agents.present[0, agent] = False


class TestTick:
    @given(
        st.lists(st.floats(0, 1), min_size=3, max_size=3),
        st.floats(0, 100),
        st.integers(0, 3),
        st.sampled_from(["OFF", "C1", "C2", "C3"]),
    )
    @settings(max_examples=60, deadline=None)
    def test_bounded_and_the_parts_sum_to_the_total(self, shared_purse, needs, wages, faints, stage) -> None:
        purse = shared_purse
        purse.engine.reset()
        purse.engine.set_social_stage(stage)
        agents, amount = purse.state.agents, purse.state.events.amount
        agents.hunger[0, BOB], agents.energy[0, BOB], agents.hygiene[0, BOB] = needs
        amount[0, BOB] = 0
        amount[0, BOB, EVENTS.index("wages")] = wages
        amount[0, BOB, EVENTS.index("faint")] = faints
        result = purse.pay()
        assert abs(result.rewards[BOB]) <= purse.settings.tick_bound + 1e-6
        assert result.reward_parts[BOB].astype(np.float64).sum() == pytest.approx(result.rewards[BOB], abs=1e-5)

    def test_binding_is_said(self, purse) -> None:
        purse.state.events.amount[0, BOB, EVENTS.index("wages")] = 1000
        result = purse.pay()
        assert result.rewards[BOB] == pytest.approx(purse.settings.tick_bound)
        assert result.reward_parts[BOB, GUARD] < 0


class TestEpisode:
    def test_the_sum_stays_within_its_bound(self, make_purse) -> None:
        purse = make_purse(episode_bound=0.01)
        purse.content(0.5)
        total = sum(float(purse.wait().rewards[ALICE]) for _ in range(30))
        assert total == pytest.approx(-0.01, abs=1e-5)

    def test_the_account_starts_afresh(self, make_purse) -> None:
        purse = make_purse(episode_bound=0.01, episode_ticks=20)
        purse.content(0.5)
        total = sum(float(purse.wait().rewards[ALICE]) for _ in range(60))
        assert total == pytest.approx(-0.03, abs=1e-5)

    def test_five_days_of_misery_fit(self, purse) -> None:
        """Else an agent in misery would stop to learn that it is in misery."""
        s = purse.settings
        worst = s.need_scale * (s.hunger_weight + s.energy_weight + s.hygiene_weight)
        assert worst * s.episode_ticks < s.episode_bound

    def test_dying_is_never_the_way_out(self, purse) -> None:
        s = purse.settings
        worst = s.need_scale * (s.hunger_weight + s.energy_weight + s.hygiene_weight)
        assert min(s.collapse_penalty, s.eviction_penalty) > worst / (1 - s.shaping_discount)


class TestExit:
    @pytest.mark.parametrize(
        ("reason", "penalty"), [("collapse", 3.0), ("neglect", 3.0), ("eviction", 3.0), ("removed", 0.0)]
    )
    def test_penalty_is_outside_the_bounds(self, purse, reason: str, penalty: float) -> None:
        end(purse, BOB, reason)
        result = purse.pay()
        assert result.terminated[BOB]
        assert result.reward_parts[BOB, EXIT] == -penalty
        assert -penalty - purse.settings.tick_bound <= result.rewards[BOB] <= -penalty

    def test_wages_of_the_last_tick_are_held_back(self, purse) -> None:
        purse.state.events.amount[0, BOB, EVENTS.index("wages")] = 1
        end(purse, BOB, "removed")
        assert purse.pay().rewards[BOB] <= 0

    def test_an_empty_slot_earns_nothing(self, purse) -> None:
        end(purse, BOB, "removed")
        purse.pay()
        purse.state.events.amount[0, BOB] = 0
        result = purse.pay()
        assert result.rewards[BOB] == 0
        assert not result.reward_parts[BOB].any()
        assert not result.terminated[BOB]

    def test_the_starving_earn_nothing_in_their_last_ticks(self, purse) -> None:
        agents, limit = purse.state.agents, purse.engine.tables.rules.collapse_ticks
        agents.hungry_ticks[0, BOB] = limit - purse.settings.exit_hold - 1
        purse.state.events.amount[0, BOB, EVENTS.index("wages")] = 1
        assert purse.pay().rewards[BOB] > 0
        agents.hungry_ticks[0, BOB] += 1
        assert purse.pay().rewards[BOB] <= 0

    def test_nor_does_a_debtor_before_the_eviction(self, make_purse) -> None:
        """Fed and rested, without a coin: paid each tick but for the last ten before the midnight that ends it."""
        purse = make_purse(survival=0.01)
        agents, rules = purse.state.agents, purse.engine.tables.rules
        paid, exits = [], []
        for _ in range(rules.rent_days * rules.day_ticks + 1):
            purse.content(1.0)
            agents.money[:] = 0.0
            result = purse.wait()
            paid.append(result.rewards.copy())
            exits.append(result.terminated.copy())
        (t, row), *_ = np.argwhere(np.array(exits))
        before = np.array(paid)[:t, row]
        assert before[-11 - purse.settings.exit_hold : -purse.settings.exit_hold].min() > 0
        assert before[-purse.settings.exit_hold :].max() <= 0

    def test_no_positive_reward_within_ten_ticks_of_an_exit(self) -> None:
        """A town of careless people, watched for a month: around every exit, on both sides."""
        config = TownletConfig.model_validate(
            {"town": {"map": "hamlet"}, "rewards": {"survival": 0.01, "need_scale": 0.0001}}
        )
        engine, rng = TownEngine(config, range(6)), np.random.default_rng(1)
        ticks, rewards, ended = 6000, [], []
        mask = engine.observe().action_mask
        for _ in range(ticks):
            actions = np.where(rng.random(mask.shape) * mask > 0, rng.random(mask.shape) * mask, -1).argmax(1)
            result = engine.step(actions)
            mask = result.observations.action_mask
            rewards.append(result.rewards.copy())
            ended.append(result.terminated.copy())
        paid, exits = np.array(rewards), np.argwhere(np.array(ended))
        assert len(exits) > 10
        assert (paid > 0).mean() > 0.3  # the rule has something to forbid
        for t, row in exits:
            assert paid[max(t - 10, 0) : t + 11, row].max() <= 0, (t, row)


class TestVariety:
    """The lesson of a reward that was the clip value on every step of every shipped config."""

    @pytest.mark.parametrize("town", ["hamlet", "riverside"])
    def test_reward_varies_and_the_bounds_rarely_bind(self, town: str) -> None:
        config = TownletConfig.model_validate({"town": {"map": town}})
        engine, rng = TownEngine(config, [1, 2]), np.random.default_rng(0)
        mask, seen = engine.observe().action_mask, []
        for _ in range(2500):
            draws = rng.random(mask.shape) * mask
            result = engine.step(np.where(draws > 0, draws, -1).argmax(1))
            mask = result.observations.action_mask
            seen.append(result.rewards.copy())
        rewards = np.concatenate(seen)
        assert len(np.unique(rewards.round(6))) > 1000
        assert np.mean(np.abs(np.abs(rewards) - config.rewards.tick_bound) < 1e-6) < 0.001
        assert engine.kpis().summary()["clipped_share"] < 0.001
