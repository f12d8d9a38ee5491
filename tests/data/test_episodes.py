"""Episodes: every active tick belongs to exactly one, and lives end where they ended."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from townlet.data import DatasetWriter, TrajectoryBlock, index_episodes, open_dataset
from townlet.data.episodes import OUTCOMES


def tell(block: TrajectoryBlock, **changes: object) -> TrajectoryBlock:
    """The same block with some arrays replaced."""
    arrays = block.copy().arrays()
    for name, value in changes.items():
        arrays[name][...] = value
    return TrajectoryBlock(**arrays)


def write(path, spec, origin, blocks, segments=()):
    with DatasetWriter(path, spec=spec, origin=origin, shard_bytes=1) as writer:
        for index, block in enumerate(blocks):
            if index in segments:
                writer.new_segment((1, 2))
            writer.append(block)
    return index_episodes(open_dataset(path))


def lived(block, start, stop):
    """A block in which only row 0 lives, from start to stop."""
    active = np.zeros((block.ticks, block.rows), np.bool_)
    active[start:stop, 0] = True
    return tell(block, active=active, terminated=False, truncated=False, episode_start=False)


def test_alice_lives_across_shards_and_dies(tmp_path, spec, origin, make_block):
    first = lived(make_block(5), 2, 5)
    first.episode_start[2, 0] = True
    second = lived(make_block(5, first=5), 0, 3)
    second.terminated[2, 0] = True
    table = write(tmp_path / "d", spec, origin, [first, second])
    assert (table.start.tolist(), table.length.tolist(), table.row.tolist()) == ([2], [6], [0])
    assert table.from_birth.tolist() == [True]
    assert OUTCOMES[table.outcome[0]] == "terminated"
    expected = first.rewards[2:5, 0].sum(dtype=float) + second.rewards[:3, 0].sum(dtype=float)
    assert table.returns[0] == pytest.approx(expected)


def test_a_life_that_was_under_way(tmp_path, spec, origin, make_block):
    table = write(tmp_path / "d", spec, origin, [lived(make_block(4), 0, 4)])
    assert (table.from_birth.tolist(), [OUTCOMES[o] for o in table.outcome]) == ([False], ["cut"])


def test_truncation_cuts_an_episode(tmp_path, spec, origin, make_block):
    block = lived(make_block(6), 0, 6)
    block.truncated[2, 0] = True
    table = write(tmp_path / "d", spec, origin, [block])
    assert table.length.tolist() == [3, 3]
    assert [OUTCOMES[o] for o in table.outcome] == ["truncated", "cut"]


def test_a_birth_in_the_next_tick_begins_another(tmp_path, spec, origin, make_block):
    block = lived(make_block(6), 0, 6)
    block.episode_start[3, 0] = True
    assert write(tmp_path / "d", spec, origin, [block]).length.tolist() == [3, 3]


def test_no_life_goes_on_into_another_segment(tmp_path, spec, origin, make_block):
    blocks = [lived(make_block(4), 0, 4), lived(make_block(4, first=4), 0, 4)]
    table = write(tmp_path / "d", spec, origin, blocks, segments={1})
    assert table.length.tolist() == [4, 4]
    assert table.segment.tolist() == [0, 1]


def test_nobody_at_all(tmp_path, spec, origin, make_block):
    assert len(write(tmp_path / "d", spec, origin, [lived(make_block(4), 0, 0)])) == 0


def slow_index(block: TrajectoryBlock) -> list[tuple[int, int, int, float, bool]]:
    """The same in plain Python, one row and tick at a time."""
    found = []
    for row in range(block.rows):
        current = None
        for tick in range(block.ticks):
            if not block.active[tick, row]:
                current = None
                continue
            if current is None or block.episode_start[tick, row]:
                current = [tick, 0, row, 0.0, bool(block.episode_start[tick, row])]
                found.append(current)
            current[1] += 1
            current[3] += float(block.rewards[tick, row])
            if block.terminated[tick, row] or block.truncated[tick, row]:
                current = None
    return [tuple(entry) for entry in sorted(found, key=lambda e: (e[0], e[2]))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), ticks=st.integers(1, 30), cuts=st.lists(st.integers(1, 29), max_size=3))
def test_agrees_with_one_row_at_a_time(tmp_path_factory, spec, origin, make_block, seed, ticks, cuts):
    rng = np.random.default_rng(seed)
    shape = (ticks, 4)
    block = tell(
        make_block(ticks),
        active=rng.random(shape) < 0.8,
        episode_start=rng.random(shape) < 0.1,
        terminated=rng.random(shape) < 0.1,
        truncated=rng.random(shape) < 0.1,
    )
    edges = sorted({0, ticks, *(c for c in cuts if c < ticks)})
    blocks = [block.ticks_between(a, b) for a, b in itertools.pairwise(edges)]
    table = write(tmp_path_factory.mktemp("e") / "d", spec, origin, blocks)
    found = list(zip(table.start, table.length, table.row, table.returns, table.from_birth, strict=True))
    expected = slow_index(block)
    assert [(*e[:3], e[4]) for e in found] == [(*e[:3], e[4]) for e in expected]
    np.testing.assert_allclose(table.returns, [e[3] for e in expected], rtol=1e-5, atol=1e-5)
