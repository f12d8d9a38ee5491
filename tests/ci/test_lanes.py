"""Lanes: what they install comes from the project's files, and one that fails or cannot run says so."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import debian
import lanes
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHOICE = lanes.Choice(python=sys.executable, jobs=1, long=False)


def one_lane(monkeypatch, run, budget: int = 60) -> None:
    monkeypatch.setattr(lanes, "LANES", {"only": lanes.Lane("a lane", budget, run)})


def test_extras_come_from_the_project_file() -> None:
    declared = tomllib.loads((ROOT / "townlet-core/pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert lanes.extras() == sorted(declared["optional-dependencies"])


def test_the_chosen_tests_exist() -> None:
    assert [path for path in lanes.CHOSEN if not (ROOT / path).exists()] == []


def test_the_newest_python_known_here_is_the_newest_that_core_declares() -> None:
    project = tomllib.loads((ROOT / "townlet-core/pyproject.toml").read_text(encoding="utf-8"))["project"]
    minors = [line.rsplit(".", 1)[1] for line in project["classifiers"] if "Python :: 3." in line]
    assert max(map(int, minors)) == lanes.NEWEST_MINOR


def test_a_python_that_works_is_found() -> None:
    found = lanes.newest_python(sys.executable)
    done = subprocess.run(
        [found, "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True, text=True
    )
    assert done.stdout.strip() == "True"


def test_a_lane_that_fails_fails_the_run(monkeypatch, capsys) -> None:
    one_lane(monkeypatch, lambda choice: 3)
    assert lanes.main(["only"], CHOICE) == 1
    assert "FAILED (3)" in capsys.readouterr().out


def test_a_lane_that_cannot_run_says_so_and_why(monkeypatch, capsys) -> None:
    def run(choice: lanes.Choice) -> int:
        raise lanes.SkippedError("it needs root")

    one_lane(monkeypatch, run)
    assert lanes.main(["only"], CHOICE) == 0
    assert "SKIPPED, NOTHING WAS PROVED: it needs root" in capsys.readouterr().out


def test_a_lane_over_its_budget_says_so_but_passes(monkeypatch, capsys) -> None:
    one_lane(monkeypatch, lambda choice: 0, budget=-1)
    assert lanes.main(["only"], CHOICE) == 0
    assert "OVER ITS BUDGET" in capsys.readouterr().out


def test_budgets_leave_the_tests_the_larger_part_of_the_gate() -> None:
    assert sum(lane.budget for lane in lanes.LANES.values() if lane.by_default) <= 20 * 60


def test_the_copy_of_the_checkout_has_what_git_knows_and_nothing_else(tmp_path: Path) -> None:
    copy = lanes.copy_checkout(tmp_path / "ein größerer Ort")
    assert (copy / "README.md").read_bytes() == (ROOT / "README.md").read_bytes()
    assert (copy / "townlet-core/src/townlet/__init__.py").is_file()
    assert not [path for path in copy.iterdir() if path.name.startswith(".venv")]


def test_debian_says_what_is_missing(monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert debian.why_not() == "it needs Linux, this is darwin"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no user ids")
def test_debian_needs_root(monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "it needs root" in str(debian.why_not())
