"""The window around an agent: what stands where, who is near, and how the edge of the world looks."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.observations import map_channels
from townlet.world.names import FACILITY_KINDS

ALICE, BOB, CAROL, DAVE = range(4)
CENTRE = 5


class TestHybrid:
    def test_agrees_with_a_slow_reference(self, stage) -> None:
        """Cell by cell against the town's own tables, from every corner of the hamlet."""
        ground = stage.tables.map
        for y, x in ((1, 5), (5, 6), (9, 9), (2, 10), (9, 1)):
            if stage.state.occupancy[0, y, x] < 0:
                stage.put(ALICE, y, x)
            y, x = stage.state.agents.y[0, ALICE], stage.state.agents.x[0, ALICE]
            seen = stage.map_of(ALICE)
            for i in range(11):
                for j in range(11):
                    ty, tx = y + i - CENTRE, x + j - CENTRE
                    inside = 0 <= ty < 12 and 0 <= tx < 12
                    wall = not inside or ground.wall[ty, tx] > 0
                    o = ground.object_at[ty, tx] if inside else -1
                    someone = inside and stage.state.occupancy[0, ty, tx] >= 0 and (ty, tx) != (y, x)
                    assert seen["wall"][i, j] == (255 if wall else 0)
                    assert seen["facility"][i, j] == ((int(ground.object_kind[o]) + 1) * 20 if o >= 0 else 0)
                    assert (seen["agents"][i, j] > 0) == someone

    def test_oneself_is_not_drawn(self, stage) -> None:
        assert stage.map_of(ALICE)["agents"][CENTRE, CENTRE] == 0

    @pytest.mark.parametrize(
        ("tie", "mark"),
        [
            ({}, 80),
            ({"trust": 0.5}, 160),
            ({"rivalry": 0.5}, 240),
            ({"trust": 0.5, "rivalry": 0.2}, 160),
            ({"trust": -0.5}, 80),
        ],
    )
    def test_friend_rival_neutral(self, stage, tie: dict[str, float], mark: int) -> None:
        stage.put(ALICE, 5, 6)
        stage.put(BOB, 3, 7)
        stage.tie(ALICE, BOB, **tie)
        assert stage.map_of(ALICE)["agents"][CENTRE - 2, CENTRE + 1] == mark

    def test_marks_are_in_the_eye_of_the_beholder(self, stage) -> None:
        stage.put(ALICE, 5, 6)
        stage.put(BOB, 5, 8)
        stage.tie(ALICE, BOB, rivalry=0.5)
        assert stage.map_of(ALICE)["agents"][CENTRE, CENTRE + 2] == 240
        assert stage.map_of(BOB)["agents"][CENTRE, CENTRE - 2] == 80

    def test_a_friend_beyond_the_window_is_not_marked(self, stage) -> None:
        stage.put(ALICE, 3, 2)
        stage.put(BOB, 9, 9)
        stage.tie(ALICE, BOB, trust=0.9)
        assert 160 not in stage.map_of(ALICE)["agents"]

    def test_queue_in_use_closed(self, stage) -> None:
        stage.put(ALICE, 4, 9)
        o, objects = stage.object_of("till"), stage.state.objects
        cell = (CENTRE, CENTRE + 1)
        assert stage.map_of(ALICE)["queue_or_occupied"][cell] == 0
        objects.queue_length[0, o] = 3
        assert stage.map_of(ALICE)["queue_or_occupied"][cell] == 120
        objects.user[0, o] = BOB
        assert stage.map_of(ALICE)["queue_or_occupied"][cell] == 255
        objects.user[0, o], objects.queue_length[0, o], objects.closed_until[0, o] = -1, 0, 99
        assert stage.map_of(ALICE)["queue_or_occupied"][cell] == 255

    def test_nobody_leaves_a_ghost_behind(self, stage) -> None:
        """Scratch maps are drawn afresh: where somebody stood a tick ago, nobody stands."""
        stage.put(ALICE, 5, 6)
        stage.put(BOB, 5, 8)
        assert stage.map_of(ALICE)["agents"][CENTRE, CENTRE + 2] == 80
        stage.put(BOB, 9, 9)
        assert stage.map_of(ALICE)["agents"][CENTRE, CENTRE + 2] == 0


class TestOtherVariants:
    @pytest.mark.parametrize("window", [3, 5, 15])
    def test_a_smaller_window_is_the_middle_of_a_larger(self, make_stage, window: int) -> None:
        large, small = make_stage(window=21), make_stage(window=window)
        for place in (large, small):
            place.put(ALICE, 5, 6)
        r, middle = window // 2, 10
        for channel, cells in small.map_of(ALICE).items():
            expected = large.map_of(ALICE)[channel][middle - r : middle + r + 1, middle - r : middle + r + 1]
            assert np.array_equal(cells, expected), channel

    def test_full_splits_the_facilities_by_kind(self, make_stage) -> None:
        full, hybrid = make_stage("full"), make_stage("hybrid")
        for place in (full, hybrid):
            place.put(ALICE, 5, 6)
        seen, whole = full.map_of(ALICE), hybrid.map_of(ALICE)["facility"]
        for k, kind in enumerate(FACILITY_KINDS):
            assert np.array_equal(seen[f"facility_{kind}"] == 255, whole == (k + 1) * 20)

    def test_full_paths_grow_towards_the_facility(self, make_stage) -> None:
        stage = make_stage("full")
        stage.put(ALICE, 5, 6)
        field = stage.map_of(ALICE)["path_till"]
        assert field[CENTRE, CENTRE] == 255 * 8 // 11
        assert field[CENTRE, CENTRE + 3] == 255
        assert field[CENTRE, CENTRE - 1] < field[CENTRE, CENTRE] < field[CENTRE, CENTRE + 1]

    def test_full_bed_paths_are_ones_own(self, make_stage) -> None:
        stage = make_stage("full")
        homes = stage.state.agents.home[0]
        stranger = int(np.flatnonzero(homes != homes[ALICE])[0])
        stage.put(ALICE, 5, 6)
        mine = stage.map_of(ALICE)["path_bed"]
        stage.put(ALICE, 9, 9)
        stage.put(stranger, 5, 6)
        assert not np.array_equal(stage.map_of(stranger)["path_bed"], mine)

    def test_compact_writes_features_only(self, make_stage) -> None:
        compact, hybrid = make_stage("compact"), make_stage("hybrid")
        assert compact.engine.observe().map.shape == (4, 0, 0, 0)
        assert np.array_equal(compact.engine.observe().features, hybrid.engine.observe().features)
        assert map_channels("compact") == ()
