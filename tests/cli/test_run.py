"""``townlet run``: what it says, what it leaves behind, how it stops and goes on."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from townlet.data import open_dataset
from townlet.registry import Registry

HAMLET = ("--set", "town.map=hamlet")
KEYS = [
    *("run_id", "config_id", "seed", "first_tick", "ticks", "interrupted", "failure", "policy", "kpis"),
    *("days", "agents", "ledger", "recorded", "snapshots", "seconds", "ticks_per_second", "warnings"),
]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def arrays_of(path):
    blocks = list(open_dataset(path).blocks())
    names = ("features", "map", "action_mask", "actions", "rewards", "terminated", "active", "episode_start")
    return {name: np.concatenate([getattr(block, name) for block in blocks]) for name in names}


class TestWithoutAnything:
    def test_the_default_town_lives_a_day(self, townlet):
        done = townlet("run")
        assert done.code == 0
        lines = done.out.splitlines()
        assert lines[0].startswith("riverside, seed 0: ran to tick 1,000 (1.00 days) with scripted, ")
        assert "alice" in done.out
        assert "whole run" in done.out
        assert not list(os.scandir()), "a run that was not asked to leave anything behind left something"

    def test_every_number_is_there_when_piped(self, townlet):
        out = townlet("run", *HAMLET, "--ticks", "50").out
        assert "…" not in out
        header = next(line for line in out.splitlines() if "self-sufficient" in line)
        assert header.split()[:5] == ["reward", "self-sufficient", "mean", "need", "attendance"]
        assert len(next(line for line in out.splitlines() if line.startswith("alice")).split()) == 12

    def test_no_number_is_cut_to_fit_a_narrow_window(self, townlet, monkeypatch):
        monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
        monkeypatch.setenv("COLUMNS", "60")
        out = townlet("run", *HAMLET, "--ticks", "50").out
        assert "…" not in out
        assert max(map(len, out.splitlines())) <= 60
        assert sum(len(line.split()) - 1 for line in out.splitlines() if line.startswith("alice")) == 11

    def test_a_share_of_nothing_is_not_shown_as_nobody(self, townlet):
        """Alice's shift ends at tick 460, Bob's at 780: by 600 he has missed none."""
        lines = townlet("run", *HAMLET, "--ticks", "600").out.splitlines()
        attended = {line.split()[0]: line.split()[4] for line in lines if line.startswith(("alice", "bob"))}
        assert attended == {"alice": "100%", "bob": "-"}


class TestJson:
    def test_keys(self, townlet):
        done = townlet("run", *HAMLET, "--ticks", "1500", "--seed", "3", "--json")
        found = json.loads(done.out)
        assert list(found) == KEYS
        assert (found["seed"], found["first_tick"], found["ticks"], found["interrupted"]) == (3, 0, 1500, False)
        assert found["policy"]["active"] == "scripted"
        assert found["policy"]["distribution"] == "townlet-backend-scripted"
        assert [day["day"] for day in found["days"]] == [0, 1]
        assert list(found["agents"]) == ["alice", "bob", "carol", "dave"]
        assert found["run_id"].endswith("-s3")

    def test_how_many_days_there_were_also_where_not_all_are_kept(self, townlet):
        out = townlet("run", "--set", "town.map=hamlet", "--backend", "stub", "--days", "70").out
        assert "the last 14 of 70 days:" in out

    def test_the_same_seed_gives_the_same_run(self, townlet):
        one, two, other = (
            json.loads(townlet("run", *HAMLET, "--ticks", "800", "--seed", seed, "--json").out) for seed in "556"
        )
        assert one["kpis"] == two["kpis"]
        assert one["kpis"] != other["kpis"]

    def test_days_or_ticks(self, townlet):
        found = json.loads(townlet("run", *HAMLET, "--days", "0.25", "--json").out)
        assert found["ticks"] == 250


class TestStub:
    def test_nobody_can_overlook_it(self, townlet):
        done = townlet("run", *HAMLET, "--ticks", "50", "--backend", "pytorch", "--disable-backend", "pytorch")
        assert done.code == 0
        assert done.err.count("every agent just waits: policy backend 'pytorch' cannot run") == 2, "at start and end"
        assert "the stub instead of pytorch" in done.out

    def test_json_says_so_too(self, townlet):
        words = ("run", *HAMLET, "--ticks", "50", "--backend", "pytorch", "--disable-backend", "pytorch", "--json")
        found = json.loads(townlet(*words).out)
        assert (found["policy"]["requested"], found["policy"]["active"]) == ("pytorch", "stub")
        assert "--disable-backend" in found["policy"]["reason"]
        assert len(found["warnings"]) == 1

    def test_the_recording_says_so(self, townlet):
        words = ("--backend", "pytorch", "--disable-backend", "pytorch", "--record", "rec")
        townlet("run", *HAMLET, "--ticks", "50", *words)
        assert open_dataset("rec").manifest.policy["active"] == "stub"

    def test_on_missing_error_stops(self, townlet):
        words = ("--set", "policy.on_missing=error", "--backend", "pytorch", "--disable-backend", "pytorch")
        assert townlet("run", *HAMLET, "--ticks", "50", *words).code == 3

    def test_asked_for_by_name_it_is_no_accident(self, townlet):
        done = townlet("run", *HAMLET, "--ticks", "50", "--backend", "stub")
        assert (done.code, done.err) == (0, "")


class TestRefusals:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("--ticks", "5", "--days", "1"), "--ticks or --days"),
            (("--resume", "x", "--seed", "1"), "keeps its own config"),
            (("--snapshots", "x"), "give both"),
            (("--possess", "alice", "--json"), "give one of them"),
            (("--possess", "zoe"), "no agent in this town is called 'zoe'"),
            (("--backend", "scriptd"), "did you mean 'scripted'"),
            (("--backend", "mixture:a"), "needs two policies and a ratio"),
            (("--ticks", "0"), "range"),
        ],
    )
    def test_what_was_typed(self, townlet, words, message):
        done = townlet("run", *(() if "--resume" in words else HAMLET), *words)
        assert done.code == 2
        assert message in done.err
        assert done.out == ""

    def test_nothing_is_overwritten(self, townlet, tmp_path):
        (tmp_path / "rec").mkdir()
        (tmp_path / "rec" / "file").touch()
        done = townlet("run", *HAMLET, "--ticks", "5", "--record", "rec")
        assert done.code == 4
        assert "nothing is overwritten" in done.err

    def test_no_snapshot(self, townlet):
        done = townlet("run", "--resume", "nowhere")
        assert done.code == 4
        assert "no snapshot here" in done.err


class TestRecording:
    def test_what_is_recorded_is_what_happened(self, townlet):
        found = json.loads(townlet("run", *HAMLET, "--ticks", "300", "--record", "rec", "--json").out)
        dataset = open_dataset("rec")
        origin = dataset.manifest
        assert origin.seeds == (0,)
        assert origin.agent_names == ("alice", "bob", "carol", "dave")
        assert origin.policy["fingerprint"] == found["policy"]["fingerprint"]
        arrays = arrays_of("rec")
        assert arrays["actions"].shape == (300, 4)
        assert found["recorded"] == "rec"
        mean = arrays["rewards"][arrays["active"]].mean() * 1000
        assert mean == pytest.approx(found["kpis"]["reward"], rel=1e-3)

    def test_it_is_entered_in_the_registry(self, townlet):
        found = json.loads(townlet("run", *HAMLET, "--ticks", "30", "--record", "rec", "--json").out)
        with Registry("runs", create=False) as registry:
            (run,) = registry.runs()
            (dataset,) = registry.datasets()
        assert (run.id, run.kind, run.status) == (found["run_id"], "run", "done")
        assert run.summary["ticks"] == 30
        assert dataset.run == run.id

    def test_unless_that_is_not_wanted(self, townlet, tmp_path):
        townlet("run", *HAMLET, "--ticks", "30", "--record", "rec", "--no-registry")
        assert [path.name for path in tmp_path.iterdir()] == ["rec"]


class TestResume:
    def test_how_to_go_on_can_be_typed_as_it_stands(self, townlet, tmp_path):
        done = townlet(
            "run", *HAMLET, "--ticks", "4", "--snapshot-every", "4", "--snapshots", str(tmp_path / "my snaps")
        )
        (line,) = [line for line in done.out.splitlines() if line.startswith("resume with:")]
        _, *words = shlex.split(line.removeprefix("resume with:"))
        assert townlet(*words, "--ticks", "2").code == 0

    def test_resumed_equals_uninterrupted(self, townlet):
        whole = json.loads(townlet("run", *HAMLET, "--ticks", "1500", "--record", "whole", "--json").out)
        words = ("--snapshot-every", "350", "--snapshots", "snaps", "--ticks", "700", "--record", "first")
        first = json.loads(townlet("run", *HAMLET, *words, "--json").out)
        assert [Path(path).name for path in first["snapshots"]] == ["tick-000000350", "tick-000000700"]
        rest = json.loads(townlet("run", "--resume", "snaps", "--ticks", "800", "--record", "rest", "--json").out)
        assert (rest["first_tick"], rest["ticks"]) == (700, 800)
        for key in ("kpis", "days", "agents"):
            assert rest[key] == whole[key], key
        one, two, three = arrays_of("whole"), arrays_of("first"), arrays_of("rest")
        for name in one:
            np.testing.assert_array_equal(one[name], np.concatenate([two[name], three[name]]), err_msg=name)
        assert open_dataset("rest").manifest.segments[0].first_tick == 700

    def test_a_mixture_resumes_with_its_random_state(self, townlet):
        words = ("--backend", "mixture:scripted,stub,0.4")
        whole = json.loads(townlet("run", *HAMLET, *words, "--ticks", "400", "--json").out)
        townlet("run", *HAMLET, *words, "--ticks", "150", "--snapshot-every", "150", "--snapshots", "snaps")
        rest = json.loads(townlet("run", "--resume", "snaps/tick-000000150", "--ticks", "250", "--json").out)
        assert rest["kpis"] == whole["kpis"]
        assert whole["policy"]["ratio"] == 0.4


class TestInterrupt:
    @pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
    def test_ctrl_c_keeps_what_was_recorded(self, tmp_path):
        words = ("run", *HAMLET, "--ticks", "2000000", "--record", "rec", "--snapshot-every", "1000000000", "--json")
        process = subprocess.Popen(
            [sys.executable, "-m", "townlet", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            deadline = time.monotonic() + 240
            while not list(tmp_path.glob(".rec.*.partial")) and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(1.0)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
        found = json.loads(out)
        assert process.returncode == 130, err
        assert found["interrupted"] is True
        assert len(arrays_of("rec")["actions"]) == found["ticks"] > 0
        assert open_dataset("rec").manifest.interruption
        assert len(found["snapshots"]) == 1, "the way to go on"


class TestPossess:
    def test_keys_become_actions(self, townlet, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.StringIO("....mm??f"))
        done = townlet("run", *HAMLET, "--possess", "bob", "--ticks", "500", "--record", "rec")
        assert done.code == 130, "the input ended, and the run with it"
        assert "you are bob" in done.err
        assert "bob possessed" in done.out
        actions = arrays_of("rec")["actions"][:, 1]
        assert actions[:4].tolist() == [0, 0, 0, 0]
        assert len(actions) == 4 + 2 + 50 + 1
        assert open_dataset("rec").manifest.policy["possessed"] == ["bob"]

    def test_its_own_mind_does_what_it_would_have_done(self, townlet, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.StringIO("m" * 60))
        townlet("run", *HAMLET, "--possess", "bob", "--ticks", "60", "--record", "led")
        townlet("run", *HAMLET, "--ticks", "60", "--record", "free")
        np.testing.assert_array_equal(arrays_of("led")["actions"], arrays_of("free")["actions"])

    def test_walking_moves(self, townlet, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.StringIO("wasdwasd" * 3 + "q"))
        townlet("run", *HAMLET, "--possess", "alice", "--ticks", "500", "--record", "rec")
        assert set(arrays_of("rec")["actions"][:-1, 0]) <= {1, 2, 3, 4}


class TestLive:
    def test_without_a_terminal_there_is_one_picture(self, townlet):
        done = townlet("run", *HAMLET, "--ticks", "20", "--live")
        assert done.code == 0
        assert "no terminal to draw in" in done.err
        assert done.err.count("############") == 2, "the top and the bottom wall, once"
        assert "\x1b" not in done.err


@pytest.mark.slow
def test_the_scripted_town_lives_thirty_days(townlet):
    found = json.loads(townlet("run", "--days", "30", "--json").out)
    assert len(found["days"]) == 30
    late = [day for day in found["days"] if day["day"] >= 20]
    assert np.mean([day["self_sufficiency"] for day in late]) > 0.8, "the last days are like the first"
    for day in found["days"]:
        assert 2.0 < day["finished_table"] < 5.0, day["day"]
        assert 1.0 < day["finished_shower"] < 4.0, day["day"]
        assert 10 < day["wages"] < 30, day["day"]
    assert found["kpis"]["starvations"] < 0.05
