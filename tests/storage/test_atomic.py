"""Folders and small files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

import pytest

from townlet.errors import DatasetError
from townlet.storage import PartialFolder, find_partials, numbered_folder, write_bytes_atomic


@pytest.fixture
def target(tmp_path):
    return tmp_path / "deep" / "town"


def test_a_folder_appears_when_it_is_committed(target):
    folder = PartialFolder(target, error=DatasetError)
    (folder.path / "a").write_text("x")
    assert not target.exists()
    assert folder.commit() == target
    assert [p.name for p in target.iterdir()] == ["a"]
    assert [p.name for p in target.parent.iterdir()] == ["town"]


def test_an_abandoned_one_leaves_nothing(target):
    folder = PartialFolder(target, error=DatasetError)
    (folder.path / "a").write_text("x")
    folder.abandon()
    assert list(target.parent.iterdir()) == []


def test_as_a_context(target):
    with PartialFolder(target, error=DatasetError) as folder:
        (folder.path / "a").write_text("x")
    assert (target / "a").exists()


def test_as_a_context_that_fails(target):
    with pytest.raises(RuntimeError), PartialFolder(target, error=DatasetError):
        raise RuntimeError
    assert list(target.parent.iterdir()) == []


def test_an_empty_folder_may_be_filled(target):
    target.mkdir(parents=True)
    with PartialFolder(target, error=DatasetError) as folder:
        (folder.path / "a").write_text("x")
    assert (target / "a").exists()


@pytest.mark.parametrize("kind", ["file", "full folder", "link"])
def test_what_is_there_stays(target, kind):
    target.parent.mkdir()
    if kind == "file":
        target.write_text("x")
    elif kind == "link":
        target.symlink_to(target.parent)
    else:
        target.mkdir()
        (target / "mine").write_text("x")
    with pytest.raises(DatasetError, match="nothing is overwritten"):
        PartialFolder(target, error=DatasetError)


def test_the_name_is_taken_at_the_beginning_and_its_taker_named(target):
    first = PartialFolder(target, error=DatasetError)
    with pytest.raises(DatasetError, match=f"this is being written by process {os.getpid()}"):
        PartialFolder(target, error=DatasetError)
    (first.path / "who").write_text("first")
    first.commit()
    assert (target / "who").read_text() == "first"
    assert [p.name for p in target.parent.iterdir()] == ["town"], "the lock goes with its holder"


def test_a_name_that_was_given_up_is_free(target):
    PartialFolder(target, error=DatasetError).abandon()
    PartialFolder(target, error=DatasetError).commit()
    assert target.is_dir()


def test_what_was_written_is_never_thrown_away_for_want_of_its_name(target):
    """Somebody without our lock, such as ``cp -r``, took the name meanwhile."""
    for number in (2, 3):
        folder = PartialFolder(target, error=DatasetError)
        (folder.path / "hours").write_text("of work")
        target.mkdir()
        (target / "other").write_text("")
        with pytest.raises(DatasetError, match=f"is whole and lies in .*town-{number}"):
            folder.commit()
        assert (target.with_name(f"town-{number}") / "hours").read_text() == "of work"
        shutil.rmtree(target)
    assert not find_partials(target.parent)


def test_a_rename_that_fails_keeps_what_was_written(target, monkeypatch):
    folder = PartialFolder(target, error=DatasetError)
    (folder.path / "hours").write_text("of work")

    def fails(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(type(folder.path), "rename", fails)
    with pytest.raises(DatasetError, match="Input/output error") as refused:
        folder.commit()
    assert str(folder.path) in str(refused.value)
    assert (folder.path / "hours").exists()


class TestNumbered:
    def test_the_next_number_and_nothing_left_where_nothing_was_written(self, tmp_path):
        (tmp_path / "runs" / "rollout-007").mkdir(parents=True)
        (tmp_path / "runs" / "rollout-other").mkdir()
        with numbered_folder(tmp_path / "runs", "rollout", error=DatasetError) as folder:
            assert folder.name == "rollout-008"
            with numbered_folder(tmp_path / "runs", "rollout", error=DatasetError) as other:
                assert other.name == "rollout-009", "two at once are given two names"
        assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["rollout-007", "rollout-other"]

    def test_it_gives_way_to_what_is_written(self, tmp_path):
        with (
            numbered_folder(tmp_path / "runs", "run", error=DatasetError) as target,
            PartialFolder(target, error=DatasetError) as folder,
        ):
            (folder.path / "a").write_text("x")
        assert (tmp_path / "runs" / "run-001" / "a").exists()

    def test_where_nothing_can_be_made(self, tmp_path):
        (tmp_path / "file").write_text("")
        with (
            pytest.raises(DatasetError, match="cannot write here"),
            numbered_folder(tmp_path / "file", "run", error=DatasetError),
        ):
            pass


@pytest.mark.parametrize("name", ["", "..", "a/.."])
def test_no_name(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    with pytest.raises(DatasetError):
        PartialFolder(Path(name), error=DatasetError)


def test_a_parent_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="cannot write here"):
        PartialFolder(tmp_path / "file" / "town", error=DatasetError)


class TestPartials:
    def test_a_running_one_is_alive(self, target):
        folder = PartialFolder(target, error=DatasetError)
        found = find_partials(target.parent)
        assert [(p.path, p.target, p.alive) for p in found] == [(folder.path, "town", True)]
        folder.abandon()

    def test_of_one_target(self, target):
        folder = PartialFolder(target, error=DatasetError)
        assert len(find_partials(target.parent, "town")) == 1
        assert find_partials(target.parent, "village") == ()
        folder.abandon()

    def test_a_killed_one_is_not(self, target):
        script = (
            "import sys, time; from pathlib import Path; from townlet.storage import PartialFolder;"
            "from townlet.errors import DatasetError;"
            "folder = PartialFolder(Path(sys.argv[1]), error=DatasetError); print('ready', flush=True); time.sleep(60)"
        )
        child = subprocess.Popen([sys.executable, "-c", script, str(target)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        assert [p.alive for p in find_partials(target.parent)] == [True]
        child.kill()
        child.wait()
        child.stdout.close()
        deadline = time.monotonic() + 5
        while find_partials(target.parent)[0].alive and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [p.alive for p in find_partials(target.parent)] == [False]


class TestSmallFiles:
    def test_old_or_new(self, tmp_path):
        path = tmp_path / "best"
        for content in (b"one", b"two"):
            write_bytes_atomic(path, content)
            assert path.read_bytes() == content
        assert [p.name for p in tmp_path.iterdir()] == ["best"]

    def test_a_failure_keeps_the_old(self, tmp_path, monkeypatch):
        path = tmp_path / "best"
        write_bytes_atomic(path, b"one")

        def fails(_handle):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("townlet.storage.atomic.os.fsync", fails)
        with pytest.raises(OSError, match="No space"):
            write_bytes_atomic(path, b"two")
        assert path.read_bytes() == b"one"
        assert [p.name for p in tmp_path.iterdir()] == ["best"]
