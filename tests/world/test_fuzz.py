"""Random lives, with outages, closings, teleports and exits thrown in: every invariant holds in every tick checked."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from townlet.world import invariants
from townlet.world.compiled import compiled
from townlet.world.names import EXIT_REMOVED
from townlet.world.systems.lives import end_life
from townlet.world.systems.movement import place_agent
from townlet.world.systems.outside import blackout, close_object, water_outage
from townlet.world.tick import as_state, as_tables

TICKS = int(os.environ.get("TOWNLET_FUZZ_TICKS", "2500"))


@compiled
def meddle(state_ref, tables_ref, w, what, one, two):
    """What hands from outside can do to a town; ``one`` and ``two`` are large random numbers."""
    state, tables = as_state(state_ref), as_tables(tables_ref)
    a = one % state.agents.present.shape[1]
    if what == 0:
        blackout(state, tables, w, 1 + two % 40)
    elif what == 1:
        water_outage(state, tables, w, 1 + two % 40)
    elif what == 2:
        close_object(state, tables, w, one % len(tables.map.object_kind), 1 + two % 60)
    elif what == 3 and state.agents.present[w, a]:
        y, x = one % tables.map.walkable.shape[0], two % tables.map.walkable.shape[1]
        if tables.map.walkable[y, x] != 0 and state.occupancy[w, y, x] < 0:
            place_agent(state, tables, w, a, y, x)
    elif what == 4 and state.agents.present[w, a]:
        end_life(state, tables, w, a, EXIT_REMOVED)


def assert_sound(worlds, money=None):
    assert invariants.check(worlds.state, worlds.town.tables) == []
    if money is not None:
        assert np.abs(invariants.money_balance(money, worlds.state)).max() < 1e-3


@pytest.mark.parametrize(
    ("name", "worlds", "agents", "every", "actions"),
    [
        ("hamlet", 4, 4, 3, "primitive"),
        ("riverside", 2, 8, 5, "primitive"),
        ("generated", 1, 50, 9, "primitive"),
        ("hamlet", 4, 4, 3, "goals"),
        ("generated", 1, 50, 9, "goals"),
    ],
)
def test_a_long_random_run(crowd, name, worlds, agents, every, actions):
    lives = crowd(name, range(worlds), agents=agents, actions=actions)
    random = np.random.default_rng(worlds)
    for tick in range(TICKS // worlds if name != "hamlet" else TICKS):
        if random.random() < 0.05:
            what, w = int(random.integers(5)), int(random.integers(worlds))
            one, two = (int(n) for n in random.integers(0, 2**31, 2))
            meddle(lives.bound.ref, lives.tables.ref, w, what, one, two)
            assert_sound(lives)
        money = lives.state.agents.money.copy()
        lives.step()
        if tick % every == 0:
            assert_sound(lives, money)
    assert lives.state.agents.life.sum() > 0  # some died, and the town went on
    assert lives.state.agents.age.max() > 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    meddling=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2**31)), max_size=12),
    actions=st.sampled_from(["primitive", "goals"]),
)
def test_any_seed_and_any_meddling(crowd, seed, meddling, actions):
    lives = crowd("hamlet", [seed], choices=seed, actions=actions)
    for what, number in meddling:
        meddle(lives.bound.ref, lives.tables.ref, 0, what, number, number // 7)
        lives.step(8)
        assert_sound(lives)
    lives.step(40)
    assert_sound(lives)


def test_an_allowed_action_is_never_a_silent_no_op(crowd):
    """Alone with its choice, an agent's allowed action changes the state or is marked as failed for a reason."""
    lives = crowd("hamlet", [5])
    for _ in range(400):
        actions = lives.choose()
        before = lives.world()
        from townlet.world import step_towns

        step_towns(lives.bound, lives.tables, actions)
        after = lives.world()
        amount = after["events.amount"]
        for a in range(lives.agents):
            action = int(actions[a])
            if action == 0 or not before["agents.present"][a]:
                continue
            moved = (before["agents.y"][a], before["agents.x"][a]) != (after["agents.y"][a], after["agents.x"][a])
            queued = before["agents.queue_object"][a] != after["agents.queue_object"][a]
            happened = moved or queued or after["events.started"][a] >= 0 or amount[a].any()
            assert happened or not after["agents.last_ok"][a], (a, action)


def test_random_people_do_not_thrive(crowd):
    """No plan, no life: within five days most lives of riverside end."""
    lives = crowd("riverside", range(4)).step(5000)
    assert (lives.state.agents.life > 0).mean() > 0.5
