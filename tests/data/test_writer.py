"""Writing: what is read back is what was appended, whole, under the final name only."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from townlet.api import ObservationSpec
from townlet.data import DatasetWriter, open_dataset
from townlet.data.block import ARRAY_DTYPES
from townlet.errors import ContractError, DatasetError


def test_reads_back_every_array(tmp_path, spec, origin, make_block):
    block = make_block(20)
    with DatasetWriter(tmp_path / "d", spec=spec, origin=origin, shard_bytes=1) as writer:
        writer.append(block.ticks_between(0, 7))
        writer.append(block.ticks_between(7, 20))
    found = open_dataset(tmp_path / "d").read(0, 20)
    for name in ARRAY_DTYPES:
        np.testing.assert_array_equal(getattr(found, name), getattr(block, name))


@pytest.mark.parametrize("shard_bytes", [1, 2000, 5000, 1 << 30])
def test_shard_size_does_not_change_the_content(tmp_path, spec, origin, make_block, shard_bytes):
    block = make_block(30)
    with DatasetWriter(tmp_path / "d", spec=spec, origin=origin, shard_bytes=shard_bytes) as writer:
        for start in range(0, 30, 4):
            writer.append(block.ticks_between(start, min(start + 4, 30)))
    dataset = open_dataset(tmp_path / "d")
    np.testing.assert_array_equal(dataset.read(0, 30).map, block.map)
    assert dataset.manifest.transitions == np.count_nonzero(block.active)


def test_a_buffer_may_be_overwritten_after_append(tmp_path, spec, origin, make_block):
    block = make_block(5).copy()
    with DatasetWriter(tmp_path / "d", spec=spec, origin=origin) as writer:
        writer.append(block)
        block.features[:] = -1
    assert (open_dataset(tmp_path / "d").read(0, 5).features >= 0).all()


def test_shards_are_plain_safetensors(record):
    dataset = record()
    arrays = load_file(dataset.path / dataset.manifest.shards[1].name)
    np.testing.assert_array_equal(arrays["features"][:, 0, 0], np.arange(10, 20))


def test_the_manifest_says_what_was_recorded(record, spec):
    manifest = record(blocks=3, ticks=10).manifest
    assert (manifest.ticks, manifest.rows, manifest.worlds, manifest.seeds) == (30, 4, 2, (7, 8))
    assert manifest.spec() == spec
    assert manifest.policy["active"] == "scripted"
    assert manifest.complete
    assert manifest.metrics["transitions"] == manifest.transitions > 0
    assert {"reward_mean", "reward_needs_mean", "action_use", "log_prob_mean", "value_mean"} <= set(manifest.metrics)


def test_metrics_are_those_of_the_active_transitions(record):
    dataset = record()
    block = dataset.read(0, dataset.ticks)
    assert dataset.metrics["reward_mean"] == pytest.approx(block.rewards[block.active].mean(dtype=np.float64))
    assert dataset.metrics["action_use"] == pytest.approx(np.mean(block.actions[block.active] == 2))
    assert dataset.metrics["reward_std"] == pytest.approx(block.rewards[block.active].std(dtype=np.float64))


def test_unknown_log_probs_become_nan(tmp_path, spec, origin, make_block):
    arrays = make_block(4).arrays()
    for name in ("log_probs", "values", "bootstrap"):
        del arrays[name]
    with DatasetWriter(tmp_path / "d", spec=spec, origin=origin) as writer:
        writer.append(arrays)
    dataset = open_dataset(tmp_path / "d")
    assert np.isnan(dataset.read(0, 4).log_probs).all()
    assert "log_prob_mean" not in dataset.metrics


class TestRefuses:
    def test_an_existing_folder(self, record):
        record("town")
        with pytest.raises(DatasetError, match="nothing is overwritten"):
            record("town")

    def test_no_ticks_at_all(self, tmp_path, spec, origin):
        with (
            pytest.raises(DatasetError, match="nothing was recorded"),
            DatasetWriter(tmp_path / "d", spec=spec, origin=origin),
        ):
            pass
        assert list(tmp_path.iterdir()) == []

    def test_another_number_of_rows(self, tmp_path, spec, origin, make_block):
        writer = DatasetWriter(tmp_path / "d", spec=spec, origin=origin)
        writer.append(make_block(3, 4))
        with pytest.raises(DatasetError, match="6 rows, those before it 4"):
            writer.append(make_block(3, 6))
        writer.abort()

    def test_rows_that_are_no_worlds(self, tmp_path, spec, origin, make_block):
        writer = DatasetWriter(tmp_path / "d", spec=spec, origin=origin)
        with pytest.raises(DatasetError, match="3 rows are not worlds of 2 agents"):
            writer.append(make_block(3, 3))
        writer.abort()

    def test_seeds_that_are_not_one_a_world(self, tmp_path, spec, origin, make_block):
        writer = DatasetWriter(tmp_path / "d", spec=spec, origin=origin)
        with pytest.raises(DatasetError, match="2 seeds are not one for each of 3 worlds"):
            writer.append(make_block(3, 6))
        writer.abort()

    def test_features_of_another_spec(self, tmp_path, spec, origin, make_block):
        arrays = make_block(3).arrays()
        arrays["features"] = arrays["features"][..., :2]
        writer = DatasetWriter(tmp_path / "d", spec=spec, origin=origin)
        with pytest.raises(DatasetError, match=r"features has shape \[2\] a row, the spec says \[3\]"):
            writer.append(arrays)
        writer.abort()

    def test_an_action_outside_the_table(self, tmp_path, spec, origin, make_block):
        arrays = make_block(3).copy().arrays()
        arrays["actions"][0, 0] = 3
        writer = DatasetWriter(tmp_path / "d", spec=spec, origin=origin)
        with pytest.raises(DatasetError, match=r"outside 0\.\.2"):
            writer.append(arrays)
        writer.abort()

    def test_a_wrong_dtype(self, tmp_path, spec, origin, make_block):
        arrays = make_block(3).arrays()
        arrays["rewards"] = arrays["rewards"].astype(np.float64)
        writer = DatasetWriter(tmp_path / "d", spec=spec, origin=origin)
        with pytest.raises(ContractError, match="rewards must have dtype float32"):
            writer.append(arrays)
        writer.abort()

    @pytest.mark.parametrize(("drop", "add", "text"), [("map", None, "missing: map"), (None, "mood", "unknown: mood")])
    def test_missing_and_unknown_arrays(self, tmp_path, spec, origin, make_block, drop, add, text):
        arrays = make_block(3).arrays()
        arrays.pop(drop, None)
        if add:
            arrays[add] = arrays["rewards"]
        writer = DatasetWriter(tmp_path / "d", spec=spec, origin=origin)
        with pytest.raises(DatasetError) as caught:
            writer.append(arrays)
        assert text in str(caught.value)
        writer.abort()

    def test_use_after_close(self, tmp_path, spec, origin, make_block):
        writer = DatasetWriter(tmp_path / "d", spec=spec, origin=origin)
        writer.append(make_block(3))
        writer.close()
        with pytest.raises(DatasetError, match="already closed"):
            writer.append(make_block(3))


class TestLeavesNothing:
    def test_after_an_exception(self, tmp_path, spec, origin, make_block):
        def fails_midway() -> None:
            with DatasetWriter(tmp_path / "d", spec=spec, origin=origin, shard_bytes=1) as writer:
                writer.append(make_block(3))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fails_midway()
        assert list(tmp_path.iterdir()) == []

    def test_under_the_final_name_before_close(self, tmp_path, spec, origin, make_block):
        writer = DatasetWriter(tmp_path / "d", spec=spec, origin=origin, shard_bytes=1)
        writer.append(make_block(3))
        assert not (tmp_path / "d").exists()
        with pytest.raises(DatasetError, match="is still running"):
            open_dataset(tmp_path / "d")
        writer.close()
        assert [p.name for p in tmp_path.iterdir()] == ["d"]
        assert sorted(p.name for p in (tmp_path / "d").iterdir()) == ["manifest.json", "shard-00000.safetensors"]


class TestSegments:
    def test_a_new_segment_breaks_time(self, tmp_path, spec, origin, make_block):
        with DatasetWriter(tmp_path / "d", spec=spec, origin=origin) as writer:
            writer.append(make_block(6))
            writer.new_segment((9, 10), first_tick=100)
            writer.append(make_block(4))
        manifest = open_dataset(tmp_path / "d").manifest
        assert [(s.first_tick, s.ticks, s.seeds) for s in manifest.segments] == [(0, 6, (7, 8)), (100, 4, (9, 10))]

    def test_an_empty_segment_is_replaced(self, tmp_path, spec, origin, make_block):
        with DatasetWriter(tmp_path / "d", spec=spec, origin=origin) as writer:
            writer.new_segment((1, 2))
            writer.new_segment((3, 4), first_tick=5)
            writer.append(make_block(4))
        assert [s.seeds for s in open_dataset(tmp_path / "d").manifest.segments] == [(3, 4)]


def test_an_interrupted_recording_says_so(tmp_path, spec, origin, make_block):
    writer = DatasetWriter(tmp_path / "d", spec=spec, origin=origin)
    writer.append(make_block(3))
    writer.close({"meals_per_day": 2.5, "nothing": float("nan")}, interruption="stopped by the user")
    manifest = open_dataset(tmp_path / "d").manifest
    assert not manifest.complete
    assert manifest.interruption == "stopped by the user"
    assert manifest.metrics["meals_per_day"] == 2.5
    assert "nothing" not in manifest.metrics


def test_the_manifest_is_readable_json(record):
    document = json.loads((record().path / "manifest.json").read_text())
    assert document["format"] == "townlet-dataset"
    assert document["schema_version"] == 2


def test_no_map_and_no_reward_parts(tmp_path, origin):
    blind = ObservationSpec.of_names("blind", features=("need",), actions=("wait", "use"))
    lead = (6, 4)
    alive = np.ones(lead, np.bool_)
    arrays = {
        "map": np.zeros((*lead, 0, 0, 0), np.uint8),
        "features": np.arange(24, dtype=np.float32).reshape(*lead, 1),
        "action_mask": np.ones((*lead, 2), np.bool_),
        "active": alive,
        "episode_start": ~alive,
        "actions": np.ones(lead, np.int64),
        "rewards": np.ones(lead, np.float32),
        "terminated": ~alive,
        "truncated": ~alive,
    }
    with DatasetWriter(tmp_path / "d", spec=blind, origin=origin.model_copy(update={"reward_parts": ()})) as writer:
        writer.append(arrays)
    dataset = open_dataset(tmp_path / "d")
    dataset.verify()
    np.testing.assert_array_equal(dataset.read(0, 6).features, arrays["features"])
