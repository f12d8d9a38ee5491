"""Exchange with Minari: Minari itself reads what we write, and nothing is lost on the way back."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from townlet.api import Feature, ObservationSpec
from townlet.data import DatasetWriter, export_minari, import_minari, index_episodes, open_dataset
from townlet.data.block import ARRAY_DTYPES
from townlet.errors import DatasetError, UsageError

minari = pytest.importorskip("minari")
pytest.importorskip("h5py")


@pytest.fixture
def exported(record, tmp_path):
    dataset = record(blocks=3, ticks=9)
    export_minari(dataset, tmp_path / "out", dataset_id="townlet/tiny-v0")
    return dataset, minari.MinariDataset(tmp_path / "out" / "data")


class TestExport:
    def test_minari_counts_the_same(self, exported):
        dataset, read = exported
        assert read.id == "townlet/tiny-v0"
        assert read.total_episodes == len(index_episodes(dataset))
        assert read.total_steps == dataset.transitions

    def test_minari_reads_every_life(self, exported):
        dataset, read = exported
        block, table = dataset.read(0, dataset.ticks), index_episodes(dataset)
        for index, episode in enumerate(read.iterate_episodes()):
            start, length, row = int(table.start[index]), int(table.length[index]), int(table.row[index])
            life = slice(start, start + length), row
            np.testing.assert_array_equal(episode.actions, block.actions[life])
            np.testing.assert_array_equal(episode.rewards, block.rewards[life])
            np.testing.assert_array_equal(episode.observations["map"][:-1], block.map[life])
            np.testing.assert_array_equal(episode.observations["features"][:-1], block.features[life])
            np.testing.assert_array_equal(episode.terminations, block.terminated[life])
            assert len(episode.observations["features"]) == length + 1
            assert episode.terminations[-1] or episode.truncations[-1]

    def test_observations_lie_in_their_space(self, exported):
        _, read = exported
        episode = read[0]
        first = {name: array[0] for name, array in episode.observations.items()}
        assert read.observation_space.contains(first)
        assert read.action_space.contains(episode.actions[0])

    def test_minari_finds_it_by_name(self, record, tmp_path, monkeypatch):
        monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
        export_minari(record(), tmp_path / "townlet" / "tiny-v0", dataset_id="townlet/tiny-v0")
        assert minari.load_dataset("townlet/tiny-v0").total_episodes > 0

    def test_what_comes_after_a_cut_is_what_was_seen_next(self, tmp_path, spec, origin, make_block):
        block = make_block(6, life=100).copy()
        block.truncated[2, 0] = True
        with DatasetWriter(tmp_path / "town", spec=spec, origin=origin) as writer:
            writer.append(block)
        export_minari(open_dataset(tmp_path / "town"), tmp_path / "out")
        read = minari.MinariDataset(tmp_path / "out" / "data")
        ticks = [episode.observations["features"][:, 0].tolist() for episode in read.iterate_episodes()]
        assert [0, 1, 2, 3] in ticks  # cut after tick 2: tick 3 came next
        assert [3, 4, 5, 5] in ticks  # cut by the end of the recording: the last one again

    def test_nothing_is_overwritten(self, record, tmp_path):
        dataset = record()
        export_minari(dataset, tmp_path / "out")
        with pytest.raises(DatasetError, match="nothing is overwritten"):
            export_minari(dataset, tmp_path / "out")

    def test_it_takes_no_more_room_than_is_asked_for(self, exported, tmp_path, monkeypatch):
        asked = []
        monkeypatch.setattr(
            "townlet.data.minari_export.require_room", lambda folder, size, **_: asked.append((folder, size))
        )
        dataset, _ = exported
        export_minari(open_dataset(dataset.path), tmp_path / "again")
        taken = sum(file.stat().st_size for file in (tmp_path / "again").rglob("*") if file.is_file())
        assert 0.02 < taken / asked[0][1] < 1

    @pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="limits of POSIX")
    def test_a_full_disk_is_an_error_and_nothing_is_left(self, record, tmp_path):
        """In a process of its own, which HDF5 took down with it."""
        dataset = record()
        code = (
            "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "from townlet.cli.entry import main; from townlet.data.minari_format import minari_module; minari_module();"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000));"
            f"sys.exit(main(['dataset', 'export', {str(dataset.path)!r}, '--out', 'out']))"
        )
        (tmp_path / "small").mkdir()
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path / "small", capture_output=True, text=True, check=False
        )
        assert done.returncode == 4, done.stderr
        assert "error: this export may take" in done.stderr
        assert list((tmp_path / "small").iterdir()) == []

    @pytest.mark.parametrize("room", [300_000, 600_000, 900_000])
    def test_a_disk_that_fills_up_while_it_is_written_is_an_error_and_nothing_is_left(self, record, tmp_path, room):
        """HDF5 dies of it, with a fault in its clean-up; this process does not."""
        dataset = record(blocks=8, ticks=100)
        code = (
            "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "from townlet.cli.entry import main; import townlet.data.minari_export as export;"
            "export.require_room = lambda *_, **__: None;"  # there was room before
            f"resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}));"
            f"sys.exit(main(['dataset', 'export', {str(dataset.path)!r}, '--out', 'out']))"
        )
        (tmp_path / "small").mkdir()
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path / "small", capture_output=True, text=True, check=False
        )
        assert done.returncode == 4, done.stderr
        assert done.stderr.startswith("error: cannot write the Minari dataset: File too large"), done.stderr
        assert "MiB are free on this disk; make room, or write to another one" in done.stderr
        assert len(done.stderr.splitlines()) < 5
        assert list((tmp_path / "small").iterdir()) == []
        open_dataset(dataset.path).verify()

    def test_nobody(self, record, tmp_path):
        with pytest.raises(DatasetError, match="no life to export"):
            export_minari(record(life=0), tmp_path / "out")

    def test_without_minari(self, record, tmp_path, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "h5py", None)
        with pytest.raises(UsageError, match="h5py"):
            export_minari(record(), tmp_path / "out")


class TestBack:
    def test_nothing_is_lost(self, exported, tmp_path):
        dataset, _ = exported
        import_minari(tmp_path / "out", tmp_path / "again")
        again = open_dataset(tmp_path / "again")
        again.verify()
        source, found = dataset.read(0, dataset.ticks), again.read(0, again.ticks)
        tick, row = found.features[found.active][:, :2].astype(int).T
        assert len(tick) == dataset.transitions
        for name in set(ARRAY_DTYPES) - {"truncated"}:
            np.testing.assert_array_equal(
                getattr(found, name)[found.active], getattr(source, name)[tick, row], err_msg=name
            )

    def test_the_facts_come_along(self, exported, tmp_path):
        dataset, _ = exported
        manifest = import_minari(tmp_path / "out", tmp_path / "again")
        before = dataset.manifest
        for name in ("config", "config_id", "policy", "reward_parts", "tags", "observation_fingerprint"):
            assert getattr(manifest, name) == getattr(before, name), name
        assert manifest.derived_from == {"minari": "townlet/tiny-v0", "digest": dataset.digest}
        assert manifest.metrics["reward_mean"] == pytest.approx(dataset.metrics["reward_mean"])

    def test_lives_stay_apart(self, exported, tmp_path):
        dataset, _ = exported
        import_minari(tmp_path / "out", tmp_path / "again")
        before, after = index_episodes(dataset), index_episodes(open_dataset(tmp_path / "again"))
        assert sorted(after.length) == sorted(before.length)

    def test_without_a_map(self, tmp_path):
        blind = ObservationSpec.of_names("blind", features=("need",), actions=("wait", "use"))
        arrays = {
            "map": np.zeros((5, 1, 0, 0, 0), np.uint8),
            "features": np.arange(5, dtype=np.float32).reshape(5, 1, 1),
            "action_mask": np.ones((5, 1, 2), np.bool_),
            "active": np.ones((5, 1), np.bool_),
            "episode_start": np.zeros((5, 1), np.bool_),
            "actions": np.ones((5, 1), np.int64),
            "rewards": np.ones((5, 1), np.float32),
            "terminated": np.zeros((5, 1), np.bool_),
            "truncated": np.zeros((5, 1), np.bool_),
        }
        from townlet.data import DatasetOrigin

        with DatasetWriter(tmp_path / "town", spec=blind, origin=DatasetOrigin()) as writer:
            writer.append(arrays)
        export_minari(open_dataset(tmp_path / "town"), tmp_path / "out")
        import_minari(tmp_path / "out", tmp_path / "again")
        found = open_dataset(tmp_path / "again").read(0, 5)
        np.testing.assert_array_equal(found.features, arrays["features"])

    def test_somebody_elses_needs_a_spec(self, exported, tmp_path, spec):
        metadata = tmp_path / "out" / "data" / "metadata.json"
        import json

        document = json.loads(metadata.read_text())
        del document["townlet"]
        metadata.write_text(json.dumps(document))
        with pytest.raises(DatasetError, match="does not say what its observations mean"):
            import_minari(tmp_path / "out", tmp_path / "again")
        manifest = import_minari(tmp_path / "out", tmp_path / "again", spec=spec)
        assert manifest.policy["active"] == "minari"

    def test_another_spec(self, exported, tmp_path, spec):
        other = replace(spec, features=(Feature("tick"), Feature("column"), Feature("need")))
        with pytest.raises(DatasetError, match="feature 'column' is missing there"):
            import_minari(tmp_path / "out", tmp_path / "again", spec=other)

    def test_other_spaces(self, exported, tmp_path, spec):
        import json

        metadata = tmp_path / "out" / "data" / "metadata.json"
        document = json.loads(metadata.read_text())
        facts = json.loads(document["townlet"])
        facts["observation"]["features"].append({**facts["observation"]["features"][0], "name": "joy"})
        document["townlet"] = json.dumps(facts)
        metadata.write_text(json.dumps(document))
        with pytest.raises(DatasetError, match="spaces of the Minari dataset"):
            import_minari(tmp_path / "out", tmp_path / "again")

    def test_facts_of_names_alone_are_refused_as_old(self, exported, tmp_path):
        import json

        metadata = tmp_path / "out" / "data" / "metadata.json"
        document = json.loads(metadata.read_text())
        facts = json.loads(document["townlet"])
        facts["observation"] = {"variant": "tiny", "feature_names": ["tick"], "action_names": ["wait"]}
        document["townlet"] = json.dumps(facts)
        metadata.write_text(json.dumps(document))
        with pytest.raises(DatasetError, match="before specs carried their meaning"):
            import_minari(tmp_path / "out", tmp_path / "again")

    @pytest.mark.parametrize("text", ["{", "[]", "{}", '{"observation": 3}'])
    def test_damaged_facts(self, exported, tmp_path, text):
        import json

        metadata = tmp_path / "out" / "data" / "metadata.json"
        document = json.loads(metadata.read_text())
        document["townlet"] = text
        metadata.write_text(json.dumps(document))
        with pytest.raises(DatasetError, match="facts that Townlet wrote"):
            import_minari(tmp_path / "out", tmp_path / "again")

    def test_no_minari_dataset(self, tmp_path):
        (tmp_path / "data").mkdir()
        with pytest.raises(DatasetError, match="cannot be read"):
            import_minari(tmp_path, tmp_path / "again")
