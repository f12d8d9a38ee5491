"""Processes that trials run in: they end with the study, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="asks for processes as POSIX knows them"),
]

STUDY = """
import os, sys, time
from townlet.config.execution import ExecutionConfig
from townlet.tuning.trials import job_map

def pid(_):
    time.sleep(0.2)
    return os.getpid()

if __name__ == "__main__":
    with job_map(ExecutionConfig(workers=2)) as jobs:
        print(*set(jobs(pid, range(4))), flush=True)
        time.sleep(600)
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_study_leaves_no_worker_behind(tmp_path):
    script = tmp_path / "study.py"
    script.write_text(STUDY)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as study:
        assert study.stdout is not None
        workers = [int(word) for word in study.stdout.readline().split()]
        assert workers
        assert all(map(alive, workers))
        study.send_signal(signal.SIGKILL)
        study.wait()
    until = time.monotonic() + 30
    while any(map(alive, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not [pid for pid in workers if alive(pid)]
