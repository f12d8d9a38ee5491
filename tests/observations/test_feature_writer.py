"""What an agent is told of itself, its town and its ways, scene by scene."""

from __future__ import annotations

import math

import numpy as np
import pytest

from townlet.world.names import FACILITY_KINDS

ALICE, BOB, CAROL, DAVE = range(4)


class TestOneself:
    def test_needs(self, stage) -> None:
        agents = stage.state.agents
        agents.hunger[0, ALICE], agents.energy[0, ALICE], agents.hygiene[0, ALICE] = 0.25, 0.5, 0.75
        seen = stage.see(ALICE)
        assert (seen["need_hunger"], seen["need_energy"], seen["need_hygiene"]) == (0.25, 0.5, 0.75)

    @pytest.mark.parametrize(("money", "feature"), [(0.0, 0.0), (50.0, 0.5), (150.0, 0.75)])
    def test_wallet(self, stage, money: float, feature: float) -> None:
        stage.state.agents.money[0, BOB] = money
        assert stage.see(BOB)["wallet"] == pytest.approx(feature)

    def test_inventory_saturates(self, stage) -> None:
        stage.state.agents.groceries[0, BOB], stage.state.agents.meals[0, BOB] = 2, 9
        seen = stage.see(BOB)
        assert seen["groceries"] == pytest.approx(0.4)
        assert seen["meals"] == 1.0

    def test_rent_owed_counts_towards_eviction(self, stage) -> None:
        stage.state.agents.rent_unpaid[0, BOB] = 1
        assert stage.see(BOB)["rent_unpaid"] == pytest.approx(1 / stage.tables.rules.rent_days)

    @pytest.mark.parametrize(("tick", "sine", "cosine"), [(0, 0, 1), (250, 1, 0), (1500, 0, -1)])
    def test_time_of_day(self, stage, tick: int, sine: float, cosine: float) -> None:
        stage.state.clock.tick[0] = tick
        seen = stage.see(ALICE)
        assert seen["time_sin"] == pytest.approx(sine, abs=1e-6)
        assert seen["time_cos"] == pytest.approx(cosine, abs=1e-6)

    def test_first_tick_of_a_life_says_so(self, stage) -> None:
        assert stage.see(ALICE)["context_reset"] == 1.0
        stage.engine.step(np.zeros(4, np.int64))
        assert stage.see(ALICE)["context_reset"] == 0.0

    def test_last_action_and_whether_it_worked(self, stage) -> None:
        stage.state.agents.last_action[0, ALICE], stage.state.agents.last_ok[0, ALICE] = 5, False
        seen = stage.see(ALICE)
        assert [name for name, value in seen.items() if name.startswith("last_") and value] == ["last_use"]

    def test_activity_and_what_remains_of_it(self, stage) -> None:
        shower = stage.engine.town.affordances.index("shower")
        stage.state.agents.activity[0, ALICE] = shower
        stage.state.agents.activity_left[0, ALICE] = stage.tables.affordances.duration[shower] // 2
        seen = stage.see(ALICE)
        assert [name for name, value in seen.items() if name.startswith("doing_") and value] == ["doing_shower"]
        assert seen["activity_left"] == pytest.approx(0.5, abs=0.05)

    def test_idle(self, stage) -> None:
        seen = stage.see(ALICE)
        assert [name for name, value in seen.items() if name.startswith("doing_") and value] == ["doing_none"]
        assert seen["activity_left"] == 0.0

    def test_place_in_a_queue(self, stage) -> None:
        o, objects = stage.object_of("shower"), stage.state.objects
        objects.queue[0, o, :2], objects.queue_length[0, o] = [BOB, ALICE], 2
        stage.state.agents.queue_object[0, [ALICE, BOB]] = o
        seen = stage.see(ALICE)
        assert seen["in_queue"] == 1.0
        assert seen["queue_place"] == pytest.approx(2 / 6)
        assert seen["queue_length"] == pytest.approx(2 / 6)
        assert stage.see(CAROL)["in_queue"] == 0.0

    def test_an_empty_slot_sees_nothing(self, stage) -> None:
        stage.state.agents.present[0, CAROL] = False
        batch = stage.engine.observe()
        assert not batch.features[CAROL].any()
        assert not batch.map[CAROL].any()
        assert not batch.active[CAROL]
        assert batch.action_mask[CAROL].tolist() == [True] + [False] * 7


class TestWork:
    def hired(self, stage, tick: int) -> dict[str, float]:
        stage.state.agents.job[0, ALICE] = 0
        stage.state.clock.tick[0] = tick
        posts = stage.tables.posts
        stage.state.agents.in_shift[0, ALICE] = posts.start[0] <= tick < posts.end[0]
        return stage.see(ALICE)

    def test_without_a_job(self, stage) -> None:
        stage.state.agents.job[0, ALICE] = -1
        seen = stage.see(ALICE)
        assert [seen[name] for name in ("has_job", "in_shift", "to_shift_start", "to_shift_end", "wage")] == [0] * 5

    def test_before_the_shift(self, stage) -> None:
        start = int(stage.tables.posts.start[0])
        seen = self.hired(stage, start - 50)
        assert seen["to_shift_start"] == pytest.approx(0.05)
        assert seen["to_shift_end"] == 0.0

    def test_after_the_shift_it_is_tomorrows(self, stage) -> None:
        posts = stage.tables.posts
        seen = self.hired(stage, int(posts.end[0]))
        assert seen["to_shift_start"] == pytest.approx((posts.start[0] + 1000 - posts.end[0]) / 1000)

    def test_within_the_shift(self, stage) -> None:
        seen = self.hired(stage, int(stage.tables.posts.end[0]) - 100)
        assert (seen["has_job"], seen["in_shift"], seen["to_shift_start"]) == (1.0, 1.0, 0.0)
        assert seen["to_shift_end"] == pytest.approx(0.1)


class TestWays:
    """The hamlet's grocer (till) stands at row 4, column 10 and serves from the tile to its west."""

    def test_at_the_till(self, stage) -> None:
        stage.put(ALICE, 4, 9)
        seen = stage.see(ALICE)
        assert seen["till_here"] == 1.0
        assert seen["till_distance"] == 0.0
        assert seen["till_usable"] == float(stage.state.agents.money[0, ALICE] >= stage.tables.rules.base_groceries)

    def test_too_poor_for_groceries(self, stage) -> None:
        stage.put(ALICE, 4, 9)
        stage.state.agents.money[0, ALICE] = stage.tables.rules.base_groceries - 1
        assert stage.see(ALICE)["till_usable"] == 0.0
        stage.state.agents.money[0, ALICE] = stage.tables.rules.base_groceries
        assert stage.see(ALICE)["till_usable"] == 1.0

    def test_a_free_step_is_one_a_blocked_step_half(self, stage) -> None:
        stage.put(ALICE, 5, 6)
        assert stage.see(ALICE)["till_east"] == 1.0
        stage.put(BOB, 5, 7)
        assert stage.see(ALICE)["till_east"] == 0.5

    @pytest.mark.parametrize("kind", FACILITY_KINDS)
    def test_following_the_steps_leads_there(self, stage, kind: str) -> None:
        """Step by step down the hints, until `use` acts on the kind."""
        moves = {"north": (-1, 0), "east": (0, 1), "south": (1, 0), "west": (0, -1)}
        for agent in (BOB, CAROL, DAVE):
            stage.state.agents.present[0, agent] = False
            stage.state.occupancy[0] = -1
        stage.put(ALICE, 7, 6)
        seen = stage.see(ALICE)
        for _ in range(40):
            if seen[f"{kind}_here"]:
                break
            direction = max(moves, key=lambda name: seen[f"{kind}_{name}"])
            assert seen[f"{kind}_{direction}"] == 1.0
            agents = stage.state.agents
            stage.put(ALICE, agents.y[0, ALICE] + moves[direction][0], agents.x[0, ALICE] + moves[direction][1])
            seen = stage.see(ALICE)
        acted_on = stage.tables.map.use_object[stage.state.agents.y[0, ALICE], stage.state.agents.x[0, ALICE]]
        assert stage.tables.map.object_kind[acted_on] == FACILITY_KINDS.index(kind)

    def test_distance_is_eight_over_steps_plus_eight(self, stage) -> None:
        stage.put(ALICE, 4, 9)
        stage.put(BOB, 5, 6)
        assert stage.see(BOB)["till_distance"] == pytest.approx(3 / 11)  # the tile (5, 9) serves it as well

    def test_beds_lead_home(self, stage) -> None:
        """Everybody's own bed, not the nearest: one's own cottage is a step away, the other is across the square."""
        homes = stage.state.agents.home[0]
        stranger = int(np.flatnonzero(homes != homes[ALICE])[0])
        stage.put(ALICE, 3, 2)
        assert stage.see(ALICE)["bed_distance"] <= 1 / 9 + 1e-6
        stage.put(ALICE, 5, 6)
        stage.put(stranger, 3, 2)
        assert stage.see(stranger)["bed_distance"] >= 5 / 13

    def test_a_queue_fills_its_feature(self, stage) -> None:
        stage.put(ALICE, 4, 9)
        o, objects = stage.object_of("till"), stage.state.objects
        objects.user[0, o] = BOB
        objects.queue[0, o, :2], objects.queue_length[0, o] = [CAROL, DAVE], 2
        seen = stage.see(ALICE)
        assert seen["till_queue"] == pytest.approx(3 / 6)
        assert seen["till_usable"] == 0.0

    def test_a_closed_facility_is_not_usable(self, stage) -> None:
        stage.put(ALICE, 4, 9)
        stage.state.agents.money[0, ALICE] = 100
        assert stage.see(ALICE)["till_usable"] == 1.0
        stage.state.objects.closed_until[0, stage.object_of("till")] = 50
        assert stage.see(ALICE)["till_usable"] == 0.0

    def test_no_shower_without_water(self, stage) -> None:
        stage.put(ALICE, 9, 6)
        stage.state.agents.hygiene[0, ALICE] = 0.2
        assert stage.see(ALICE)["shower_usable"] == 1.0
        stage.state.outside.water[0] = False
        seen = stage.see(ALICE)
        assert (seen["water"], seen["shower_usable"]) == (0.0, 0.0)


class TestOthers:
    def test_best_friend_and_worst_rival(self, stage) -> None:
        stage.put(ALICE, 5, 6)
        stage.put(BOB, 5, 8)
        stage.put(CAROL, 9, 6)
        stage.tie(ALICE, DAVE, trust=0.2, familiarity=0.1)
        stage.tie(ALICE, BOB, trust=0.5, familiarity=0.25)
        stage.tie(ALICE, CAROL, trust=-0.5, rivalry=0.75)
        seen = stage.see(ALICE)
        assert (seen["friend1_trust"], seen["friend1_familiarity"]) == (0.5, 0.25)
        assert (seen["friend1_dy"], seen["friend1_dx"]) == (0.0, 2 / 16)
        assert seen["friend2_trust"] == pytest.approx(0.2)
        assert (seen["rival1_rivalry"], seen["rival1_dy"], seen["rival1_dx"]) == (0.75, 4 / 16, 0.0)
        assert [seen[f"rival2_{part}"] for part in ("trust", "familiarity", "rivalry", "dy", "dx")] == [0.0] * 5

    def test_nobody_is_friend_and_rival(self, stage) -> None:
        stage.tie(ALICE, BOB, trust=0.3, rivalry=0.4)
        seen = stage.see(ALICE)
        assert seen["friend1_trust"] == 0.0
        assert seen["rival1_rivalry"] == pytest.approx(0.4)

    def test_a_friend_out_of_town_has_no_place(self, stage) -> None:
        stage.tie(ALICE, BOB, trust=0.5)
        stage.state.agents.present[0, BOB] = False
        seen = stage.see(ALICE)
        assert seen["friend1_trust"] == 0.5
        assert (seen["friend1_dy"], seen["friend1_dx"]) == (0.0, 0.0)


class TestTown:
    def test_prices_relative_to_usual(self, stage) -> None:
        stage.state.outside.prices[0] *= [1.5, 1.0]
        seen = stage.see(ALICE)
        assert seen["price_groceries"] == pytest.approx(1.5)
        assert seen["price_meal"] == pytest.approx(1.0)

    def test_blackout(self, stage) -> None:
        stage.state.outside.power[0] = False
        assert stage.see(ALICE)["power"] == 0.0

    def test_everything_is_finite_and_named(self, stage) -> None:
        rng = np.random.default_rng(0)
        for _ in range(300):
            batch = stage.engine.observe()
            assert np.isfinite(batch.features).all()
            assert np.abs(batch.features).max() <= 3.0
            choices = np.array([rng.choice(np.flatnonzero(mask)) for mask in batch.action_mask])
            stage.engine.step(choices)
        assert math.isclose(sum(stage.see(ALICE)[f"last_{a}"] for a in stage.engine.spec.action_names), 1.0)
