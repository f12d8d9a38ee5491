"""Replay: every active transition once an epoch, in the order asked, with statistics of what was recorded."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.data import ReplayDataset
from townlet.errors import DatasetError, UsageError


def keys(replay):
    found = []
    for batch in replay:
        assert batch.observations.active.all()
        found.append([(int(t), int(r)) for t, r in batch.observations.features[:, :2]])
    return found


def flat(batches):
    return [key for batch in batches for key in batch]


def everything(dataset):
    block = dataset.read(0, dataset.ticks)
    return [(int(t), int(r)) for t, r in block.features[block.active][:, :2]]


@pytest.mark.parametrize("size", [1, 5, 33, 1000])
def test_in_recorded_order(record, size):
    dataset = record(blocks=4, ticks=11)
    found = keys(ReplayDataset(dataset, batch_size=size))
    assert flat(found) == everything(dataset)
    assert {len(batch) for batch in found[:-1]} <= {size}


@pytest.mark.parametrize("memory", [1 << 30, 3_000])
@pytest.mark.parametrize("size", [1, 5, 33, 1000])
def test_shuffled(record, size, memory):
    dataset = record(blocks=4, ticks=11)
    replay = ReplayDataset(dataset, batch_size=size, seed=1, memory_bytes=memory)
    found = keys(replay)
    assert sorted(flat(found)) == sorted(everything(dataset))
    assert flat(found) != everything(dataset)
    assert {len(batch) for batch in found[:-1]} <= {size}
    assert len(found) == len(replay)


def test_each_epoch_has_its_order_and_a_new_object_begins_again(record):
    dataset = record(blocks=4)
    replay = ReplayDataset(dataset, seed=1)
    first, second = flat(keys(replay)), flat(keys(replay))
    assert first != second
    assert flat(keys(ReplayDataset(dataset, seed=1))) == first


@pytest.mark.parametrize("seed", [None, 2])
def test_drop_last(record, seed):
    dataset = record(blocks=4, ticks=11)
    replay = ReplayDataset(dataset, batch_size=50, drop_last=True, seed=seed)
    found = keys(replay)
    assert {len(batch) for batch in found} == {50}
    assert len(found) == len(replay) == dataset.transitions // 50


def test_statistics_of_a_batch(record):
    dataset = record()
    replay = ReplayDataset(dataset, batch_size=16)
    batch = next(iter(replay))
    found = replay.statistics(batch)
    assert found["transitions"] == len(batch) == 16
    assert found["reward_sum"] == pytest.approx(batch.rewards.sum(dtype=float))
    assert found["reward_mean"] == pytest.approx(batch.rewards.mean(dtype=float))
    assert found["log_prob_mean"] == pytest.approx(batch.log_probs.mean(dtype=float))
    assert found["value_mean"] == pytest.approx(batch.values.mean(dtype=float))
    assert found["reward_social_mean"] == pytest.approx(batch.reward_parts[:, 1].mean(dtype=float))
    assert found["terminated"] == batch.terminated.sum()
    shares = [found[f"action_{name}"] for name in dataset.spec.action_names]
    assert sum(shares) == pytest.approx(1.0)


def test_one_batch_of_everything_equals_the_baselines(record):
    dataset = record()
    replay = ReplayDataset(dataset, batch_size=10_000)
    found, baselines = replay.statistics(next(iter(replay))), replay.baselines()
    assert set(found) == set(baselines)
    for name, value in found.items():
        assert value == pytest.approx(baselines[name]), name


def test_sequential_batches_are_views(record):
    batch = next(iter(ReplayDataset(record(life=10**6), batch_size=8)))
    assert not batch.rewards.flags.owndata
    assert not batch.observations.map.flags.writeable


def test_refuses_no_transitions(record):
    with pytest.raises(DatasetError, match="holds no transition"):
        ReplayDataset(record(life=0))


@pytest.mark.parametrize("size", [0, -1])
def test_refuses_an_empty_batch(record, size):
    with pytest.raises(UsageError, match="batch_size"):
        ReplayDataset(record(), batch_size=size)


def test_unknown_log_probs_leave_their_mean_out(record, make_block, tmp_path, spec, origin):
    from townlet.data import DatasetWriter, open_dataset

    arrays = make_block(5).arrays()
    arrays["log_probs"] = np.full_like(arrays["log_probs"], np.nan)
    with DatasetWriter(tmp_path / "d", spec=spec, origin=origin) as writer:
        writer.append(arrays)
    replay = ReplayDataset(open_dataset(tmp_path / "d"))
    assert "log_prob_mean" not in replay.statistics(next(iter(replay)))
