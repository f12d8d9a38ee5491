"""The page's scripts by themselves, where node is there: their own tests, and the linter's rules."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from townlet.viewer.bundle import join_modules
from townlet.viewer.columns import pack

HERE = Path(__file__).resolve().parent
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_the_scripts_pass_their_own_tests() -> None:
    columns = {
        "bytes": np.array([[1, 255], [0, 3]], np.uint8),
        "small": np.array([[-1], [-128], [127]], np.int8),
        "short": np.array([[-1], [-32768], [32767]], np.int16),
        "long": np.array([[-(2**31), 5, 2**31 - 1], [7, 8, 9]], np.int32),
        "real": np.array([[0.5, -2.0], [1e20, 0.25]], np.float32),
        "none": np.zeros((0, 3), np.uint16),
    }
    packed = base64.b64encode(pack(columns, {"said": "\u202e</script>"})).decode()
    expected = {name: column.reshape(-1).tolist() for name, column in columns.items()}
    environment = {**os.environ, "PACKED": json.dumps({"packed": packed, "expected": expected})}
    found = subprocess.run(
        [str(NODE), "--test", str(HERE / "page" / "page.test.mjs")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
    )
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_the_joined_script_is_one_valid_module(tmp_path: Path) -> None:
    joined = tmp_path / "joined.mjs"
    joined.write_text(join_modules("main.js"), encoding="utf-8")
    found = subprocess.run([str(NODE), "--check", str(joined)], capture_output=True, text=True, check=False, timeout=60)
    assert found.returncode == 0, found.stderr
