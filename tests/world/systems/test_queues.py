"""Waiting in line: turns, pushing in, politeness."""

from __future__ import annotations

import pytest


@pytest.fixture
def line(scene):
    """Alice cooks; bob, carol and dave wait in this order."""
    for who in ("alice", "bob", "carol", "dave"):
        scene.set(who, groceries=3)
    scene.put(alice="stove", bob="beside the stove", carol="also at the stove", dave=(3, 4))
    return scene.do(alice="use").do(bob="use").do(carol="use").do(dave="use")


def test_they_stand_in_the_order_in_which_they_came(line):
    assert line.queue("stove 1") == ["bob", "carol", "dave"]


def test_the_first_takes_its_turn_when_the_cook_is_done(line):
    assert "use" not in line.can("bob")  # first, but the stove is busy
    line.wait(40)
    assert line.doing("alice") is None
    line.do(bob="use")
    assert line.doing("bob") == "cook"
    assert line.queue("stove 1") == ["carol", "dave"]


def test_a_turn_that_is_not_taken_is_lost(line):
    while line.doing("alice"):
        line.wait()
    lost = 0
    while line.queue("stove 1")[0] == "bob":
        line.wait()
        lost += 1
        assert lost < 20
    assert line.happened("bob")["turn_lost"] == 1
    assert lost == pytest.approx(line.tables.rules.grace_ticks, abs=1)
    assert line.queue("stove 1") == ["carol", "dave"]
    assert "use" in line.can("carol")


def test_a_newcomer_cannot_jump_a_queue_for_a_free_stove(line):
    line.wait(40)
    line.do(alice="use")  # she may cook again, but at the end of the line
    assert line.queue("stove 1") == ["bob", "carol", "dave", "alice"]


def test_pushing_in_gains_a_place_and_an_enemy(line):
    line.do(carol="use")
    assert line.queue("stove 1") == ["carol", "bob", "dave"]
    assert line.happened("carol") == {"conflict": 1, "conflict_intensity": 1.0}
    assert line.happened("bob")["conflict_suffered"] == 1
    assert line.tie("carol", "bob") is None
    trust, familiarity, rivalry = line.tie("bob", "carol")
    assert trust == 0
    assert familiarity < 0 < rivalry


def test_the_intensity_of_a_conflict_is_one_and_the_rivalry(line):
    line.state.ties.other[0, 1, 0] = 2
    line.state.ties.rivalry[0, 1, 0] = 0.4
    line.do(carol="use")
    assert line.happened("carol")["conflict_intensity"] == pytest.approx(1.4)


def test_after_pushing_in_one_must_wait_to_do_it_again(line):
    line.do(dave="use")
    assert line.queue("stove 1") == ["bob", "dave", "carol"]
    assert line.can("dave").isdisjoint({"use", "yield"})
    line.set("dave", push_cooldown=0)
    assert "use" in line.can("dave")


def test_letting_the_next_go_first_makes_friends(line):
    line.do(bob="yield")
    assert line.queue("stove 1") == ["carol", "bob", "dave"]
    assert line.happened("bob")["conflict_avoided"] == 1
    assert line.tie("bob", "carol") == pytest.approx((0.05, 0.05, -0.05))
    assert line.tie("carol", "bob") == pytest.approx((0.05, 0.05, -0.05))


def test_helping_one_who_is_late_counts_more(line):
    line.employ("carol", 0).at(300).wait(20)
    line.do(bob="yield")
    assert line.happened("bob")["helped"] == 1
    assert line.tie("carol", "bob") == pytest.approx((0.25, 0.15, -0.15), abs=1e-3)


def test_the_last_in_line_has_nobody_to_let_past(line):
    assert "yield" in line.can("carol")
    assert "yield" not in line.can("dave")


def test_six_can_wait_and_no_more(stage):
    grid = "\n".join(["##########", "#bbbbbbbb#", "#........#", "#........#", "#....o...#", "#........#", "##########"])
    story = stage(grid, "\n  - {name: hut, kind: home, rows: [2, 2], columns: [2, 9]}\n", agents=8)
    spots = [(3, 4), (3, 5), (3, 6), (4, 4), (4, 6), (5, 4), (5, 5), (5, 6)]
    actions = []
    for a, (y, x) in enumerate(spots):
        story.state.occupancy[0, story.agents.y[0, a], story.agents.x[0, a]] = -1
        story.state.occupancy[0, y, x] = a
        story.agents.y[0, a], story.agents.x[0, a], story.agents.groceries[0, a] = y, x, 1
        actions.append(5)
    import numpy as np

    from townlet.world import bind, step_towns

    step_towns(bind(story.state), bind(story.tables), np.array(actions))
    assert story.objects.queue_length[0].max() == 6
    assert (story.agents.activity[0] >= 0).sum() == 1
    assert (~story.agents.last_ok[0]).sum() == 1  # the eighth found the line full


def test_a_death_in_the_queue_closes_the_gap(line):
    line.set("carol", hunger=0.0, hungry_ticks=100).at(400).wait()
    assert not line.get("carol", "present")
    assert line.queue("stove 1") == ["bob", "dave"]
