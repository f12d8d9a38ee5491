"""What the built wheels say of themselves and hold: what a user gets, not what the tree looks like."""

from __future__ import annotations

import tomllib
import zipfile
from collections.abc import Mapping
from configparser import ConfigParser
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from townlet import __version__

pytestmark = pytest.mark.wheels

NAMES = ("townlet-core", "townlet-backend-scripted", "townlet-backend-pytorch")
BACKENDS = NAMES[1:]
PACKAGES = {
    "townlet-core": "townlet",
    "townlet-backend-scripted": "townlet_backend_scripted",
    "townlet-backend-pytorch": "townlet_backend_pytorch",
}
ROOT = Path(__file__).resolve().parents[2]


def files(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def read(wheel: Path, ending: str) -> str:
    (name,) = [name for name in files(wheel) if name.endswith(ending)]
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name).decode("utf-8")


def metadata(wheel: Path) -> Message:
    return Parser().parsestr(read(wheel, ".dist-info/METADATA"))


def requirements(wheel: Path) -> dict[str, Requirement]:
    """What is installed with it when no extra is asked for."""
    found = [Requirement(text) for text in metadata(wheel).get_all("Requires-Dist", [])]
    return {item.name.lower(): item for item in found if item.marker is None or item.marker.evaluate({"extra": ""})}


@pytest.mark.parametrize("name", NAMES)
class TestEveryWheel:
    def test_is_pure_python(self, built_wheels: Mapping[str, Path], name: str) -> None:
        assert built_wheels[name].name.endswith("-py3-none-any.whl")

    def test_metadata(self, built_wheels: Mapping[str, Path], name: str) -> None:
        found = metadata(built_wheels[name])
        assert found["Name"] == name
        assert found["Version"] == __version__
        assert found["Requires-Python"] == ">=3.11"
        assert found["License-Expression"] == "MIT"
        assert found["Summary"]
        assert "Typing :: Typed" in found.get_all("Classifier", [])

    def test_readme_is_one(self, built_wheels: Mapping[str, Path], name: str) -> None:
        found = metadata(built_wheels[name])
        assert found["Description-Content-Type"] == "text/markdown"
        text = str(found.get_payload())
        assert text.startswith(f"# {name}\n")
        assert len(text) > 400

    def test_holds_licence_and_type_marker(self, built_wheels: Mapping[str, Path], name: str) -> None:
        names = files(built_wheels[name])
        assert f"{PACKAGES[name]}/py.typed" in names
        assert any(entry.endswith(".dist-info/licenses/LICENSE") for entry in names)

    def test_holds_one_package_and_no_tests(self, built_wheels: Mapping[str, Path], name: str) -> None:
        tops = {entry.partition("/")[0] for entry in files(built_wheels[name])}
        assert {top for top in tops if not top.endswith(".dist-info")} == {PACKAGES[name]}

    def test_holds_every_file_of_the_tree(self, built_wheels: Mapping[str, Path], name: str) -> None:
        source = ROOT / name / "src"
        tree = {path.relative_to(source).as_posix() for path in (source / PACKAGES[name]).rglob("*") if path.is_file()}
        wanted = {path for path in tree if "__pycache__" not in path and "/." not in path and not path.endswith(".tmp")}
        assert wanted - set(files(built_wheels[name])) == set()


class TestCore:
    def test_requires_neither_torch_nor_a_backend(self, built_wheels: Mapping[str, Path]) -> None:
        everything = [
            Requirement(text).name for text in metadata(built_wheels["townlet-core"]).get_all("Requires-Dist")
        ]
        assert [name for name in everything if name.startswith(("torch", "townlet"))] == []

    def test_requires_what_the_design_names(self, built_wheels: Mapping[str, Path]) -> None:
        assert set(requirements(built_wheels["townlet-core"])) == {
            "click", "gymnasium", "importlib-metadata", "numba", "numpy", "packaging", "pettingzoo", "pluggy",
            "pydantic", "pyyaml", "rich", "safetensors",
        }  # fmt: skip

    def test_heavier_things_are_extras(self, built_wheels: Mapping[str, Path]) -> None:
        assert set(metadata(built_wheels["townlet-core"]).get_all("Provides-Extra")) >= {
            "minari",
            "tensorboard",
            "testing",
        }

    def test_console_script(self, built_wheels: Mapping[str, Path]) -> None:
        assert "townlet = townlet.cli.entry:main" in read(built_wheels["townlet-core"], ".dist-info/entry_points.txt")

    def test_offers_no_backend(self, built_wheels: Mapping[str, Path]) -> None:
        assert "[townlet.backends]" not in read(built_wheels["townlet-core"], ".dist-info/entry_points.txt")


@pytest.mark.parametrize("name", BACKENDS)
class TestBackends:
    def test_pins_a_range_of_core_that_holds_this_one(self, built_wheels: Mapping[str, Path], name: str) -> None:
        core = requirements(built_wheels[name])["townlet-core"]
        version = Version(__version__)
        assert core.specifier.contains(version)
        assert not core.specifier.contains(Version(f"{version.major + 1}.0"))
        assert not core.specifier.contains(Version("0.0.1"))

    def test_entry_points_and_manifest_agree(self, built_wheels: Mapping[str, Path], name: str) -> None:
        points = ConfigParser()
        points.read_string(read(built_wheels[name], ".dist-info/entry_points.txt"))
        modules, manifests = dict(points["townlet.backends"]), dict(points["townlet.backend_manifests"])
        assert name.removeprefix("townlet-backend-") in modules
        assert modules.keys() == manifests.keys()
        for backend, place in manifests.items():
            package, _, file = place.partition(":")
            assert modules[backend] == f"{package}.plugin"
            assert package.partition(".")[0] == PACKAGES[name]
            manifest = tomllib.loads(read(built_wheels[name], f"{package.replace('.', '/')}/{file}"))
            assert (manifest["schema"], manifest["name"]) == (1, backend)

    def test_requires_what_its_manifest_says(self, built_wheels: Mapping[str, Path], name: str) -> None:
        manifest = tomllib.loads(read(built_wheels[name], f"{PACKAGES[name]}/townlet_backend.toml"))
        declared = [Requirement(text) for text in manifest.get("requires", {}).get("distributions", [])]
        required = requirements(built_wheels[name])
        assert [item for item in declared if required[item.name.lower()].specifier != item.specifier] == []


def test_only_pytorch_requires_torch(built_wheels: Mapping[str, Path]) -> None:
    assert [name for name, wheel in built_wheels.items() if "torch" in requirements(wheel)] == [
        "townlet-backend-pytorch"
    ]
