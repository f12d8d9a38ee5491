"""Goals: who is asked, how a goal is pursued, and when it is over."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.config.town import OutsideConfig, TownConfig
from townlet.world.names import GOALS
from townlet.world.snapshot import load_state, save_state
from townlet.world.state import state_fields

ASK_EVERY = 12


@pytest.fixture
def people(stage):
    """The four of the scene in the action space `goals`, asked every 12 ticks."""
    config = TownConfig(outside=OutsideConfig(enabled=False), actions="goals", ask_every=ASK_EVERY)
    scene = stage(config=config).put(alice="far", bob="away", carol=(5, 9), dave=(5, 1))
    for who in ("alice", "bob", "carol", "dave"):
        scene.set(who, groceries=3, meals=1, money=40.0)
    return scene


def until(people, what, limit=400):
    """Let ticks pass, in which whoever is asked stays, until something is so; how many there were."""
    for tick in range(limit):
        if what():
            return tick
        people.wait()
    raise AssertionError("it never came to that")


class TestWhoIsAsked:
    def test_everybody_at_first(self, people):
        assert people.asked() == {"alice", "bob", "carol", "dave"}

    def test_nobody_whose_goal_is_under_way(self, people):
        people.do(alice="stove")
        assert people.asked() == set()

    def test_again_after_so_many_ticks(self, people):
        people.do(alice="bed", bob="bench")
        assert until(people, lambda: people.asked()) == ASK_EVERY - 1

    def test_not_in_the_middle_of_what_would_be_lost(self, people):
        people.put(alice="stove").do(alice="stove")
        while people.doing("alice") == "cook":
            assert "alice" not in people.asked()
            people.wait()
        assert people.finished("alice") == "cook"
        assert "alice" in people.asked()

    def test_while_asleep_for_sleep_may_be_left(self, people):
        people.put(alice="bed of alice").set("alice", energy=0.2).do(alice="bed")
        assert people.doing("alice") == "sleep"
        people.wait(ASK_EVERY - 1)
        assert people.doing("alice") == "sleep"
        assert "alice" in people.asked()

    def test_not_while_fainted(self, people):
        people.set("alice", faint_left=3)
        assert "alice" not in people.asked()
        assert people.can("alice") == {"stay"}

    def test_everybody_in_each_tick_of_the_primitive_space(self, scene):
        for _ in range(5):
            assert scene.asked() == {"alice", "bob", "carol", "dave"}
            scene.wait()

    def test_what_others_answer_is_not_heard(self, people):
        people.do(alice="stove")
        while "alice" not in people.asked():
            actions = np.full(people.town.agents, GOALS.index("bench"), np.int64)
            people.step(actions)
            assert GOALS[people.get("alice", "goal")] == "stove"


class TestMask:
    def test_only_to_stay_is_left_to_those_who_are_not_asked(self, people):
        people.do(alice="stove")
        assert people.can("alice") == {"stay"}

    def test_a_kind_with_nothing_to_do_there_is_forbidden(self, people):
        assert "table" not in people.set("alice", meals=0).can("alice")
        assert "stove" not in people.set("alice", groceries=0).can("alice")
        assert "till" not in people.set("alice", money=0.0).can("alice")
        assert "shower" not in people.set("alice", hygiene=0.95).can("alice")
        assert "bed" not in people.set("alice", energy=0.95).can("alice")

    def test_ones_own_desk_is_open_to_those_with_a_job_at_any_hour(self, people):
        assert "desk" not in people.at(0).can("alice")
        assert "desk" in people.employ("alice").can("alice")

    def test_a_closed_or_dark_facility_is_forbidden(self, people):
        people.objects.closed_until[0, people.object("till 1")] = 10_000
        people.state.outside.power[0] = False
        people.state.outside.water[0] = False
        assert not people.can("alice") & {"till", "stove", "shower"}

    def test_talk_needs_somebody_near(self, people):
        assert "talk" not in people.can("alice")
        assert "talk" in people.put(bob=(3, 8)).can("alice")

    def test_a_kind_that_the_map_has_not_is_never_possible(self, stage):
        bare = """
########
#b.b...#
#......#
#.o..t.#
########
"""
        home = "\n  - {name: cottage, kind: home, rows: [2, 2], columns: [2, 6]}\n"
        config = TownConfig(outside=OutsideConfig(enabled=False), actions="goals")
        scene = stage(bare, home, agents=2, config=config)
        scene.set("alice", money=100.0, meals=1, groceries=1, energy=0.1, hygiene=0.1, hunger=0.1)
        assert scene.can("alice") == {"stay", "bed", "stove", "table", "talk"}


class TestPursuit:
    def test_walks_there_uses_it_and_is_free_when_done(self, people):
        people.do(alice="stove")
        until(people, lambda: people.doing("alice") == "cook")
        assert people.get("alice", "goal_left") == 0 or people.get("alice", "goal") == GOALS.index("stove")
        until(people, lambda: people.finished("alice") == "cook")
        assert people.get("alice", "meals") == 2
        assert "alice" in people.asked()

    def test_each_step_shortens_the_way(self, people):
        people.do(alice="shower")
        distance = people.tables.map.kind_distance[:, :, 1]
        far = int(distance[people.spot("alice")])
        while far:
            people.do(**({"alice": "shower"} if "alice" in people.asked() else {}))
            near = int(distance[people.spot("alice")])
            assert near == far - 1
            far = near

    def test_joins_the_queue_and_takes_its_turn(self, people):
        people.put(alice="stove", bob="beside the stove").do(alice="stove", bob="stove")
        assert people.queue("stove 1") == ["bob"]
        while people.doing("bob") != "cook":
            people.do(**({"bob": "stove"} if "bob" in people.asked() else {}))
        assert people.queue("stove 1") == []

    def test_never_pushes_in(self, people):
        people.put(alice="stove", bob="beside the stove", carol="also at the stove")
        people.do(alice="stove", bob="stove", carol="stove")
        for _ in range(60):
            people.do(**{who: "stove" for who in people.asked() if "stove" in people.can(who)})
            assert not people.happened("carol").get("conflict")

    def test_goes_on_with_what_it_does_when_it_is_chosen_again(self, people):
        people.put(alice="bed of alice").set("alice", energy=0.2).do(alice="bed")
        left = people.get("alice", "activity_left")
        for _ in range(40):
            people.do(**({"alice": "bed"} if "alice" in people.asked() else {}))
        assert people.get("alice", "activity_left") == left - 40

    def test_staying_goes_on_too(self, people):
        people.put(alice="bed of alice").set("alice", energy=0.2).do(alice="bed")
        for _ in range(40):
            people.do(**({"alice": "stay"} if "alice" in people.asked() else {}))
        assert people.doing("alice") == "sleep"

    def test_another_goal_leaves_what_may_be_left(self, people):
        people.put(alice="bed of alice").set("alice", energy=0.2, hunger=0.2).do(alice="bed")
        until(people, lambda: "alice" in people.asked())
        people.do(alice="table")
        assert people.doing("alice") is None
        until(people, lambda: people.doing("alice") == "eat")

    def test_waits_at_the_desk_for_the_shift_and_works(self, people):
        start = int(people.tables.posts.start[0])
        people.employ("alice").put(alice="desk").at(start - 6).do(alice="desk")
        assert people.doing("alice") is None
        people.wait(7)
        assert people.doing("alice") == "work"
        assert people.get("alice", "late_ticks") == 0

    def test_a_talk_is_one_attempt(self, people):
        people.put(bob=(3, 8)).do(alice="talk")
        assert {"chat_ok", "chat_failed"} & people.happened("alice").keys()
        assert "alice" in people.asked()

    def test_ends_when_it_has_become_impossible(self, people):
        people.do(alice="till")
        people.set("alice", money=0.0).wait()
        assert "alice" in people.asked()

    def test_ends_when_an_outage_stops_it(self, people):
        people.put(alice="stove").do(alice="stove").wait()
        people.state.outside.power_until[0] = people.state.clock.tick[0] + 40
        people.state.outside.power[0] = False
        people.set("alice", activity=-1, activity_left=0, activity_object=-1)
        people.objects.user[0, people.object("stove 1")] = -1
        people.wait()
        assert "alice" in people.asked()

    def test_slips_past_somebody_in_the_way(self, people):
        people.put(alice=(1, 1), bob=(1, 2), carol=(2, 1), dave=(2, 2))
        people.do(alice="bench")
        assert until(people, lambda: people.spot("alice") not in {(1, 1), (1, 2), (2, 1)}) < 30


def test_a_newcomer_is_asked_in_its_first_tick(crowd):
    lives = crowd("hamlet", range(4), actions="goals")
    newcomers = 0
    for _ in range(3000):
        lives.step()
        fresh = lives.state.agents.fresh & lives.state.agents.present
        newcomers += int(fresh.sum())
        assert not lives.state.agents.goal[fresh].any()
        assert not lives.state.agents.goal_left[fresh].any()
    assert newcomers > 0


def test_a_snapshot_in_the_middle_of_pursuits_goes_on_exactly(crowd, tmp_path):
    one = crowd("hamlet", [1, 2], actions="goals").step(503)
    assert (one.state.agents.goal_left > 0).any()
    save_state(one.state, one.town, tmp_path / "town")
    two = crowd("hamlet", [1, 2], actions="goals")
    load_state(tmp_path / "town", two.town, into=two.state)
    for lives in (one, two):
        lives.random = [np.random.Generator(np.random.PCG64([3, w])) for w in range(2)]
        lives.step(300)
    for (name, _, mine), (_, _, theirs) in zip(state_fields(one.state), state_fields(two.state), strict=True):
        np.testing.assert_array_equal(mine, theirs, err_msg=name)


def test_the_two_spaces_start_alike(crowd):
    first = crowd("hamlet", [4]).world()
    second = crowd("hamlet", [4], actions="goals").world()
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)
