"""Hints lead where they say."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.config.town import TownConfig
from townlet.world import bind, compile_town, new_state
from townlet.world.compiled import compiled
from townlet.world.names import BED, DESK, DIRECTION_X, DIRECTION_Y, FACILITY_KINDS
from townlet.world.tick import as_state, as_tables
from townlet.world.ways import way_distance, way_object, way_steps


@compiled
def hints(state_ref, tables_ref, a, kind, out):
    """Distance, steps and object of the way, into int64 ``out[3]``."""
    state, tables = as_state(state_ref), as_tables(tables_ref)
    out[0] = way_distance(state, tables, 0, a, kind)
    out[1] = way_steps(state, tables, 0, a, kind)
    out[2] = way_object(state, tables, 0, a, kind)


@pytest.mark.parametrize("name", ["hamlet", "riverside", "generated"])
def test_from_everywhere_the_hint_leads_to_the_very_bed_and_desk_and_to_the_nearest_of_the_rest(name):
    town = compile_town(TownConfig(map=name))
    state = new_state(town, [3])
    bound, tables = bind(state), bind(town.tables)
    ground, out = town.tables.map, np.zeros(3, np.int64)
    random = np.random.default_rng(0)
    tiles = np.argwhere(ground.walkable)
    for a in range(min(town.agents, 5)):
        for kind in range(len(FACILITY_KINDS)):
            for y, x in random.permutation(tiles)[:25]:
                state.agents.y[0, a], state.agents.x[0, a] = y, x
                for _ in range(400):
                    hints(bound.ref, tables.ref, a, kind, out)
                    if out[1] == 0:
                        break
                    d = int(out[1]).bit_length() - 1
                    state.agents.y[0, a] += DIRECTION_Y[d]
                    state.agents.x[0, a] += DIRECTION_X[d]
                    assert ground.walkable[state.agents.y[0, a], state.agents.x[0, a]]
                reached = ground.use_object[state.agents.y[0, a], state.agents.x[0, a]]
                assert out[0] == 0
                assert reached == out[2]
                assert ground.object_kind[reached] == kind
                if kind == BED:
                    assert reached == ground.slot_bed[a]
                if kind == DESK:
                    assert reached == town.tables.posts.desk[state.agents.job[0, a]]


def test_distances_of_kinds_count_steps(stage):
    story = stage()
    ground = story.tables.map
    stove = FACILITY_KINDS.index("stove")
    assert ground.kind_distance[3, 5, stove] == 0
    assert ground.kind_distance[2, 5, stove] == 1
    assert ground.kind_distance[2, 9, stove] == 5
    assert ground.kind_steps[2, 5, stove] == 0b0100  # south
    assert ground.kind_distance[0, 0, stove] == 65535
