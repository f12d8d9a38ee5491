"""The compile cache: fast when nothing changed, never stale when something did."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import townlet
from townlet.world.compiled import packages_of, source_digest

CALLEE = "from townlet.world.compiled import compiled\n@compiled\ndef callee(x):\n    return x + {number}\n"
CALLER = (
    "from townlet.world.compiled import compiled\nfrom townlet.world.probe_callee import callee\n"
    "@compiled\ndef caller(x):\n    return callee(x) * 10\n"
)
SCRIPT = """
from townlet.world.compiled import compile_pending
from townlet.world.probe_caller import caller
pending = compile_pending(caller)
print(caller(1), pending, sum(caller.stats.cache_hits.values()))
"""


@pytest.fixture
def copy(tmp_path):
    """A copy of the package with two compiled functions of its own, one calling the other in another file."""
    package = tmp_path / "townlet"
    shutil.copytree(Path(townlet.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "world" / "probe_callee.py").write_text(CALLEE.format(number=1))
    (package / "world" / "probe_caller.py").write_text(CALLER)
    return package


def run(package):
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "NUMBA_DISABLE_JIT": "0"}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    result, pending, hits = done.stdout.split()
    return int(result), pending == "True", int(hits)


def test_an_edited_callee_in_another_file_is_noticed(copy):
    assert run(copy) == (20, True, 0)
    assert run(copy) == (20, False, 1)  # from the disk
    callee = copy / "world" / "probe_callee.py"
    before = callee.stat()
    callee.write_text(CALLEE.format(number=2))
    os.utime(callee, ns=(before.st_atime_ns, before.st_mtime_ns))  # same size, same time: only the text differs
    assert run(copy) == (30, True, 0)
    assert run(copy) == (30, False, 1)


CLASS = """
from collections import namedtuple
{name} = namedtuple("{name}", "a")
{name}.__module__ = __name__
"""
TAKER = (
    "from townlet.world.compiled import compiled\n"
    "@compiled\ndef callee(pair):\n    return pair.a + 1\n"
    "@compiled\ndef caller(x):\n    return x + 1\n"
)
TAKES = """
from townlet.world.probe_caller import callee
from townlet.world import probe_class
print(callee(probe_class.{name}(1)), False, sum(callee.stats.cache_hits.values()))
"""


def test_an_index_that_names_a_class_that_is_gone_is_out_of_date(copy, monkeypatch):
    """As after an upgrade that renamed it: the index on the disk is read before its stamp can be looked at."""
    (copy / "world" / "probe_caller.py").write_text(TAKER)
    for name in ("Before", "After"):
        (copy / "world" / "probe_class.py").write_text(CLASS.format(name=name))
        monkeypatch.setitem(globals(), "SCRIPT", TAKES.format(name=name))
        assert run(copy) == (2, False, 0), name
    assert run(copy) == (2, False, 1)


def test_machine_code_of_another_numba_is_left_alone(copy):
    """Environments with different numbas share the sources of an editable install, at the same time."""
    run(copy)
    files = list((copy / "world" / "__pycache__").glob("probe_caller*.nb?"))
    assert len(files) == 2
    assert all(f"-{numba.__version__}." in file.name for file in files)


def test_a_folder_that_cannot_be_written_only_costs_time(copy):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (copy / "world").chmod(0o555)
    assert run(copy)[0] == 20


def test_each_room_depends_on_the_rooms_below_it():
    assert packages_of("townlet.world.tick") == ("townlet.rng", "townlet.world")
    assert packages_of("townlet.rewards.parts") == ("townlet.rng", "townlet.world", "townlet.rewards")
    assert set(packages_of("tests.anything")) > set(packages_of("townlet.envs.engine")) - {"townlet.envs"}
    assert source_digest(("townlet.rng",)) != source_digest(("townlet.rng", "townlet.world"))
