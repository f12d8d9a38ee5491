"""``townlet rollout``: towns in, a whole dataset and an entry in the registry out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from townlet.data import open_dataset
from townlet.registry import Registry

KEYS = {
    "run_id",
    "dataset",
    "digest",
    "config_id",
    "seeds",
    "worlds",
    "agents",
    "ticks",
    "transitions",
    "bytes",
    "shards",
    "interrupted",
    "failure",
    "policy",
    "metrics",
    "seconds",
    "agent_steps_per_second",
    "warnings",
}


@pytest.fixture
def rollout(townlet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> dict[str, object]:
        outcome = townlet("rollout", "--worlds", "2", "--ticks", "30", "--json", *words)
        assert outcome.code == 0, outcome.err
        return json.loads(outcome.out)

    return run


def test_the_json_keys(rollout):
    assert set(rollout()) == KEYS


def test_what_was_recorded(rollout):
    told = rollout("--out", "data", "--seed", "40", "--tag", "first")
    dataset = open_dataset("data")
    dataset.verify()
    manifest = dataset.manifest
    assert (manifest.ticks, manifest.worlds, manifest.seeds, manifest.tags) == (30, 2, (40, 41), ("first",))
    assert manifest.policy["active"] == told["policy"]["active"] == "scripted"
    assert manifest.config["seed"] == 40
    assert manifest.config_id == told["config_id"]
    assert {"self_sufficiency", "queue_conflicts", "reward_mean"} <= set(manifest.metrics)
    assert told["digest"] == dataset.digest


def test_the_default_place_is_in_the_runs_folder(rollout):
    told = rollout()
    assert Path(told["dataset"]) == Path("runs", "rollout-001")
    open_dataset(told["dataset"]).verify()


def test_the_run_is_entered(rollout):
    told = rollout()
    with Registry("runs", create=False) as registry:
        run = registry.run(told["run_id"])
        assert (run.kind, run.status, run.summary["ticks"]) == ("rollout", "done", 30)
        assert [d.digest for d in registry.datasets(run=run.id)] == [told["digest"]]


def test_without_registry(rollout, tmp_path):
    assert rollout("--no-registry", "--out", "data")["run_id"] is None
    assert not (tmp_path / "runs").exists()


def test_a_broken_registry_does_not_cost_the_recording(rollout, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "registry.sqlite").write_bytes(b"nonsense" * 1000)
    told = rollout("--out", "data")
    assert any("without the registry" in warning for warning in told["warnings"])
    open_dataset("data").verify()


def test_the_same_seeds_give_the_same_recording(rollout):
    rollout("--out", "a")
    rollout("--out", "b")
    a, b = open_dataset("a"), open_dataset("b")
    assert [s.sha256 for s in a.manifest.shards] == [s.sha256 for s in b.manifest.shards]


def test_world_1_alone_is_world_1_among_two(rollout, townlet):
    rollout("--out", "two")
    assert townlet("rollout", "--worlds", "1", "--ticks", "30", "--seed", "1", "--out", "one").code == 0
    two, one = open_dataset("two").read(0, 30), open_dataset("one").read(0, 30)
    for name, array in one.arrays().items():
        np.testing.assert_array_equal(array, getattr(two, name)[:, 8:16], err_msg=name)


def test_a_stub_in_the_place_of_a_mind_is_recorded_as_such(rollout):
    told = rollout("--set", "policy.backend=stub", "--out", "data")
    assert told["policy"]["active"] == "stub"
    assert open_dataset("data").manifest.is_stub


def test_in_words(townlet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = townlet("rollout", "--worlds", "1", "--ticks", "5", "--out", "data")
    assert outcome.code == 0
    assert "recorded 5 ticks of 1 world with 8 agents: 40 transitions by scripted" in outcome.out
    assert "townlet dataset inspect data" in outcome.out


class TestRefuses:
    def test_ticks_and_days(self, townlet):
        outcome = townlet("rollout", "--ticks", "5", "--days", "1")
        assert (outcome.code, "not both" in outcome.err) == (2, True)

    def test_an_existing_dataset(self, rollout, townlet):
        rollout("--out", "data")
        outcome = townlet("rollout", "--worlds", "1", "--ticks", "5", "--out", "data")
        assert outcome.code == 4
        assert "nothing is overwritten" in outcome.err

    @pytest.mark.parametrize("words", [["--worlds", "0"], ["--ticks", "0"], ["--days", "0"], ["--days", "-1"]])
    def test_numbers_out_of_range(self, townlet, words):
        assert townlet("rollout", *words).code == 2

    def test_an_unknown_backend(self, townlet, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        outcome = townlet("rollout", "--backend", "skripted", "--ticks", "5")
        assert outcome.code in (2, 3)
        assert "scripted" in outcome.err
        assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
def test_ctrl_c_keeps_what_was_recorded(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-m", "townlet", "rollout", "--worlds", "4", "--ticks", "200000", "--out", "data"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob(".data.*/shard-*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert "interrupted after" in out
    dataset = open_dataset(tmp_path / "data")
    dataset.verify()
    assert not dataset.manifest.complete
    assert dataset.ticks > 0
    with Registry(tmp_path / "runs", create=False) as registry:
        assert registry.runs()[0].status == "interrupted"
