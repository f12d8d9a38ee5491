"""A run that was put down and taken up again goes on as if it had never stopped."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from townlet.errors import SnapshotError
from townlet.minds.runtime import PolicyRuntime
from townlet.minds.stub import StubPolicy
from townlet.plugins.provenance import Provenance
from townlet.rollout import (
    RolloutBuffer,
    SimulationLoop,
    find_snapshot,
    read_snapshot,
    restore_run,
    write_snapshot,
)

CONFIG = {"name": "counting"}


def runtime_of(policy, town):
    return PolicyRuntime(policy, town.spec, Provenance(requested="worker", active="worker"))


@pytest.fixture
def taken(town, worker, tmp_path):
    """A snapshot at tick 13."""
    runtime = runtime_of(worker, town)
    SimulationLoop(town, runtime).run(13)
    return write_snapshot(tmp_path / "tick-00000013", town, runtime, config=CONFIG, seeds=(7, 8))


def recorded(town, runtime, ticks):
    buffer = RolloutBuffer(town.spec, ticks, town.rows, reward_parts=2)
    SimulationLoop(town, runtime, recorder=buffer).run(ticks)
    return {name: array.copy() for name, array in buffer.arrays().items()}


def test_resumed_equals_uninterrupted(taken, make_town, worker):
    whole_town = make_town([7, 8])
    whole = recorded(whole_town, runtime_of(worker, whole_town), 40)
    town = make_town([1, 2])
    runtime = runtime_of(worker, town)
    restore_run(read_snapshot(taken), town, runtime)
    rest = recorded(town, runtime, 27)
    for name, array in rest.items():
        np.testing.assert_array_equal(array, whole[name][13:], err_msg=name)
    assert (runtime.state_arrays()["asked"] == 40).all()


def test_the_header_says_what_it_is(taken):
    snapshot = read_snapshot(taken)
    assert (snapshot.tick, snapshot.seeds, snapshot.config) == (13, (7, 8), CONFIG)
    assert snapshot.policy["fingerprint"] == "worker"


def test_the_latest_of_many_is_found(taken, tmp_path):
    shutil.copytree(taken, tmp_path / "tick-00000100")
    (tmp_path / "tick-00000200").mkdir()
    assert find_snapshot(tmp_path).name == "tick-00000100"
    assert find_snapshot(taken) == taken
    with pytest.raises(SnapshotError, match="no snapshot here"):
        find_snapshot(tmp_path / "nowhere")


def test_nothing_is_overwritten_and_nothing_half_is_left(taken, town, worker, tmp_path, monkeypatch):
    runtime = runtime_of(worker, town)
    runtime.start(3, [1, 2])
    with pytest.raises(SnapshotError):
        write_snapshot(taken, town, runtime, config=CONFIG, seeds=(7, 8))
    monkeypatch.setattr(runtime, "state_arrays", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_snapshot(tmp_path / "tick-2", town, runtime, config=CONFIG, seeds=(7, 8))
    assert [path.name for path in tmp_path.iterdir()] == ["tick-00000013"]


def test_another_policy_is_refused(taken, town):
    with pytest.raises(SnapshotError, match="a different policy"):
        restore_run(read_snapshot(taken), town, runtime_of(StubPolicy(), town))


def test_a_changed_memory_is_refused(taken, town, worker):
    file = taken / "policy.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(SnapshotError, match="changed"):
        restore_run(read_snapshot(taken), town, runtime_of(worker, town))


def test_a_changed_header_is_refused(taken):
    file = taken / "run.json"
    header = json.loads(file.read_text())
    header["tick"] = 99
    file.write_text(json.dumps(header, sort_keys=True, indent=1) + "\n")
    with pytest.raises(SnapshotError, match="changed"):
        read_snapshot(taken)


def test_a_foreign_file_is_refused(tmp_path):
    (tmp_path / "run.json").write_text('{\n "a": 1\n}\n')
    with pytest.raises(SnapshotError, match="not a snapshot that this version can read"):
        read_snapshot(tmp_path)
