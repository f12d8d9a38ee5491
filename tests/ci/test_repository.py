"""What GitHub reads: workflows, forms, fragments of the changelog."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


def read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_hash_with_their_version_beside(path: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", path.read_text(encoding="utf-8"))
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_one_action_has_one_hash_everywhere() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    pinned = set(re.findall(r"uses: ([^@\s]+)@(\S+)", text))
    assert len(pinned) == len(dict(pinned))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_is_permitted_but_what_a_job_asks_for(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["permissions"], name
        assert job["timeout-minutes"] <= 90, name


def test_only_the_release_may_write() -> None:
    allowed = {"release": {"id-token", "attestations", "contents"}, "docs": {"pages", "id-token"}}
    for path in WORKFLOWS:
        for job in read(path)["jobs"].values():
            writes = {scope for scope, level in job["permissions"].items() if level == "write"}
            assert writes <= allowed.get(path.stem, set()), path.stem


def test_every_python_that_core_declares_is_tested_on_every_system() -> None:
    project = tomllib.loads((ROOT / "townlet-core/pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [line.rsplit(" ", 1)[1] for line in project["classifiers"] if "Python :: 3." in line]
    matrix = read(ROOT / ".github/workflows/tests.yml")["jobs"]["systems"]["strategy"]["matrix"]
    assert matrix["python"] == declared
    assert [name.partition("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]


def test_workflows_name_lanes_that_exist() -> None:
    import lanes

    jobs = read(ROOT / ".github/workflows/lanes.yml")["jobs"]
    named = {entry["lane"] for entry in jobs["lane"]["strategy"]["matrix"]["include"]}
    assert named | {"debian"} == {name for name, lane in lanes.LANES.items() if lane.by_default}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_forms_have_what_github_asks_for(path: Path) -> None:
    form = read(path)
    assert form.keys() >= {"name", "description", "body"}
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids))
    for field in form["body"]:
        assert field["type"] in ("textarea", "input", "dropdown", "checkboxes")
        assert field["attributes"]["label"]


def test_fragments_of_the_changelog_have_a_kind() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
    kinds = "|".join(kind["directory"] for kind in settings["type"])
    names = [path.name for path in (ROOT / settings["directory"]).iterdir() if path.name not in settings["ignore"]]
    assert [name for name in names if not re.fullmatch(rf"(\d+|\+[\w-]+)\.({kinds})\.md", name)] == []
    assert settings["start_string"] in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_citation_is_complete() -> None:
    citation = read(ROOT / "CITATION.cff")
    assert citation.keys() >= {"cff-version", "message", "title", "authors", "version", "license"}
