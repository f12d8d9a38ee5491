from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from townlet import __version__
from townlet.errors import UsageError
from townlet.testing.scaffold import write_backend
from townlet.testing.scaffold.write import check_name, render

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.mark.parametrize("learner", [False, True])
def test_writes_a_complete_distribution(tmp_path: Path, learner: bool) -> None:
    target = write_backend("my-mind", tmp_path, learner=learner)
    package = target / "src" / "townlet_backend_my_mind"
    assert (package / "learner.py").is_file() == learner
    project = tomllib.loads((target / "pyproject.toml").read_text())
    assert project["project"]["name"] == "townlet-backend-my-mind"
    assert project["project"]["entry-points"]["townlet.backends"] == {"my-mind": "townlet_backend_my_mind.plugin"}
    assert tomllib.loads((package / "townlet_backend.toml").read_text())["name"] == "my-mind"
    for source in package.glob("*.py"):
        ast.parse(source.read_text())
        assert "$" not in source.read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["townlet-backend-my-mind"], "nothing temporary stays behind"


@pytest.mark.parametrize(("typed", "canonical"), [("My_Mind", "my-mind"), ("a", "a"), ("mind2", "mind2")])
def test_a_name_is_brought_into_its_canonical_form(typed: str, canonical: str) -> None:
    assert check_name(typed) == canonical


@pytest.mark.parametrize("name", ["", "2fast", "a b", "ünder", "../up", "a--b-", "class", "x" * 41, "-a"])
def test_a_name_that_no_backend_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be named"):
        write_backend(name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["scripted", "pytorch", "torch", "stub", "mixture", "release"])
def test_a_name_that_is_taken_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is taken"):
        write_backend(name, tmp_path)


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "townlet-backend-mine").mkdir()
    (tmp_path / "townlet-backend-mine" / "precious").write_text("kept")
    with pytest.raises(UsageError, match="exists already"):
        write_backend("mine", tmp_path)
    assert (tmp_path / "townlet-backend-mine" / "precious").read_text() == "kept"


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        write_backend("mine", tmp_path / "nowhere")


@pytest.mark.parametrize("learner", [False, True])
def test_its_workflow_tests_the_lowest_and_the_newest_core_of_its_range(learner: bool) -> None:
    files = render("mine", learner=learner)
    project = tomllib.loads(files["pyproject.toml"])["project"]
    (core,) = (r for r in map(Requirement, project["dependencies"]) if r.name == "townlet-core")
    (low,) = (clause.version for clause in core.specifier if clause.operator == ">=")
    assert any(clause.operator == "<" for clause in core.specifier)
    assert core.specifier.contains(__version__)
    job = yaml.safe_load(files[".github/workflows/ci.yml"])["jobs"]["test"]
    assert job["strategy"]["matrix"]["core"] == [f"townlet-core=={low}", "townlet-core"]
    lowest, newest = job["strategy"]["matrix"]["python"][0], job["strategy"]["matrix"]["python"][-1]
    assert SpecifierSet(project["requires-python"]).contains(lowest)
    assert Version(newest) > Version(lowest)
    install, test = job["steps"][-2]["run"], job["steps"][-1]["run"]
    assert install == 'pip install --upgrade "${{ matrix.core }}" -e ".[test]"'
    assert "townlet-core[testing]" in project["optional-dependencies"]["test"]
    assert test == "pytest --townlet-backend mine"


def test_the_example_in_the_docs_is_what_the_scaffold_writes() -> None:
    folder = EXAMPLES / "townlet-backend-numpy-learner"
    for path, text in render("numpy-learner", learner=True).items():
        assert (folder / path).read_text() == text, f"docs/examples/{folder.name}/{path}: write it again"


def test_the_example_learner_is_short_enough_to_read() -> None:
    learner = EXAMPLES / "townlet-backend-numpy-learner/src/townlet_backend_numpy_learner/learner.py"
    assert len(learner.read_text().splitlines()) <= 250
