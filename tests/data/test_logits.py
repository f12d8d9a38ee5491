"""Recordings that keep what minds weigh: logits come back from every way that a dataset goes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from townlet.cli.app import townlet
from townlet.config import TownletConfig
from townlet.data import Dataset, DatasetWriter, export_minari, import_minari, index_episodes, open_dataset
from townlet.data.subsets import write_episodes, write_worlds
from townlet.errors import DatasetError, UsageError
from townlet.play import Cast, Job, Keep, play
from townlet.play.joining import join_datasets


@pytest.fixture
def weighed(tmp_path, spec, origin, make_block) -> Dataset:
    """Three shards with logits; those of row 3 are unknown."""
    with DatasetWriter(
        tmp_path / "weighed",
        spec=spec,
        origin=origin.model_copy(update={"seeds": (7, 8), "logits": True}),
        shard_bytes=1,
    ) as writer:
        for number in range(3):
            logits = np.random.default_rng(number).normal(size=(10, 4, spec.action_count)).astype(np.float32)
            logits[:, 3] = np.nan
            writer.append(replace(make_block(10, first=10 * number), logits=logits))
    return open_dataset(tmp_path / "weighed")


def test_they_come_back_as_they_were(weighed):
    assert weighed.manifest.logits
    for number, block in enumerate(weighed.blocks()):
        expected = np.random.default_rng(number).normal(size=block.logits.shape).astype(np.float32)
        assert np.array_equal(block.logits[:, :3], expected[:, :3])
        assert np.isnan(block.logits[:, 3]).all()
    assert weighed.read(5, 25).logits.shape == (20, 4, weighed.spec.action_count)


def test_a_dataset_without_them_has_no_array_of_them(record):
    dataset = record()
    assert not dataset.manifest.logits
    assert not dataset.read(0, 5).keeps_logits
    assert "logits" not in dataset.read(0, 5).arrays()


def test_they_go_along_into_chosen_worlds_and_lives(weighed, tmp_path):
    write_worlds(weighed, tmp_path / "worlds", np.array([1]), "one")
    some = open_dataset(tmp_path / "worlds")
    assert np.array_equal(some.read(0, 30).logits, weighed.read(0, 30).logits[:, 2:], equal_nan=True)
    write_episodes(weighed, tmp_path / "lives", index_episodes(weighed), "all")
    cut = open_dataset(tmp_path / "lives")
    lives = cut.read(0, cut.ticks)
    whole = weighed.read(0, 30)
    assert np.nansum(lives.logits[lives.active]) == pytest.approx(np.nansum(whole.logits[whole.active]), rel=1e-4)


def test_minari_carries_them_there_and_back(weighed, tmp_path):
    pytest.importorskip("minari")
    pytest.importorskip("h5py")
    export_minari(weighed, tmp_path / "out")
    manifest = import_minari(tmp_path / "out", tmp_path / "again")
    assert manifest.logits
    again, whole = open_dataset(tmp_path / "again").read(0, manifest.ticks), weighed.read(0, 30)
    assert np.nansum(again.logits[again.active]) == pytest.approx(np.nansum(whole.logits[whole.active]), rel=1e-4)


def test_a_block_that_lacks_them_is_refused(spec, origin, make_block, tmp_path):
    with (
        pytest.raises(DatasetError, match="lacks logits"),
        DatasetWriter(
            tmp_path / "lacks", spec=spec, origin=origin.model_copy(update={"seeds": (7, 8), "logits": True})
        ) as writer,
    ):
        writer.append(make_block(10))


def test_a_damaged_shard_is_named(weighed):
    shard = weighed.path / weighed.manifest.shards[1].name
    data = bytearray(shard.read_bytes())
    data[-8] ^= 1  # within the last array of the file
    shard.write_bytes(bytes(data))
    with pytest.raises(DatasetError, match="shard-00001"):
        open_dataset(weighed.path).verify()


def test_inspect_tells_of_them(weighed):
    shown = CliRunner().invoke(townlet, ["dataset", "inspect", str(weighed.path)])
    assert "logits" in shown.output
    assert "kept" in shown.output


def test_a_played_job_keeps_them_and_parts_join_to_the_same_bytes(tmp_path):
    config = TownletConfig.model_validate({"town": {"map": "hamlet"}})
    job = Job(config, Cast.of("scripted"), (1, 2), 20, keep=Keep.dataset(tmp_path / "whole", logits=True))
    assert Job.from_json(job.to_json()) == job
    outcome = play(job)
    whole = open_dataset(tmp_path / "whole")
    assert whole.manifest.logits
    assert np.isnan(whole.read(0, 20).logits).all()  # rules weigh nothing
    parts = [play(part) for part in job.split(2)]
    folders = [part.dataset for part in parts if part.dataset is not None]
    join_datasets(outcome, folders, tmp_path / "joined")
    assert open_dataset(tmp_path / "joined").digest == whole.digest


def test_the_command_needs_a_place_to_keep_them():
    refused = CliRunner().invoke(townlet, ["run", "--keep-logits", "--ticks", "5"])
    assert isinstance(refused.exception, UsageError)
    assert "--record" in str(refused.exception)
