"""Each invariant notices the harm it is there for."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.world import invariants

HARM = {
    "not finite": lambda s: s.agents.money.__setitem__((0, 0), np.nan),
    "agents.hunger of 0 is 1.5, out of range": lambda s: s.agents.hunger.__setitem__((0, 0), 1.5),
    "agents.money of 1": lambda s: s.agents.money.__setitem__((0, 1), -1.0),
    "agents.home is not": lambda s: s.agents.home.__setitem__((0, 0), 7),
    "not on the tile": lambda s: s.agents.x.__setitem__((0, 0), 9),
    "tiles are taken": lambda s: s.occupancy.__setitem__((0, 0, 0), 1),
    "where nobody can": lambda s: s.agents.y.__setitem__((0, 0), 0),
    "the empty slot 0 has y": lambda s: s.agents.present.__setitem__((0, 0), False),
    "activity without an object": lambda s: s.agents.activity.__setitem__((0, 0), 2),
    "is held by agent 1, who is idle": lambda s: s.objects.user.__setitem__((0, 3), 1),
    "queue of object 2 has a gap": lambda s: s.objects.queue_length.__setitem__((0, 2), 1),
    "agents queue in lines": lambda s: s.agents.queue_object.__setitem__((0, 0), 2),
    "post 0 is held by agent 3": lambda s: s.posts.holder.__setitem__((0, 0), 3),
    "has the post 0 of another": lambda s: s.agents.job.__setitem__((0, 0), 0),
    "in a shift without a job": lambda s: s.agents.in_shift.__setitem__((0, 0), True),
    "tie to itself": lambda s: s.ties.other.__setitem__((0, 0, 0), 0),
    "two ties to agent 1": lambda s: s.ties.other.__setitem__((0, 0, slice(0, 2)), 1),
    "is to be replaced": lambda s: s.agents.respawn_in.__setitem__((0, 0), 4),
}


@pytest.mark.parametrize("message", HARM)
def test_harm_is_noticed(scene, message):
    assert invariants.check(scene.state, scene.tables) == []
    HARM[message](scene.state)
    problems = invariants.check(scene.state, scene.tables)
    assert any(message in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("message", "harm"),
    [
        ("goes on through an outage", lambda s: s.outside.power.__setitem__(0, False)),
        ("closed and used", lambda s: s.objects.closed_until.__setitem__((0, slice(None)), 10**6)),
        ("out of reach", lambda s: s.agents.activity_object.__setitem__((0, 0), 0)),
        ("another kind of facility", lambda s: s.agents.activity.__setitem__((0, 0), 0)),
        ("no time left", lambda s: s.agents.activity_left.__setitem__((0, 0), 0)),
    ],
)
def test_harm_to_a_cook_is_noticed(scene, message, harm):
    scene.set("alice", groceries=1).put(alice="stove").do(alice="use")
    harm(scene.state)
    problems = invariants.check(scene.state, scene.tables)
    assert any(message in problem for problem in problems), problems


def test_money_from_nowhere_is_noticed(scene):
    before = scene.agents.money.copy()
    scene.wait()
    scene.agents.money[0, 2] += 3.0
    assert invariants.money_balance(before, scene.state)[0].tolist() == pytest.approx([0, 0, 3.0, 0])
