"""Towns of any size."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.config.town import GeneratorConfig, TownConfig
from townlet.world import compile_town, invariants, new_state
from townlet.world.generate import generate_map
from townlet.world.names import FACILITY_KINDS
from townlet.world.tables import UNREACHABLE


def town_of(agents, seed=0):
    return compile_town(TownConfig(map="generated", generator=GeneratorConfig(agents=agents, seed=seed)))


@pytest.mark.parametrize("agents", [1, 8, 15, 16, 17, 64, 200])
@pytest.mark.parametrize("seed", [0, 5])
def test_everybody_is_housed_employed_and_can_walk_everywhere(agents, seed):
    town = town_of(agents, seed)
    ground = town.tables.map
    assert town.agents == agents
    assert len(set(ground.slot_bed.tolist())) == agents
    assert len(town.tables.posts.place) >= agents
    walkable = ground.walkable == 1
    assert (ground.place_distance[:, walkable] != UNREACHABLE).all()
    counts = np.bincount(ground.object_kind, minlength=len(FACILITY_KINDS))
    assert (counts > 0).all()
    state = new_state(town, [1])
    assert invariants.check(state, town.tables) == []
    assert (state.agents.job >= 0).mean() > 0.9


def test_work_is_near():
    town = town_of(512)
    state = new_state(town, [1])
    places = town.tables.posts.place[state.agents.job[0]]
    ways = town.tables.map.place_distance[places, state.agents.y[0], state.agents.x[0]]
    assert np.percentile(ways, 95) < 80


def test_the_seed_decides_the_layout():
    assert generate_map(64, 1).rows == generate_map(64, 1).rows
    assert generate_map(64, 1).rows != generate_map(64, 2).rows


def test_facilities_grow_with_the_town():
    small, large = town_of(64), town_of(512)
    for kind in range(len(FACILITY_KINDS)):
        few = int((small.tables.map.object_kind == kind).sum())
        many = int((large.tables.map.object_kind == kind).sum())
        assert many == 8 * few


@pytest.mark.slow
def test_two_thousand_people_fit():
    town = town_of(2000)
    state = new_state(town, [1])
    assert state.agents.present.all()
    assert sum(array.nbytes for array in town.tables.map) < 200 * 2**20
