"""The example backend that thinks in words: its own tests, as whoever copies it runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("httpx")
pytest.importorskip("jinja2")

EXAMPLE = Path(__file__).resolve().parents[2] / "docs/examples/townlet-backend-llm"


@pytest.mark.slow
def test_the_example_passes_its_own_tests() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "tests"]
    done = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
