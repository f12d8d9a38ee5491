"""Folders and small files that appear whole or not at all."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from townlet.errors import DatasetError
from townlet.storage import PartialFolder, find_partials, write_bytes_atomic


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


def test_whoever_is_first_wins(target):
    slow, quick = (PartialFolder(target, error=DatasetError) for _ in range(2))
    for number, folder in enumerate((slow, quick)):
        (folder.path / "who").write_text(str(number))
    quick.commit()
    with pytest.raises(DatasetError, match="nothing is overwritten"):
        slow.commit()
    assert (target / "who").read_text() == "1"
    assert [p.name for p in target.parent.iterdir()] == ["town"]


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
