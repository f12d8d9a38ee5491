"""The habits of the house that can be checked: shop windows, sizes, independence of torch."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import townlet
from townlet import errors
from townlet.errors import TownletError

ROOT = Path(__file__).resolve().parents[1]
SOURCES = {
    "townlet": ROOT / "townlet-core/src/townlet",
    "townlet_backend_scripted": ROOT / "townlet-backend-scripted/src/townlet_backend_scripted",
    "townlet_backend_pytorch": ROOT / "townlet-backend-pytorch/src/townlet_backend_pytorch",
}
FILES = sorted(path for source in SOURCES.values() for path in source.rglob("*.py"))
MOST_LINES = 400
EXTRAS = ("h5py", "hypothesis", "matplotlib", "minari", "psutil", "pytest", "tensorboard")
"""What the extras of core bring; a module that serves one of them may import it at its top."""
TABLES: dict[str, int] = {}
"""Files that may be longer, because they are tables."""


def module_name(path: Path) -> str:
    source = next(source for source in SOURCES.values() if path.is_relative_to(source))
    parts = path.relative_to(source.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def listed(path: Path) -> list[str] | None:
    """The literal ``__all__`` of a module, or None."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return list(ast.literal_eval(node.value))  # type: ignore[attr-defined]
    return None


WINDOWS = [path for path in FILES if path.name == "__init__.py"]
LISTS = [path for path in FILES if listed(path) is not None]


@pytest.mark.parametrize("path", WINDOWS, ids=module_name)
def test_a_window_is_sorted(path: Path) -> None:
    names = listed(path)
    if names is not None or path.read_text(encoding="utf-8").count("\n") > 1:
        assert names in (sorted(names or []), sorted(names or [], key=_constants_first))


def _constants_first(name: str) -> tuple[int, str]:
    """The other customary order: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("path", LISTS, ids=module_name)
def test_all_repeats_nothing(path: Path) -> None:
    names = listed(path) or []
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", WINDOWS, ids=module_name)
def test_every_package_has_a_docstring(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", LISTS, ids=module_name)
def test_all_is_true(path: Path) -> None:
    wanted = EXTRAS if module_name(path).startswith("townlet.") else (*EXTRAS, "torch", "townlet_backend_pytorch")
    try:
        module = importlib.import_module(module_name(path))
    except ModuleNotFoundError as error:
        if error.name not in wanted:
            raise
        pytest.skip(f"needs {error.name}")
    assert [name for name in listed(path) or [] if not hasattr(module, name)] == []


@pytest.mark.parametrize("path", WINDOWS, ids=module_name)
def test_a_window_lists_all_that_it_imports(path: Path) -> None:
    imported = {
        alias.asname or alias.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("townlet")
        for alias in node.names
        if not (node.module == module_name(path) and list(path.parent.glob(f"{alias.name}*")))
    }
    assert {name for name in imported if not name.startswith("_")} - set(listed(path) or []) == set()


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_no_file_is_too_long(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= TABLES.get(module_name(path), MOST_LINES)


JSON_OF_OTHERS = {
    "townlet.storage.documents": "the reading layer itself",
    "townlet.storage.tensors": "headers of safetensors, whose numbers are checked by hand",
    "townlet.viewer.columns": "what the same process packed",
    "townlet.viewer.live.door": "messages of a browser; anything else is dropped",
    "townlet.training.experience.elsewhere": "what the driver sent",
    "townlet.tuning.trials": "what the driver sent",
    "townlet.testing.imports": "what a child of ours prints",
    "townlet.plugins.doctor": "what a child of ours prints",
    "townlet.plugins.metadata": "a file of an installer; no pydantic on this path",
}
"""Modules that may parse JSON without the reading layer, and why."""


@pytest.mark.parametrize("path", [p for p in FILES if p.is_relative_to(SOURCES["townlet"])], ids=module_name)
def test_files_are_read_through_one_layer(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    bare = any(isinstance(f, ast.Attribute) and ast.unparse(f) in ("json.loads", "json.load") for f in calls)
    assert bare == (module_name(path) in JSON_OF_OTHERS), "townlet.storage.parse_json refuses what Python lets through"


OPENED_PLAINLY = {
    "townlet.arena.anchors": "a file of the package",
    "townlet.arena.suites": "a file of the package",
    "townlet.evaluation.scenarios": "a file of the package",
    "townlet.executors.facts": "sources of installed packages",
    "townlet.executors.files": "a folder whose regular files were listed",
    "townlet.plugins.doctor": "what a child of ours wrote",
    "townlet.plugins.known": "a file of the package",
    "townlet.plugins.loading": "metadata of installed packages",
    "townlet.plugins.manifest": "a file of an installed package",
    "townlet.plugins.metadata": "metadata of installed packages",
    "townlet.testing.checks.updates": "what the kit wrote",
    "townlet.testing.runner": "a file of an installed package",
    "townlet.testing.scaffold.write": "a file of the package",
    "townlet.viewer.assembly": "a file of the package",
    "townlet.viewer.bundle": "a file of the package",
    "townlet.storage.memory": "a file of the kernel",
    "townlet.world.affordances": "a file of the package",
    "townlet.world.compiled": "sources of the package",
    "townlet.world.maps": "a file of the package",
}
"""Modules that may open a file to read it without ``storage.open_regular``, and why."""


@pytest.mark.parametrize("path", [p for p in FILES if p.is_relative_to(SOURCES["townlet"])], ids=module_name)
def test_files_are_opened_where_pipes_and_devices_are_refused(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    named = [(call, call.func.attr) for call in calls if isinstance(call.func, ast.Attribute)]
    bare = any(
        name in ("read_bytes", "read_text") or (name == "open" and [ast.unparse(a) for a in call.args[:1]] == ["'rb'"])
        for call, name in named
    )
    assert bare == (module_name(path) in OPENED_PLAINLY), "townlet.storage.open_regular never waits for a pipe"


def test_the_tree_of_errors_is_the_one_in_the_docstring() -> None:
    drawn = set(re.findall(r"\b[A-Z]\w+Error\b", errors.__doc__ or ""))
    assert drawn == set(errors.__all__)


def test_the_tree_of_errors_has_the_drawn_shape() -> None:
    """Parents by indentation, exit codes by their column."""
    parents: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^([ |`-]*)([A-Z]\w+Error)(?:, (\w+Error))?(.*)$", line)
        if match is None:
            continue
        depth, name, second, rest = len(match[1]), match[2], match[3], match[4]
        while parents and parents[-1][0] >= depth:
            parents.pop()
        for one in filter(None, (name, second)):
            kind: type[TownletError] = getattr(errors, one)
            if parents and not second:
                assert kind.__bases__ == (getattr(errors, parents[-1][1]),), one
            if second:
                assert kind.__bases__ == (errors.ConfigError,), one
            code = re.search(r"(?:exit code )?\b([1-4])\b", rest)
            if code is not None:
                assert kind.exit_code == int(code[1]), one
        parents.append((depth, name))


CHILD = """
import sys
sys.modules["torch"] = None
import importlib, pkgutil, warnings
warnings.simplefilter("error")
import townlet
names = [m.name for m in pkgutil.walk_packages(townlet.__path__, "townlet.") if m.name != "townlet.__main__"]
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:  # what an extra of core brings need not be here
        if error.name not in {extras!r}:
            raise
print(len(names), *sorted(m for m in sys.modules if m.partition(".")[0] in
      ("torch", "townlet_backend_scripted", "townlet_backend_pytorch") and sys.modules[m] is not None))
"""


def test_all_of_core_imports_where_torch_cannot_and_imports_no_backend() -> None:
    code = CHILD.replace("{extras!r}", repr(EXTRAS))
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300)
    assert found.returncode == 0, found.stderr
    count, *forbidden = found.stdout.split()
    assert int(count) == len(
        [m for m in pkgutil.walk_packages(townlet.__path__, "townlet.") if m.name != "townlet.__main__"]
    )
    assert int(count) > 50
    assert forbidden == []


ENVIRONMENT = """
import os, sys
class Watched(dict):
    reads = []
    def __getitem__(self, key):
        self.reads.append(key); return super().__getitem__(key)
    def get(self, key, default=None):
        self.reads.append(key); return super().get(key, default)
    def __contains__(self, key):
        self.reads.append(key); return super().__contains__(key)
import numpy, pydantic, yaml, click, pluggy
os.environ = Watched(os.environ)
import townlet.cli.entry, townlet.cli.app, townlet.config, townlet.plugins, townlet.api
print(*sorted({key for key in Watched.reads if "TOWNLET" in str(key)}))
"""


def test_no_environment_variable_of_ours_is_read_on_import() -> None:
    found = subprocess.run([sys.executable, "-c", ENVIRONMENT], capture_output=True, text=True, check=True, timeout=120)
    assert found.stdout.split() == []
