"""Townlet runs where a machine is unlike ours: odd paths, another locale, no home, folders that cannot be written."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import townlet
from townlet.config import load_config

ODD = "Ein größerer Ort, мир"
BARE = {"PATH": os.environ.get("PATH", ""), "SYSTEMROOT": os.environ.get("SYSTEMROOT", ""), "NUMBA_DISABLE_JIT": "1"}


def run(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command in a folder, with next to nothing in the environment; uncompiled, which is quicker for a few ticks."""
    return subprocess.run(
        [sys.executable, "-m", "townlet", *words],
        cwd=folder,
        env={**BARE, **settings},
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder with spaces and letters of two alphabets in its name."""
    folder = tmp_path / ODD
    folder.mkdir()
    (folder / "ma ville é.yaml").write_text("name: odd\nseed: 3\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "settings", [{}, {"LANG": "C", "LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "1"}]
)
def test_a_town_is_recorded_in_an_odd_place_without_a_home(odd: Path, settings: dict[str, str]) -> None:
    done = run(odd, "run", "ma ville é.yaml", "--ticks", "5", "--record", "enregistré là", "--json", **settings)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert (odd / "enregistré là" / "manifest.json").is_file()
    looked = run(odd, "dataset", "verify", "enregistré là", **settings)
    assert looked.returncode == 0, looked.stderr


def test_a_place_is_named_readably_in_an_error(odd: Path) -> None:
    done = run(odd, "config", "check", "ma ville é.yaml", "--set", "seed=-1", LC_ALL="C", PYTHONIOENCODING="utf-8")
    assert done.returncode == 2
    missing = run(odd, "config", "check", "où.yaml", LC_ALL="C.UTF-8", PYTHONUTF8="1")
    assert missing.returncode != 0
    assert "où.yaml" in missing.stderr


def _identity(seed: int) -> str:
    return load_config(overrides=[f"seed={seed}"]).config_id


def test_another_process_that_is_spawned_and_not_forked_sees_the_same_config() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_identity, (7,)) == _identity(7)


def test_names_that_differ_in_case_alone_are_not_both_written(odd: Path) -> None:
    """On systems that ignore case, the second would be the first: nothing that Townlet writes may rely on it."""
    assert run(odd, "run", "--ticks", "3", "--record", "Town").returncode == 0
    written = [path.relative_to(odd).as_posix() for path in odd.rglob("*")]
    assert len({name.lower() for name in written}) == len(written)


def test_packages_that_cannot_be_written_only_cost_time(tmp_path: Path) -> None:
    """Site-packages of a system belong to root: machine code is kept elsewhere, or not at all."""
    site = tmp_path / "site"
    shutil.copytree(Path(townlet.__file__).parent, site / "townlet", ignore=shutil.ignore_patterns("__pycache__"))
    probe = "from townlet.world.compiled import compiled\n@compiled\ndef one(x):\n    return x + 1\n"
    (site / "townlet" / "world" / "probe.py").write_text(probe, encoding="utf-8")
    ask = "from townlet.world.probe import one; import townlet; print(one(1), townlet.__file__)"
    done = subprocess.run(
        [*_read_only(site), sys.executable, "-c", ask],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site), "HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(maxsplit=1) == ["2", f"{site / 'townlet' / '__init__.py'}\n"]
    assert not list(site.rglob("*.nb?"))


def _read_only(folder: Path) -> list[str]:
    """The words before a command that make it see a folder that it cannot write."""
    if os.name != "posix":
        pytest.skip("folders cannot be made unwritable by a mode here")
    if os.geteuid() != 0:
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir():
                path.chmod(0o555)
        return []
    if shutil.which("unshare") is None:
        pytest.skip("root may write everywhere, and there is no unshare")
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(folder)]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("root may write everywhere, and nothing can be mounted here")
    return command
