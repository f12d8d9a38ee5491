"""Nothing in the current folder is imported: not by a command, and not by a child process of one."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from townlet.cli.commands import COMMANDS

pytestmark = pytest.mark.slow

MAP = ("--set", "town.map=hamlet")
SMALL = (*MAP, "--set", "evaluation.seeds=1", "--set", "evaluation.days=0.01")
NEEDS_TORCH = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs PyTorch")
TRAIN = (
    "train", "--mode", "bc", "--out", "mind", *SMALL, "--set", "training.demonstrations.worlds=2",
    "--set", "training.demonstrations.ticks=40", "--set", "training.bc.settings.epochs=1",
)  # fmt: skip

LINES: dict[str, tuple[str, ...]] = {
    "run": ("run", *MAP, "--ticks", "5", "--record", "again", "--snapshot-every", "5"),
    "rollout": ("rollout", *MAP, "--worlds", "1", "--ticks", "5", "--out", "more"),
    "dataset inspect": ("dataset", "inspect", "town"),
    "dataset verify": ("dataset", "verify", "town"),
    "dataset split": ("dataset", "split", "town"),
    "dataset curate": ("dataset", "curate", "town", "--min", "-1000", "--out", "best"),
    "dataset recover": ("dataset", "recover", "nothing"),
    "dataset export": ("dataset", "export", "town", "--out", "minari"),
    "replay": ("replay", "town"),
    "inspect": ("inspect", "town", "--agent", "alice", "--tick", "1"),
    "evaluate": ("evaluate", *SMALL),
    "compare": ("compare", "scripted", "stub", *SMALL),
    "report": ("report", "town"),
    "runs": ("runs", "list"),
    "runs clean": ("runs", "clean"),
    "promote": ("promote", "nothing"),
    "releases": ("releases",),
    "rollback": ("rollback",),
    "backends list": ("backends", "list", "--json"),
    "backends info": ("backends", "info", "scripted"),
    "backends doctor": ("backends", "doctor"),
    "backends check": ("backends", "check", "scripted"),
    "backends new": ("backends", "new", "mine"),
    "config": ("config", "check"),
    "config show": ("config", "show"),
    "bench": ("bench", "town", "--worlds", "1", "--seconds", "0.01"),
    "arena": ("arena", "--lint"),
    "view": ("view", "town", "--out", "town.html"),
    "completion": ("completion", "bash"),
    "help": ("--help",),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recording and a module of every name that anybody here could import; each tells that it ran."""
    folder = tmp_path_factory.mktemp("planted")
    done = _townlet(folder, "run", *MAP, "--ticks", "40", "--record", "town")
    assert done.returncode == 0, done.stderr
    names = (
        set(sys.stdlib_module_names) | set(importlib.metadata.packages_distributions()) | {"sitecustomize", "conftest"}
    )
    for name in sorted(name for name in names if name.isidentifier()):
        text = f"import os\nos.close(os.open({str(folder / 'ran')!r}, os.O_CREAT | os.O_WRONLY))\n"
        (folder / f"{name}.py").write_text(f"{text}raise SystemExit({name!r})\n")
    return folder


def _townlet(folder: Path, *words: str, module: bool = False) -> subprocess.CompletedProcess[str]:
    start = [sys.executable, "-m", "townlet"] if module else [str(Path(sys.executable).with_name("townlet"))]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [*start, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("name", LINES)
def test_of_a_command(folder: Path, name: str) -> None:
    done = _townlet(folder, *LINES[name])
    assert not (folder / "ran").exists(), f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    assert "a bug in Townlet" not in done.stderr


@NEEDS_TORCH
@pytest.mark.torch
def test_of_training_and_export(folder: Path) -> None:
    for words in (TRAIN, ("export", "mind", "--out", "mind.onnx"), ("report", "mind")):
        done = _townlet(folder, *words)
        assert not (folder / "ran").exists(), f"{done.stdout}\n{done.stderr}"
        assert "a bug in Townlet" not in done.stderr


@pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="needs Optuna")
def test_of_tuning_in_two_processes(folder: Path) -> None:
    small = ("--set", "tuning.finalists=1", "--set", "tuning.final_seeds=1", "--set", "tuning.judge_seeds=1")
    line = ("tune", *MAP, *small, "--vary=eat_below=0.45:0.7", "--trials=2", "--seeds=1", "--days=0.01", "--workers=2")
    done = _townlet(folder, *line, "--out", "study")
    assert not (folder / "ran").exists(), f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    assert "a bug in Townlet" not in done.stderr


def test_every_command_is_tried() -> None:
    assert {line.split()[0] for line in LINES} | {"train", "export", "backends", "tune"} >= set(COMMANDS)


@pytest.mark.parametrize("words", [("--version",), ("backends", "doctor", "scripted")])
def test_of_the_module(folder: Path, words: tuple[str, ...]) -> None:
    """``python -m`` itself has imported from the current folder by then what it needs to find the module; no more."""
    planted = [p for p in folder.glob("*.py") if p.stem in {"runpy", "importlib", "pkgutil"} | _needed_by_runpy()]
    for path in planted:
        path.rename(path.with_suffix(".aside"))
    try:
        done = _townlet(folder, *words, module=True)
        assert not (folder / "ran").exists(), f"{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, done.stderr
    finally:
        for path in planted:
            path.with_suffix(".aside").rename(path)


@pytest.mark.parametrize("text", ["cache_dir: ./kept\n", "[1, 2", "- a\n", "1: a\n"])
def test_settings_of_numba_are_not_obeyed(tmp_path: Path, text: str) -> None:
    """Its cache is pickles: a folder of them that the settings name would be code to run."""
    (tmp_path / ".numba_config.yaml").write_text(text)
    done = _townlet(tmp_path, "run", *MAP, "--ticks", "1")
    assert done.returncode == 2
    assert "numba, which compiles the town's rules, would obey this file" in done.stderr
    assert ".numba_config.yaml)" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [".numba_config.yaml"]


def _needed_by_runpy() -> set[str]:
    code = "import sys, runpy; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}
