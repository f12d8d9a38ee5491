"""Snapshots: exact, and refused when anything is amiss."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from townlet.config.town import TownConfig
from townlet.errors import SnapshotError
from townlet.world import compile_town
from townlet.world.snapshot import load_extra, load_state, save_state
from townlet.world.state import state_fields

HERE = Path(__file__).parent

SCRIPT = """
import sys, json
sys.path.insert(0, {here!r})
import conftest, numpy as np
from townlet.config.town import TownConfig
from townlet.world.snapshot import load_state
crowd = conftest.Crowd(TownConfig(map="hamlet", outside=conftest.LIVELY, lives=conftest.HARD), [1, 2])
load_state({path!r}, crowd.town, into=crowd.state)
crowd.random = [np.random.Generator(np.random.PCG64([7, w])) for w in range(2)]
crowd.step(400)
print(json.dumps([conftest.digest_of(crowd.world(w)) for w in range(2)]))
"""


@pytest.fixture
def saved(crowd, tmp_path):
    worlds = crowd("hamlet", [1, 2]).step(500)
    path = tmp_path / "town.snapshot"
    save_state(worlds.state, worlds.town, path, extra={"kpi": np.arange(3.0)})
    return worlds, path


def test_every_array_comes_back(saved):
    worlds, path = saved
    loaded = load_state(path, worlds.town)
    for (name, _, one), (_, _, two) in zip(state_fields(worlds.state), state_fields(loaded), strict=True):
        np.testing.assert_array_equal(one, two, err_msg=name)
        assert one.dtype == two.dtype


def test_extras_come_back(saved):
    worlds, path = saved
    assert load_extra(path, worlds.town)["kpi"].tolist() == [0.0, 1.0, 2.0]


def test_a_new_process_goes_on_as_if_nothing_had_happened(saved, digest):
    worlds, path = saved
    script = SCRIPT.format(here=str(HERE), path=str(path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300)
    worlds.random = [np.random.Generator(np.random.PCG64([7, w])) for w in range(2)]
    worlds.step(400)
    assert json.loads(done.stdout) == [digest(worlds.world(w)) for w in range(2)]


def refusal(path, town, **options):
    with pytest.raises(SnapshotError) as refused:
        load_state(path, town, **options)
    assert str(path) in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("part", [0.0, 0.02, 0.5, 0.99])
def test_cut_short(saved, part):
    worlds, path = saved
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    assert "cannot be read" in refusal(path, worlds.town)


def test_missing(saved, tmp_path):
    assert "cannot be read" in refusal(tmp_path / "nothing", saved[0].town)


def test_a_flipped_bit_anywhere_in_the_arrays(saved):
    worlds, path = saved
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(bytes(data))
    assert "changed after it was written" in refusal(path, worlds.town)


def rewrite(path, **changes):
    with safe_open(str(path), framework="np") as file:
        arrays, metadata = {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata())  # noqa: SIM118
    save_file(arrays, path, {**metadata, **changes})


def test_another_version(saved):
    worlds, path = saved
    rewrite(path, version="99")
    assert "version '99'" in refusal(path, worlds.town)


def test_something_else(saved):
    worlds, path = saved
    rewrite(path, format="weights")
    assert "not a Townlet snapshot" in refusal(path, worlds.town)


@pytest.mark.parametrize("config", [TownConfig(map="riverside"), TownConfig(map="hamlet")])
def test_another_map_or_other_rules(saved, config):
    message = refusal(saved[1], compile_town(config))
    assert "of another town" in message
    assert "map 'hamlet'" in message


def test_another_number_of_worlds(saved, crowd):
    other = crowd("hamlet", [1])
    assert "holds 2 worlds and not 1" in refusal(saved[1], saved[0].town, into=other.state)


def test_a_state_that_cannot_be_true(saved):
    worlds, path = saved
    worlds.state.agents.money[0, 0] = -5.0
    save_state(worlds.state, worlds.town, path)
    assert "cannot be true" in refusal(path, worlds.town)


def test_a_snapshot_is_written_whole_or_not_at_all(saved, tmp_path):
    worlds, path = saved
    with pytest.raises(SnapshotError, match="cannot be written"):
        save_state(worlds.state, worlds.town, tmp_path / "no folder" / "x")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
