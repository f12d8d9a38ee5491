"""SIGTERM and SIGHUP end the work as Ctrl-C does: what is done is kept."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from townlet.data import open_dataset
from townlet.registry import Registry
from townlet.rollout.interrupt import Interruptible
from townlet.signals import answered_as_ctrl_c, asks_to_end, held_back, stopping_signals

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

SIGNALS = list(stopping_signals())


def test_a_library_changes_no_handler_that_nobody_asked_it_to() -> None:
    assert [asks_to_end(each) for each in SIGNALS] == [each is signal.SIGINT for each in SIGNALS]
    with Interruptible():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("each", SIGNALS)
def test_each_raises_keyboard_interrupt_and_the_handlers_come_back(each: signal.Signals) -> None:
    before = [signal.getsignal(one) for one in SIGNALS]
    with pytest.raises(KeyboardInterrupt), answered_as_ctrl_c():
        signal.raise_signal(each)
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_what_is_ignored_stays_ignored_as_under_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with answered_as_ctrl_c():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("each", SIGNALS)
def test_between_ticks_the_first_is_noted_and_the_second_of_its_kind_raises(each: signal.Signals) -> None:
    with answered_as_ctrl_c(), Interruptible() as interrupt:
        signal.raise_signal(each)
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(each)


def test_one_of_each_is_not_twice() -> None:
    with answered_as_ctrl_c(), Interruptible() as interrupt:
        for each in SIGNALS:
            signal.raise_signal(each)
        assert interrupt.requested


@pytest.mark.parametrize("each", SIGNALS)
def test_while_a_file_gets_its_name_it_is_held_back(each: signal.Signals) -> None:
    done = []

    def rename() -> None:
        with held_back(), held_back():
            signal.raise_signal(each)
            done.append("renamed")
        done.append("never")

    with answered_as_ctrl_c(), pytest.raises(KeyboardInterrupt):
        rename()
    assert done == ["renamed"]


TOWN = ["--set", "town.map=hamlet"]
LONG = ["--ticks", "1000000"]
"""Longer than a test waits, and no larger than a disk: what is recorded is estimated before."""


@pytest.mark.slow
@pytest.mark.parametrize("each", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("ignored", [False, True], ids=["", "background"])
def test_a_recording_that_is_told_to_end_is_whole(tmp_path: Path, each: signal.Signals, ignored: bool) -> None:
    """As ``docker stop`` and a closed terminal do; also where a shell started it with ``&``, which ignores Ctrl-C."""
    words = [sys.executable, "-m", "townlet", "run", *TOWN, *LONG, "--record", "runs/long"]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if ignored else None
    try:
        child = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    finally:
        if ignored:
            signal.signal(signal.SIGINT, before)
    _wait_for(lambda: _running(tmp_path / "runs"), child)
    time.sleep(0.5)
    child.send_signal(each)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130, said.decode()
    dataset = open_dataset(tmp_path / "runs" / "long")
    dataset.verify()
    assert dataset.ticks > 0
    assert dataset.manifest.interruption == "stopped by a person"
    with Registry(tmp_path / "runs") as registry:
        (run,) = registry.runs()
    assert (run.status, run.summary["ticks"]) == ("interrupted", dataset.ticks)


@pytest.mark.slow
def test_a_recording_that_is_killed_is_shown_as_killed_and_had_back(tmp_path: Path) -> None:
    """The whole way of a person: killed, listed, recovered, listed again, cleaned."""
    runs = tmp_path / "runs"
    words = [sys.executable, "-m", "townlet", "rollout", "--worlds", "64", *TOWN, "--ticks", "30000"]
    child = subprocess.Popen(
        [*words, "--out", "runs/long"], cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    _wait_for(lambda: any(runs.glob(".long.*.partial/shard-00001*")), child)
    assert "running" in _townlet(tmp_path, "runs", "list")
    child.kill()
    child.wait()
    listed = _townlet(tmp_path, "runs", "list")
    assert "killed" in listed
    assert "townlet dataset recover" in listed
    assert "recoverable ticks" in _townlet(tmp_path, "runs", "clean", "--yes"), "it is not thrown away"
    recovered = json.loads(_townlet(tmp_path, "dataset", "recover", "runs/long", "--json"))
    assert recovered["ticks"] > 0
    _townlet(tmp_path, "dataset", "verify", "runs/long")
    (run,) = json.loads(_townlet(tmp_path, "runs", "list", "--json"))["runs"]
    assert run["status"] == "killed"
    shown = json.loads(_townlet(tmp_path, "runs", "show", run["id"], "--json"))
    assert [each["digest"] for each in shown["datasets"]] == [recovered["digest"]]
    assert "left nothing behind" in _townlet(tmp_path, "runs", "clean")


def _townlet(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "townlet", *words], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _running(runs: Path) -> bool:
    return any(runs.glob(".long.*.partial")) and any((runs / ".running").glob("*.lock"))


def _wait_for(condition, child: subprocess.Popen[bytes], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert child.poll() is None, "it ended before it was told to"
        assert time.monotonic() < deadline
        time.sleep(0.02)
