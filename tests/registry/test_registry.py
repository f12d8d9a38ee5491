"""The registry: keeps what it is told, whoever else writes at the same time."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import pytest

from townlet.errors import RegistryError
from townlet.registry import SCHEMA_VERSION, Registry, find_leftovers, logged_run, remove_leftovers
from townlet.registry.schema import MIGRATIONS
from townlet.storage import PartialFolder

RUN = {"config_id": "tiny-01", "config_digest": "c" * 64, "policy": {"active": "scripted"}}


class TestRuns:
    def test_from_begin_to_end(self, registry, runs):
        name = registry.begin_run("rollout", folder=runs / "a", **RUN)
        begun = registry.run(name)
        assert (begun.status, begun.finished, begun.folder) == ("running", None, "a")
        registry.finish_run(name, "done", {"ticks": 5, "reward": float("nan")})
        ended = registry.run(name)
        assert ended.status == "done"
        assert ended.finished is not None
        assert ended.finished >= ended.started
        assert ended.summary == {"ticks": 5, "reward": None}
        assert ended.policy == {"active": "scripted"}

    def test_newest_first_and_by_kind(self, registry):
        names = [registry.begin_run(kind, **RUN) for kind in ("run", "rollout", "run")]
        assert [run.id for run in registry.runs()] == names[::-1]
        assert [run.id for run in registry.runs(kind="run")] == [names[2], names[0]]
        assert [run.id for run in registry.runs(limit=1)] == [names[2]]

    def test_found_by_the_beginning_of_its_name(self, registry):
        registry.begin_run("run", run_id="alpha-1", **RUN)
        registry.begin_run("run", run_id="beta-1", **RUN)
        assert registry.run("al").id == "alpha-1"

    def test_an_ambiguous_beginning(self, registry):
        for name in ("alpha", "alpha-2", "alpha-3"):
            registry.begin_run("run", run_id=name, **RUN)
        assert registry.run("alpha").id == "alpha"
        with pytest.raises(RegistryError, match="several runs begin with 'alpha-'") as caught:
            registry.run("alpha-")
        assert "alpha-2, alpha-3" in str(caught.value)

    @pytest.mark.parametrize("name", ["nothing", "", "%"])
    def test_an_unknown_one(self, registry, name):
        registry.begin_run("run", **RUN)
        with pytest.raises(RegistryError, match="there is no run"):
            registry.run(name)

    def test_a_name_is_used_once(self, registry):
        registry.begin_run("run", run_id="a", **RUN)
        with pytest.raises(RegistryError, match="there is a run 'a' already"):
            registry.begin_run("run", run_id="a", **RUN)

    def test_a_status_that_is_none(self, registry):
        name = registry.begin_run("run", **RUN)
        with pytest.raises(RegistryError, match="CHECK constraint"):
            registry.finish_run(name, "asleep")
        assert registry.run(name).status == "running"


class TestCheckpointsAndEvaluations:
    def test_a_checkpoint(self, registry, save):
        checkpoint = save("step-1")
        run = registry.begin_run("train", **RUN)
        found = registry.add_checkpoint(checkpoint, run)
        assert (found.digest, found.path, found.run, found.backend) == (checkpoint.digest, "step-1", run, "pytorch")
        assert registry.checkpoints(run=run) == [found]
        assert registry.checkpoints(run="other") == []

    def test_entering_it_again_follows_it_to_its_new_place(self, registry, save, runs):
        from townlet.checkpoints import read_checkpoint

        checkpoint = save("step-1")
        registry.add_checkpoint(checkpoint)
        checkpoint.path.rename(runs / "elsewhere")
        registry.add_checkpoint(read_checkpoint(runs / "elsewhere"))
        assert [c.path for c in registry.checkpoints()] == ["elsewhere"]

    def test_an_evaluation(self, registry, save):
        checkpoint = save("step-1")
        found = registry.add_evaluation(
            "pytorch:step-1", metrics={"reward": 0.5}, settings={"seeds": [1, 2]}, checkpoint=checkpoint, by="alice"
        )
        assert registry.evaluations(checkpoint=checkpoint.digest) == [found]
        assert (found.passed, found.by, found.settings) == (None, "alice", {"seeds": [1, 2]})
        assert registry.evaluations(checkpoint="f" * 64) == []

    def test_a_run_that_does_not_exist(self, registry, save):
        with pytest.raises(RegistryError, match="FOREIGN KEY"):
            registry.add_checkpoint(save("step-1"), run="nowhere")
        assert registry.checkpoints() == []

    def test_what_json_cannot_say(self, registry):
        with pytest.raises(RegistryError, match="cannot store"):
            registry.begin_run("run", **{**RUN, "policy": {"active": object()}})
        assert registry.runs() == []


def test_paths_move_with_the_folder(registry, runs, tmp_path, save):
    checkpoint = save("step-1")
    registry.add_checkpoint(checkpoint)
    registry.close()
    runs.rename(tmp_path / "moved")
    with Registry(tmp_path / "moved", create=False) as again:
        assert (again.real_path(again.checkpoint(checkpoint.digest).path) / "weights").read_text() == "step-1"


class TestFile:
    def test_missing(self, tmp_path):
        with pytest.raises(RegistryError, match="there is no registry here"):
            Registry(tmp_path / "runs", create=False)
        assert not (tmp_path / "runs").exists()

    def test_no_database(self, runs):
        runs.mkdir()
        (runs / "registry.sqlite").write_bytes(b"nonsense" * 1000)
        with pytest.raises(RegistryError, match="not a database"):
            Registry(runs)

    def test_somebody_elses_database(self, runs):
        runs.mkdir()
        connection = sqlite3.connect(runs / "registry.sqlite")
        connection.execute("CREATE TABLE songs (name TEXT)")
        connection.close()
        with pytest.raises(RegistryError, match="is not a registry"):
            Registry(runs)

    def test_a_newer_schema(self, registry, runs):
        registry.database.rows("PRAGMA user_version = 99")
        registry.close()
        with pytest.raises(RegistryError, match=f"schema version 99; this Townlet knows {SCHEMA_VERSION}"):
            Registry(runs)

    def test_a_folder_that_cannot_be_made(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(RegistryError, match="cannot be opened"):
            Registry(tmp_path / "file" / "runs")

    def test_write_ahead_log(self, registry):
        assert registry.database.rows("PRAGMA journal_mode")[0][0] == "wal"


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_an_older_schema_is_migrated_and_keeps_its_rows(runs, version):
    runs.mkdir()
    connection = sqlite3.connect(runs / "registry.sqlite")
    for script in MIGRATIONS[:version]:
        connection.executescript(script)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute("INSERT INTO runs VALUES ('old', 'run', 't', NULL, 'done', 'c', 'd', '{}', NULL, '{}')")
    connection.commit()
    connection.close()
    with Registry(runs) as registry:
        assert registry.run("old").status == "done"
        assert registry.database.rows("PRAGMA user_version")[0][0] == SCHEMA_VERSION
        assert registry.database.rows("SELECT count(*) FROM promotions")[0][0] == 0


WRITER = """
import sys
from townlet.registry import Registry
who, count = sys.argv[2], int(sys.argv[3])
for start in range(0, count, 10):
    with Registry(sys.argv[1]) as registry:
        for number in range(start, start + 10):
            name = registry.begin_run("run", run_id=f"{who}-{number}", config_id="c", config_digest="d", policy={})
            registry.add_evaluation(who, metrics={"number": number}, run=name)
            registry.finish_run(name)
"""


def test_processes_that_write_at_once_lose_nothing(runs):
    count = 40
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(runs), who, str(count)], stderr=subprocess.PIPE, text=True)
        for who in ("alice", "bob", "carol")
    ]
    for writer in writers:
        _, problems = writer.communicate(timeout=120)
        assert writer.returncode == 0, problems
    with Registry(runs, create=False) as registry:
        found = registry.runs(limit=10_000)
        assert {run.id for run in found} == {f"{who}-{n}" for who in ("alice", "bob", "carol") for n in range(count)}
        assert all(run.status == "done" for run in found)
        assert len(registry.evaluations()) == 3 * count


def test_a_failed_transaction_leaves_nothing(registry):
    def fails() -> None:
        with registry.database.writing():
            registry.database.write(
                "INSERT INTO runs VALUES ('x', 'run', 't', NULL, 'done', 'c', 'd', '{}', NULL, '{}')"
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert registry.runs() == []


class TestKilled:
    """A run whose process is gone without a word is told from one that still runs."""

    @pytest.fixture
    def config(self):
        from townlet.config import load_config

        return load_config()

    def test_while_it_runs_and_after_its_end(self, runs, config):
        with logged_run(runs, "run", config, {}, warn=print) as entry, Registry(runs) as registry:
            assert registry.run(entry.id).status == "running"
        with Registry(runs) as registry:
            assert registry.run(entry.id).status == "done"
        assert list((runs / ".running").iterdir()) == []

    def test_its_lock_without_a_holder_is_that_of_a_killed_one(self, runs, config):
        with logged_run(runs, "run", config, {}, warn=print) as entry, Registry(runs) as registry:
            entry._lock.release(keep=True)  # as the system does for a process that is gone
            assert registry.run(entry.id).status == "killed"
            assert [run.status for run in registry.runs()] == ["killed"]

    def test_one_that_was_entered_without_a_lock_is_running_as_far_as_anybody_knows(self, registry):
        name = registry.begin_run("mine", config_id="a", config_digest="c" * 64, policy={})
        assert registry.run(name).status == "running"


class TestLeftovers:
    def test_what_is_dead_is_found_and_what_lives_is_not(self, runs, registry):
        alive = PartialFolder(runs / "deep" / "alive", error=RegistryError)
        dead = PartialFolder(runs / "deep" / "dead", error=RegistryError)
        (dead.path / "some").write_text("bytes")
        dead.give_back()
        (runs / "deep" / ".gone.lock").write_text("{}")
        old = runs / ".best.0a0a0a0a.partial"
        old.write_text("x")
        assert [left.path.name for left in find_leftovers(runs)] == [dead.path.name, ".gone.lock"]
        os.utime(old, (0, 0))
        found = find_leftovers(runs)
        assert {left.path for left in found} == {dead.path, runs / "deep" / ".gone.lock", old}
        assert {left.target.name for left in found} == {"dead", "gone", "best"}
        remove_leftovers(found)
        assert find_leftovers(runs) == []
        alive.commit()
        assert (runs / "deep" / "alive").is_dir()

    def test_of_a_folder_that_is_not_there(self, tmp_path):
        assert find_leftovers(tmp_path / "nowhere") == []
        assert not (tmp_path / "nowhere").exists()
