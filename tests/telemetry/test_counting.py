"""What is counted, in scenes where a person can count along."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.telemetry.accumulate import DAYS_KEPT
from townlet.world.names import FACILITY_KINDS

ALICE, BOB, CAROL, DAVE = range(4)


class TestTicks:
    def test_four_people_ten_ticks(self, census) -> None:
        census.wait(10)
        totals = census.engine.kpis().totals(["ticks", "action_wait", "action_use"])
        assert totals == {"ticks": 40, "action_wait": 40, "action_use": 0}

    def test_needs_are_summed_as_they_are_after_the_tick(self, census) -> None:
        expected = 0.0
        for _ in range(5):
            census.wait()
            expected += float(census.state.agents.hunger.astype(np.float64).sum())
        assert census.engine.kpis().totals(["hunger"])["hunger"] == pytest.approx(expected, abs=1e-9)

    def test_rewards_are_those_paid_out(self, census) -> None:
        paid, parts = np.zeros(4), np.zeros((4, len(census.engine.reward_part_names)))
        for _ in range(50):
            result = census.wait()
            paid += result.rewards
            parts += result.reward_parts
        kpis = census.engine.kpis()
        for i, name in enumerate(census.engine.reward_part_names):
            assert kpis.totals([f"reward_{name}"])[f"reward_{name}"] == pytest.approx(parts[:, i].sum(), abs=1e-9)
        by_agent = [row["reward"] * 50 / census.rules.day_ticks for row in kpis.per_agent().values()]
        assert by_agent == pytest.approx(paid, abs=1e-9)

    def test_nobody_is_counted_while_nobody_lives_there(self, census) -> None:
        census.state.agents.present[0, DAVE] = False
        census.state.agents.respawn_in[0, DAVE] = 1000
        census.state.occupancy[0, census.state.agents.y[0, DAVE], census.state.agents.x[0, DAVE]] = -1
        census.wait(10)
        assert census.engine.kpis().totals(["ticks"])["ticks"] == 30


class TestDays:
    def test_a_day_without_want_is_self_sufficient(self, census) -> None:
        census.wait(census.rules.day_ticks, contented=True)
        kpis = census.engine.kpis()
        assert kpis.summary()["self_sufficiency"] == 1.0
        assert kpis.totals(["agent_days", "sufficient_days"]) == {"agent_days": 4, "sufficient_days": 4}

    def test_one_tick_of_want_spoils_the_day_of_one(self, census) -> None:
        census.wait(400, contented=True)
        census.content()
        census.state.agents.hygiene[0, BOB] = 0.3
        census.wait()
        census.wait(census.rules.day_ticks - 401, contented=True)
        kpis = census.engine.kpis()
        assert kpis.summary()["self_sufficiency"] == 0.75
        assert kpis.per_agent()["bob"]["self_sufficiency"] == 0.0

    def test_each_day_is_judged_for_itself(self, census) -> None:
        census.content()
        census.state.agents.energy[0, CAROL] = 0.1
        census.wait()
        census.wait(2 * census.rules.day_ticks - 1, contented=True)
        days = census.engine.kpis().per_day()
        assert [day["day"] for day in days] == [0.0, 1.0]
        assert [day["self_sufficiency"] for day in days] == [0.75, 1.0]

    def test_who_moves_in_at_noon_has_no_sufficient_day(self, census) -> None:
        agents = census.state.agents
        agents.present[0, DAVE] = False
        agents.respawn_in[0, DAVE] = 5
        census.state.occupancy[0, agents.y[0, DAVE], agents.x[0, DAVE]] = -1
        census.engine.counters.sufficient[0, DAVE] = False
        census.wait(census.rules.day_ticks, contented=True)
        assert agents.present[0, DAVE]
        assert census.engine.kpis().per_agent()["dave"]["self_sufficiency"] == 0.0

    def test_the_day_under_way_comes_last(self, census) -> None:
        census.wait(census.rules.day_ticks + 10, contented=True)
        days = census.engine.kpis().days
        assert days.shape[0] == 2
        assert days[:, 0, 0].tolist() == [4 * census.rules.day_ticks, 40]

    def test_part_of_a_first_day_is_judged_as_far_as_it_went(self, census) -> None:
        census.wait(100, contented=True)
        assert census.engine.kpis().summary()["self_sufficiency"] == 1.0

    def test_days_sum_to_the_run(self, census) -> None:
        census.wait(2500)
        kpis = census.engine.kpis()
        assert kpis.days.sum((0, 1)) == pytest.approx(kpis.agent_sums.sum((0, 1)), abs=1e-6)

    def test_old_days_are_kept_in_the_run_only(self, census) -> None:
        """Memory does not grow with the length of a run."""
        size = sum(array.nbytes for array in census.engine.counters)
        for _ in range(DAYS_KEPT + 6):
            census.state.clock.tick[:] += census.rules.day_ticks - census.state.clock.tick % census.rules.day_ticks - 1
            census.wait(contented=True)
        kpis = census.engine.kpis()
        assert kpis.totals(["agent_days"])["agent_days"] == 4 * (DAYS_KEPT + 6)
        assert (kpis.first_day, len(kpis.days)) == (6, DAYS_KEPT)
        assert sum(array.nbytes for array in census.engine.counters) == size


class TestPlaces:
    def test_heat_map_counts_every_tenth_tick(self, census) -> None:
        census.wait(30)
        kpis, agents = census.engine.kpis(), census.state.agents
        assert kpis.heat_map.sum() == 3 * 4
        assert kpis.heat_map[0, agents.y[0, ALICE], agents.x[0, ALICE]] == 3

    def test_queue_lengths_count_facilities(self, census) -> None:
        census.wait(10)
        kpis = census.engine.kpis()
        kinds = census.engine.tables.map.object_kind
        for k in range(len(FACILITY_KINDS)):
            assert kpis.queue_lengths[0, k].sum() == np.sum(kinds == k)


class TestWorlds:
    def test_worlds_are_told_apart(self, two_towns) -> None:
        two_towns.content()
        two_towns.state.agents.hunger[1] = 0.1
        two_towns.wait(10)
        first, second = two_towns.engine.kpis().per_world()
        assert first["low_need_share"] == 0.0
        assert second["low_need_share"] == 1.0
        assert two_towns.engine.kpis().summary()["low_need_share"] == 0.5

    def test_a_reset_forgets(self, census) -> None:
        census.wait(25)
        census.engine.reset()
        kpis = census.engine.kpis()
        assert (kpis.ticks, kpis.agent_sums.sum(), kpis.heat_map.sum()) == (0, 0.0, 0)
        assert kpis.days.shape[0] == 0

    def test_reading_does_not_disturb(self, census) -> None:
        census.wait(20)
        first = census.engine.kpis()
        first.agent_sums[:] = -1
        assert census.engine.kpis().totals(["ticks"])["ticks"] == 80

    def test_timing_is_asked_for(self, census) -> None:
        census.wait(5)
        kpis = census.engine.kpis()
        assert "ticks_per_second" not in kpis.summary()
        assert kpis.summary(timing=True)["ticks_per_second"] > 0
