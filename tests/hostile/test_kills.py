"""Commands killed at random moments, two hundred of them in minutes: nothing that was whole is lost, nothing is stuck.

``TOWNLET_HOSTILE_KILLS=5000`` asks for more; ``TOWNLET_HOSTILE_SEED`` for others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="forks processes that have threads"),
]

SCRIPT = Path(__file__).with_name("kill_script.txt").read_text(encoding="utf-8")
KILLS = int(os.environ.get("TOWNLET_HOSTILE_KILLS", "200"))
SEED = os.environ.get("TOWNLET_HOSTILE_SEED", "14")


def test_random_kills_leave_nothing_broken(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(KILLS), SEED],
        capture_output=True, text=True, cwd=tmp_path, check=False, timeout=max(900, 10 * KILLS),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["broken"] == []
    assert told["killed"] + told["finished"] == KILLS
    assert told["killed"] > KILLS // 3, told
    assert told["whole"] >= 2, told
    assert told["unfinished"] > 0, told
