"""Demonstrations: every transition once, whole lives on one side of the split, nothing from a stub."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from townlet.api import Action, DemonstrationSource
from townlet.data import demonstrations
from townlet.errors import DatasetError, UsageError


def keys(source, part, size=7, seed=None):
    """(tick, row) of every transition of a pass, in order."""
    found = []
    for batch in source.batches(part, size, seed=seed):
        assert batch.observations.active.all()
        found += [(int(t), int(r)) for t, r in batch.observations.features[:, :2]]
    return found


@pytest.fixture(params=[1 << 30, 4_000], ids=["in memory", "in pieces"])
def source(request, record):
    return demonstrations(record(blocks=6, ticks=20), 0.25, 3, memory_bytes=request.param)


def test_is_what_learners_take(source, spec):
    assert isinstance(source, DemonstrationSource)
    assert source.spec == spec


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_a_pass_holds_every_transition_once(source, size, seed):
    for part in ("train", "validation"):
        found = keys(source, part, size, seed)
        assert len(found) == len(set(found)) == source.size(part) > 0
    block = source.dataset.read(0, source.dataset.ticks)
    everything = {(int(t), int(r)) for t, r in block.features[block.active][:, :2]}
    assert set(keys(source, "train")) | set(keys(source, "validation")) == everything


def test_no_life_is_in_both_parts(source):
    held = set(keys(source, "validation"))
    table = source.episodes
    for start, length, row in zip(table.start, table.length, table.row, strict=True):
        life = {(tick, row) for tick in range(start, start + length)}
        assert life <= held or not life & held


def test_batches_have_the_size_asked(source):
    sizes = [batch.observations.rows for batch in source.batches("train", 32, seed=5)]
    assert set(sizes[:-1]) == {32}
    assert sum(sizes) == source.size("train")


def test_actions_stay_with_their_observations(source):
    block = source.dataset.read(0, source.dataset.ticks)
    for batch in source.batches("train", 50, seed=1):
        tick, row = batch.observations.features[:, :2].astype(int).T
        np.testing.assert_array_equal(batch.actions, block.actions[tick, row])
        np.testing.assert_array_equal(batch.observations.map, block.map[tick, row])


def test_a_seed_gives_one_order_and_another_seed_another(source):
    assert keys(source, "train", seed=4) == keys(source, "train", seed=4)
    assert keys(source, "train", seed=4) != keys(source, "train", seed=5)


def test_shuffling_mixes_the_whole_recording(record):
    source = demonstrations(record(blocks=6, ticks=20), 0.0, memory_bytes=8_000)
    first = [tick for tick, _ in keys(source, "train", seed=0)[:60]]
    assert max(first) - min(first) > 60


def test_counts_of_actions(source, spec):
    for part in ("train", "validation"):
        taken = np.concatenate([batch.actions for batch in source.batches(part, 100)])
        np.testing.assert_array_equal(source.action_counts(part), np.bincount(taken, minlength=spec.action_count))


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_the_share_held_out(record, share):
    source = demonstrations(record(blocks=10, ticks=30), share)
    assert source.size("validation") / source.dataset.transitions == pytest.approx(share, abs=0.02)


def test_nothing_held_out(record):
    source = demonstrations(record(), 0.0)
    assert source.size("validation") == 0
    assert keys(source, "validation") == []
    assert source.action_counts("validation").tolist() == [0, 0, 0]


def test_the_split_depends_on_its_seed_alone(record):
    dataset = record(blocks=5)
    one, same, other = (demonstrations(dataset, 0.3, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.held_out, same.held_out)
    assert (one.held_out != other.held_out).any()


class TestRefuses:
    def test_a_recording_of_the_stub(self, record, origin):
        policy = {"requested": "pytorch", "active": "stub", "reason": "torch is not installed"}
        dataset = record(origin=origin.model_copy(update={"policy": policy}))
        with pytest.raises(DatasetError, match="recording of the stub") as caught:
            demonstrations(dataset)
        assert "torch is not installed" in str(caught.value)

    def test_other_observations(self, record, spec):
        with pytest.raises(DatasetError, match="action 'take' is missing there"):
            demonstrations(record(), spec=replace(spec, actions=(*spec.actions[:2], Action("take"))))

    def test_nobody(self, record):
        with pytest.raises(DatasetError, match="nobody lived"):
            demonstrations(record(life=0))

    def test_a_split_of_one_life(self, record):
        dataset = record(blocks=1, ticks=3, rows=2, life=1000)
        assert demonstrations(dataset, 0.5).held_out.sum() == 1
        table = demonstrations(dataset, 0.5).episodes.take(np.array([0]))
        from townlet.data import split_episodes

        with pytest.raises(DatasetError, match="1 episode cannot be split"):
            split_episodes(table, 0.5, 0)

    @pytest.mark.parametrize("share", [-0.1, 1.0, 2.0])
    def test_a_share_that_is_none(self, record, share):
        with pytest.raises(UsageError, match="share to hold out"):
            demonstrations(record(), share)

    def test_an_empty_batch(self, record):
        with pytest.raises(UsageError, match="batch_size"):
            next(demonstrations(record()).batches("train", 0))
