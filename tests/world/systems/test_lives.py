"""Misery, exits and their bounds, newcomers."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.world.names import EXIT_COLLAPSE, EXIT_EVICTION, EXIT_NEGLECT


@pytest.fixture
def starving(scene):
    """Alice has been at hunger 0 for 29 ticks."""
    return scene.at(300).set("alice", hunger=0.0, hungry_ticks=29)


def test_thirty_ticks_at_the_worst_hunger_end_a_life(starving):
    assert starving.set("alice", hungry_ticks=28).wait().get("alice", "present")
    starving.wait()
    assert not starving.get("alice", "present")
    assert starving.get("alice", "exit_reason") == EXIT_COLLAPSE
    assert starving.happened("alice")["exit"] == 1
    assert starving.wait().get("alice", "exit_reason") == 0  # said once


def test_a_bite_in_time_saves_it(starving):
    starving.set("alice", hunger=0.1).wait()
    assert starving.get("alice", "present")
    assert starving.get("alice", "hungry_ticks") == 0


def test_two_days_of_unpaid_rent_mean_eviction(scene):
    scene.set("alice", money=0.0).at(999)
    for who in ("bob", "carol", "dave"):
        scene.set(who, money=100.0)
    scene.wait()
    assert scene.get("alice", "rent_unpaid") == 1
    for who in ("alice", "bob", "carol", "dave"):
        scene.set(who, hunger=1.0, energy=1.0, hygiene=1.0)
    scene.at(1999).wait()
    assert scene.get("alice", "exit_reason") == EXIT_EVICTION


def test_rent_is_paid_as_soon_as_it_can_be(scene):
    scene.set("alice", money=5.0).at(999).wait()
    assert scene.get("alice", "rent_due") == pytest.approx(11.0)
    scene.set("alice", money=30.0).wait()
    assert scene.happened("alice")["rent"] == pytest.approx(11.0)
    assert (scene.get("alice", "money"), scene.get("alice", "rent_unpaid")) == (pytest.approx(19.0), 0)


def test_chronic_neglect_ends_a_life(scene):
    scene.at(300).set("alice", hygiene=0.0, neglect_ticks=249).wait()
    assert scene.get("alice", "exit_reason") == EXIT_NEGLECT


def test_no_life_ends_during_an_outage(starving):
    starving.state.outside.water[0] = False
    starving.state.outside.water_until[0] = 330
    starving.wait(20)
    assert starving.get("alice", "present")
    starving.at(330).wait()
    assert not starving.get("alice", "present")


def test_at_most_two_exits_a_day_and_a_gap_between(scene):
    scene.at(300)
    left = []
    for _ in range(300):
        for who in ("alice", "bob", "carol", "dave"):
            if scene.get(who, "present"):
                scene.set(who, hunger=0.0, hungry_ticks=100)
        scene.wait()
        left += [int(scene.state.clock.tick[0])] * int((scene.agents.exit_reason[0] > 0).sum())
    assert len(left) == 2
    assert left[1] - left[0] >= 120


def test_a_newcomer_takes_the_slot_after_five_to_twenty_ticks(starving):
    starving.wait()
    gone = 0
    while not starving.get("alice", "present"):
        assert starving.can("alice") == {"wait"}
        starving.wait()
        gone += 1
    assert 5 <= gone <= 20
    assert starving.happened("alice") == {"arrived": 1, "starter": 30.0}
    assert starving.get("alice", "fresh")
    assert not starving.wait().get("alice", "fresh")


def test_a_newcomer_is_somebody_else(starving):
    before = starving.agents.personality[0, 0].copy()
    starving.set("alice", groceries=9, money=77.0, rent_unpaid=1)
    starving.state.ties.other[0, 1, 0] = 0
    starving.state.ties.trust[0, 1, 0] = 0.9
    starving.wait(22)
    assert starving.get("alice", "life") == 1
    assert not np.array_equal(before, starving.agents.personality[0, 0])
    assert starving.tie("bob", "alice") is None
    assert (starving.get("alice", "groceries"), starving.get("alice", "rent_unpaid")) == (2, 0)
    assert starving.get("alice", "hunger") >= 0.7


def test_the_death_of_a_sleeper_frees_the_bed(starving):
    starving.put(alice=(1, 1)).set("alice", energy=0.3, hungry_ticks=0).do(alice="use").wait(3)
    bed = starving.object("bed 1")
    assert starving.objects.user[0, bed] == 0
    starving.set("alice", hungry_ticks=40).wait()
    assert starving.objects.user[0, bed] == -1
    starving.wait(22)
    starving.set("alice", energy=0.3).put(alice=(1, 1)).do(alice="use")
    assert starving.doing("alice") == "sleep"


def test_newcomers_wait_for_a_post_and_get_it(starving):
    starving.employ("alice", 0).wait()
    assert starving.state.posts.holder[0, 0] == -1
    starving.wait(22)
    assert starving.get("alice", "job") >= 0


def test_newcomers_can_queue_like_first_settlers(starving):
    starving.wait(22)
    starving.set("alice", groceries=2).set("bob", groceries=2).put(bob="stove", alice="beside the stove")
    starving.do(bob="use").do(alice="use")
    assert starving.queue("stove 1") == ["alice"]
    starving.wait(40).do(alice="use")
    assert starving.doing("alice") == "cook"


def test_who_runs_out_of_energy_faints_and_comes_to(scene):
    scene.set("alice", energy=0.0, groceries=1).put(alice="stove").do(alice="use")
    assert scene.happened("alice")["faint"] == 1
    assert scene.doing("alice") is None
    assert scene.can("alice") == {"wait"}
    scene.wait(20)
    assert scene.get("alice", "energy") > 0
    assert "north" in scene.can("alice")


def test_one_can_fall_asleep_dead_tired(scene):
    scene.put(alice=(1, 1)).set("alice", energy=0.0005).do(alice="use").wait(5)
    assert scene.doing("alice") == "sleep"
    assert scene.get("alice", "energy") > 0
