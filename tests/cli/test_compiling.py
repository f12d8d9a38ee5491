"""The first start says that it compiles; the second has nothing to say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_first_start_says_that_it_compiles_and_the_second_does_not(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "townlet", "run", "--ticks", "2", "--set", "town.map=hamlet", "--no-registry"]
    starts = [
        subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert "compiling the rules of the town" in starts[0].stderr
    assert "compiling" not in starts[1].stderr


@pytest.mark.slow
def test_a_misspelt_backend_does_not_wait_for_it(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "townlet", "run", "--ticks", "2", "--backend", "scriptd"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "compiling" not in done.stderr
