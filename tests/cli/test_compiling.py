"""The first start says that it compiles; the second has nothing to say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from townlet.cli.compiling import say_that_it_compiles
from townlet.world.compiled import compiled, jit_enabled


@pytest.mark.skipif(not jit_enabled(), reason="nothing is compiled")
def test_rules_that_cannot_be_kept_are_not_said_to_compile_once(monkeypatch, capsys) -> None:
    """As where neither the package's folder nor the user's own can be written: Numba finds no place."""

    def no_place(function: object) -> None:
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr("townlet.world.compiled._StampedCache.__init__", lambda self, function: no_place(function))
    rule = compiled(lambda x: x + 1)
    monkeypatch.setattr("townlet.cli.compiling.ENTRY_POINTS", (rule,))
    say_that_it_compiles()
    told = " ".join(capsys.readouterr().err.split())
    assert "at every start" in told
    assert "set NUMBA_CACHE_DIR" in told
    assert "once" not in told


@pytest.mark.slow
def test_the_first_start_says_that_it_compiles_and_the_second_does_not(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "townlet", "run", "--ticks", "2", "--set", "town.map=hamlet", "--no-registry"]
    starts = [
        subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert "compiling the town's rules" in starts[0].stderr
    assert "compiling" not in starts[1].stderr


@pytest.mark.slow
def test_a_misspelt_backend_does_not_wait_for_it(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "townlet", "run", "--ticks", "2", "--backend", "scriptd"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "compiling" not in done.stderr
