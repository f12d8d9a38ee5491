"""The start-up budgets hold; a noisy machine gets three tries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "startup" / "startup.py"


@pytest.mark.slow
def test_startup_budgets() -> None:
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, str(BENCHMARK), "--check", "--rounds", "7"], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return
    pytest.fail(done.stdout + done.stderr)
