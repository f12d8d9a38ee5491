"""Walking, bumping, slipping past."""

from __future__ import annotations

import pytest

CORRIDOR = """
########
#b....b#
########
"""
HOME = """
  - {name: hut, kind: home, rows: [2, 2], columns: [2, 7]}
"""


def test_a_step_changes_the_tile(scene):
    scene.put(alice=(2, 4)).do(alice="east")
    assert scene.spot("alice") == (2, 5)
    assert scene.get("alice", "last_ok")
    assert scene.state.occupancy[0, 2, 4] == -1
    assert scene.state.occupancy[0, 2, 5] == 0


@pytest.mark.parametrize(("action", "spot"), [("north", (2, 4)), ("east", (3, 5)), ("south", (4, 4)), ("west", (3, 3))])
def test_directions(scene, action, spot):
    assert scene.put(alice=(3, 4)).do(alice=action).spot("alice") == spot


def test_walls_and_counters_cannot_be_walked_on(scene):
    scene.put(alice="stove", bob=(1, 9))
    assert "south" not in scene.can("alice")
    assert scene.can("bob").isdisjoint({"north", "east"})


def test_beds_showers_and_benches_can(scene):
    scene.put(alice="beside the shower")
    assert scene.do(alice="south").spot("alice") == (4, 2)


def test_two_want_one_tile_and_one_gets_it(scene):
    scene.put(alice=(2, 3), bob=(2, 5)).do(alice="east", bob="west")
    stood = {scene.spot("alice"), scene.spot("bob")}
    assert (2, 4) in stood
    loser = "bob" if scene.spot("alice") == (2, 4) else "alice"
    assert scene.happened(loser)["bump"] == 1
    assert not scene.get(loser, "last_ok")


def test_each_of_two_wins_half_the_time(scene):
    won = 0
    for tick in range(16):
        scene.at(tick).put(alice=(2, 3), bob=(2, 5)).do(alice="east", bob="west")
        won += scene.spot("alice") == (2, 4)
    assert 7 <= won <= 9


def test_the_fourth_try_slips_past_in_a_corridor(stage):
    story = stage(CORRIDOR, HOME, agents=2).put(alice=(1, 3), bob=(1, 4))
    for _ in range(3):
        story.do(alice="east")
        assert story.happened("alice") == {"bump": 1}
    story.do(alice="east")
    assert story.happened("alice")["ghost"] == 1
    assert "bump" not in story.happened("alice")
    assert (story.spot("alice"), story.spot("bob")) == ((1, 4), (1, 3))
    assert story.tie("alice", "bob")[2] > 0  # was in the way


def test_waiting_between_tries_starts_the_count_anew(stage):
    story = stage(CORRIDOR, HOME, agents=2).put(alice=(1, 3), bob=(1, 4))
    story.do(3, alice="east").wait().do(3, alice="east")
    assert story.spot("alice") == (1, 3)


def test_slipping_past_does_not_throw_a_worker_off_its_tools(scene):
    scene.set("bob", groceries=1).put(bob=(3, 4), alice=(3, 3)).do(bob="use")
    scene.do(4, alice="east")  # beyond bob, (3, 5) is free
    assert scene.doing("bob") == "cook"
    assert scene.spot("bob") == (3, 4)
    assert scene.spot("alice") == (3, 5)


def test_who_walks_off_leaves_activity_and_queue(scene):
    scene.set("alice", groceries=1).set("bob", groceries=1)
    scene.put(alice="stove", bob="beside the stove").do(alice="use").do(bob="use")
    assert (scene.doing("alice"), scene.queue("stove 1")) == ("cook", ["bob"])
    scene.do(bob="west", alice="north")
    assert scene.doing("alice") is None
    assert scene.queue("stove 1") == []
    assert scene.get("alice", "groceries") == 1  # nothing was used up


def test_moving_within_reach_keeps_the_place_in_the_queue(scene):
    scene.set("alice", groceries=1).set("bob", groceries=1)
    scene.put(alice="also at the stove", bob=(3, 5)).do(alice="use").do(bob="use")
    scene.do(bob="west")  # (3, 4) touches the stove at (4, 5) across the corner
    assert scene.queue("stove 1") == ["bob"]
