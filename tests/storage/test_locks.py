"""Locks that name their holder and outlive nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from townlet.errors import UsageError
from townlet.storage import HeldLock, holder_of

HOLDER = """
import sys, time
from pathlib import Path
from townlet.errors import UsageError
from townlet.storage import HeldLock
lock = HeldLock(Path(sys.argv[1]), "this run is being trained", error=UsageError)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path):
    """Another process that holds ``tmp_path / "lock"``."""
    child = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "lock")], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def test_a_second_taker_is_told_who_holds_it(tmp_path: Path, other) -> None:
    with pytest.raises(UsageError, match=f"this run is being trained by process {other.pid}") as refused:
        HeldLock(tmp_path / "lock", "this run is being trained", where=tmp_path, error=UsageError)
    assert "end that process first" in str(refused.value)
    holder = holder_of(tmp_path / "lock")
    assert holder is not None
    assert holder.pid == other.pid


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_holder_that_is_killed_leaves_it_free(tmp_path: Path, other) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert holder_of(tmp_path / "lock") is None
    HeldLock(tmp_path / "lock", "this run is being trained", error=UsageError).release()
    assert not (tmp_path / "lock").exists()


def test_it_can_be_taken_again_and_again(tmp_path: Path) -> None:
    for _ in range(3):
        lock = HeldLock(tmp_path / "lock", "this", error=UsageError)
        held = holder_of(tmp_path / "lock")
        assert held is not None
        assert held.pid == os.getpid()
        lock.release()
        lock.release()
        assert holder_of(tmp_path / "lock") is None


def test_who_only_looks_is_waited_for(tmp_path: Path, monkeypatch) -> None:
    from townlet.storage import locks

    looked: list[int] = []
    opened = locks._opened_locked

    def busy_at_first(path: Path):
        looked.append(1)
        return None if len(looked) < 3 else opened(path)

    monkeypatch.setattr(locks, "_opened_locked", busy_at_first)
    HeldLock(tmp_path / "lock", "this", error=UsageError).release()
    assert len(looked) == 3


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}', "\xff"])
def test_a_lock_that_cannot_be_read_still_locks(tmp_path: Path, text: str) -> None:
    lock = HeldLock(tmp_path / "lock", "this is being written", error=UsageError)
    (tmp_path / "lock").write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match="this is being written by another process"):
        HeldLock(tmp_path / "lock", "this is being written", error=UsageError)
    lock.release()


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write here"):
        HeldLock(tmp_path / "nowhere" / "lock", "this", error=UsageError)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a file's size")
def test_on_a_full_disk_a_lock_without_a_name_is_held_and_given_up(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from townlet.errors import UsageError
from townlet.storage import HeldLock, holder_of
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
lock = HeldLock(Path(sys.argv[1]), "this is being written", error=UsageError)
assert holder_of(lock.path) is not None
lock.release()
"""
    place = tmp_path / "lock"
    done = subprocess.run([sys.executable, "-c", code, place], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not place.exists()
