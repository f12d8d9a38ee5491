"""What tests of several rooms share: the marker ``torch``, and wheels of the three distributions, built once."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, not whether the property holds.
settings.register_profile("townlet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("townlet")

# A shell's background job ignores Ctrl-C, and so would every command that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# So it is with the end of a session under nohup.
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

ROOT = Path(__file__).resolve().parent.parent
DISTRIBUTIONS = ("townlet-core", "townlet-backend-scripted", "townlet-backend-pytorch")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what is marked ``torch`` where PyTorch or its backend is not installed."""
    missing = [name for name in ("torch", "townlet_backend_pytorch") if importlib.util.find_spec(name) is None]
    if missing:
        skip = pytest.mark.skip(reason=f"needs {missing[0]}")
        for item in items:
            if item.get_closest_marker("torch") is not None:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def built_wheels(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The wheel of each distribution, by its name; built once even where tests run in several processes."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "built-wheels"
    done = shared / "done"
    try:
        shared.mkdir()
    except FileExistsError:
        _wait_for(done)
    else:
        try:
            for name in DISTRIBUTIONS:
                _build(ROOT / name, shared)
        finally:
            done.touch()
    return {name: _wheel(shared, name) for name in DISTRIBUTIONS}


def _build(project: Path, out: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(project)]
    subprocess.run(command, check=True, capture_output=True, text=True)


def _wait_for(file: Path, seconds: float = 300.0) -> None:
    limit = time.monotonic() + seconds
    while not file.exists():
        if time.monotonic() > limit:
            raise TimeoutError(f"another process did not build the wheels within {seconds:.0f} s")
        time.sleep(0.1)


def _wheel(folder: Path, name: str) -> Path:
    (found,) = folder.glob(f"{name.replace('-', '_')}-*.whl")
    return found
