"""The three distributions are released in step."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import versions

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A project with the files that name the version."""
    for name in (*versions.found_versions(), "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_everything_says_the_same() -> None:
    assert versions.disagreements() == []


def test_a_version_is_written_everywhere_and_nothing_else_changes(copy: Path) -> None:
    before = (copy / "townlet-core/pyproject.toml").read_text(encoding="utf-8")
    versions.write_version(copy, "1.2.0rc1")
    assert set(versions.found_versions(copy).values()) == {"1.2.0rc1"}
    after = (copy / "townlet-core/pyproject.toml").read_text(encoding="utf-8")
    assert len([1 for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new]) == 1


def test_one_that_lags_behind_is_named(copy: Path) -> None:
    path = copy / "townlet-backend-scripted/pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'^version = ".*"$', 'version = "0.0.1"', text, flags=re.M), encoding="utf-8")
    (problem,) = versions.disagreements(copy)
    assert problem.startswith("townlet-backend-scripted/pyproject.toml has 0.0.1, core has ")


def test_a_tag_must_be_the_version_and_have_its_notes(copy: Path) -> None:
    versions.write_version(copy, "7.0.0")
    assert versions.disagreements(copy, "v7.0.1") == [
        "the tag is v7.0.1, it must be v7.0.0",
        "CHANGELOG.md has no section for 7.0.0: run `towncrier build --version 7.0.0`",
    ]
    text = (copy / "CHANGELOG.md").read_text(encoding="utf-8")
    section = "## 7.0.0, 2030-01-01\n\n### Added\n\n- All of it.\n\n"
    (copy / "CHANGELOG.md").write_text(text.replace("## ", section + "## ", 1), encoding="utf-8")
    assert versions.disagreements(copy, "v7.0.0") == []
    assert versions.notes(copy, "7.0.0") == "### Added\n\n- All of it."


@pytest.mark.parametrize("wrong", ["1.2", "v1.2.3", "1.2.3.4", "1.2.3-rc1", ""])
def test_what_is_no_version_is_refused(copy: Path, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"X\.Y\.Z"):
        versions.write_version(copy, wrong)


def test_backends_accept_the_core_beside_them() -> None:
    core = versions.found_versions()["townlet-core/pyproject.toml"]
    from packaging.requirements import Requirement

    for name in versions.DISTRIBUTIONS[1:]:
        text = (ROOT / name / "pyproject.toml").read_text(encoding="utf-8")
        (wanted,) = re.findall(r'"(townlet-core[^"]*)"', text)
        assert Requirement(wanted).specifier.contains(core, prereleases=True), name
