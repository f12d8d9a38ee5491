"""A Minari dataset that points out of itself is refused by name, and nothing that it points to is copied."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from townlet.data import export_minari, import_minari
from townlet.errors import DatasetError

minari = pytest.importorskip("minari")
h5py = pytest.importorskip("h5py")


@pytest.fixture
def out(record, tmp_path):
    export_minari(record(blocks=2, ticks=9), tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def secret(tmp_path):
    """Somebody's file, in both shapes in which an HDF5 file can point to it."""
    (tmp_path / "secret.bin").write_bytes(bytes(range(256)) * 64)
    with h5py.File(tmp_path / "secret.hdf5", "w") as file:
        file["group/rewards"] = np.arange(1000, dtype=np.float32)
    return tmp_path


def refused(out, message: str) -> None:
    target = out.parent / "again"
    with pytest.raises(DatasetError, match=message) as caught:
        import_minari(out, target)
    assert "reaches out to other files" in str(caught.value)
    assert not target.exists()


def change(out):
    return h5py.File(out / "data" / "main_data.hdf5", "a")


def test_external_storage(out, secret):
    with change(out) as file:
        episode = file["episode_0"]
        length = len(episode["rewards"])
        del episode["rewards"]
        episode.create_dataset("rewards", (length,), np.float32, external=[(str(secret / "secret.bin"), 0, 4 * length)])
    refused(out, "'/episode_0/rewards' is in external storage .*secret.bin")


def test_an_external_link(out, secret):
    with change(out) as file:
        del file["episode_0/rewards"]
        file["episode_0/rewards"] = h5py.ExternalLink(str(secret / "secret.hdf5"), "/group/rewards")
    refused(out, "'/episode_0/rewards' is an external link .*secret.hdf5")


def test_a_group_behind_an_external_link(out, secret):
    with change(out) as file:
        del file["episode_1"]
        file["episode_1"] = h5py.ExternalLink(str(secret / "secret.hdf5"), "/group")
    refused(out, "'/episode_1' is an external link")


def test_a_virtual_dataset(out, secret):
    with change(out) as file:
        length = len(file["episode_0/rewards"])
        del file["episode_0/rewards"]
        layout = h5py.VirtualLayout((length,), np.float32)
        layout[:] = h5py.VirtualSource(str(secret / "secret.hdf5"), "group/rewards", (1000,))[:length]
        file["episode_0"].create_virtual_dataset("rewards", layout)
    refused(out, "'/episode_0/rewards' is a virtual dataset .*secret.hdf5")


def test_external_storage_behind_a_soft_link(out, secret):
    with change(out) as file:
        length = len(file["episode_0/rewards"])
        del file["episode_0/rewards"]
        file.create_dataset("hidden/it", (length,), np.float32, external=[(str(secret / "secret.bin"), 0, 4 * length)])
        file["episode_0/rewards"] = h5py.SoftLink("/hidden/it")
    refused(out, "'/hidden/it' is in external storage")


def test_groups_in_a_circle_are_looked_at_once(out):
    with change(out) as file:
        file["episode_0/infos/again"] = file["episode_0"]
        file["further"] = h5py.ExternalLink("nowhere.hdf5", "/")
    refused(out, "'/further' is an external link")


def test_a_dataset_found_by_name(out, secret, monkeypatch, tmp_path):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "store"))
    with change(out) as file:
        file["further"] = h5py.ExternalLink(str(secret / "secret.hdf5"), "/")
    (tmp_path / "store" / "town").mkdir(parents=True)
    out.rename(tmp_path / "store" / "town" / "tiny-v0")
    with pytest.raises(DatasetError, match="reaches out to other files: '/further'"):
        import_minari("town/tiny-v0", tmp_path / "again")


@pytest.mark.parametrize("name", ["main_data.hdf5", "metadata.json"])
def test_a_file_that_is_a_link(out, name):
    (out / "data" / name).rename(out.parent / "elsewhere")
    (out / "data" / name).symlink_to(out.parent / "elsewhere")
    refused(out, f"{name} is a link .*elsewhere")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
@pytest.mark.parametrize("name", ["main_data.hdf5", "metadata.json", "more.parquet"])
def test_a_pipe_is_not_waited_for(out, name):
    (out / "data" / name).unlink(missing_ok=True)
    os.mkfifo(out / "data" / name)
    with pytest.raises(DatasetError, match="it is a pipe, not a file"):
        import_minari(out, out.parent / "again")


@pytest.mark.parametrize("space", ["observation_space", "action_space"])
def test_an_environment_in_place_of_spaces_is_not_made(out, space, monkeypatch):
    """Minari would import the module that an entry point names."""
    import gymnasium

    monkeypatch.setattr(gymnasium, "make", lambda *_, **__: pytest.fail("the environment was made"))
    metadata = out / "data" / "metadata.json"
    document = json.loads(metadata.read_text())
    del document[space]
    document["env_spec"] = gymnasium.spec("CartPole-v1").to_json()
    metadata.write_text(json.dumps(document))
    with pytest.raises(DatasetError, match=f"does not say its {space}"):
        import_minari(out, out.parent / "again")


def test_codes_in_a_version_of_minari_are_not_obeyed(out):
    metadata = out / "data" / "metadata.json"
    metadata.write_text(json.dumps({**json.loads(metadata.read_text()), "minari_version": "\x1b[2J1.0"}))
    with pytest.raises(DatasetError) as caught:
        import_minari(out, out.parent / "again")
    assert "\x1b" not in str(caught.value)
    assert "\\u001b[2J1.0" in str(caught.value)


def test_what_points_nowhere_else_is_read(out):
    with change(out) as file:
        rewards = file["episode_0/rewards"][:]
        del file["episode_0/rewards"]
        file["kept"] = rewards
        file["episode_0/rewards"] = h5py.SoftLink("/kept")
    assert import_minari(out, out.parent / "again").transitions > 0
