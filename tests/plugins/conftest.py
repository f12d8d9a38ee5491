"""A little site of installed distributions, made of files, beside which nothing else is installed."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import importlib_metadata
import pytest

from townlet.api import ObservationSpec
from townlet.plugins import loading, refresh

GOOD_PLUGIN = """
    from townlet.plugins import StubPolicy, hookimpl

    @hookimpl
    def townlet_create_policy(request):
        return StubPolicy()
"""

MANIFEST = """
    schema = 1
    name = "{name}"
    api = "{api}"
    summary = "A backend of the tests"
    aliases = {aliases}
    capabilities = {capabilities}
    {options}
    [requires]
    distributions = {requires}
    [links]
    issues = "https://example.org/issues"
"""


class Site:
    """A folder like site-packages. ``add`` installs a backend's distribution into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def package(self, name: str, **modules: str) -> Path:
        """Write an import package; ``init`` is its ``__init__``."""
        package = self.folder / name
        package.mkdir(exist_ok=True)
        (package / "__init__.py").touch()
        for module, source in modules.items():
            file = "__init__" if module == "init" else module
            (package / f"{file}.py").write_text(textwrap.dedent(source))
        return package

    def metadata(self, distribution: str, version: str, entry_points: str = "", requires: tuple[str, ...] = ()) -> Path:
        """Write a ``*.dist-info`` folder."""
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        needs = "".join(f"Requires-Dist: {text}\n" for text in requires)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{needs}\n")
        if entry_points:
            (info / "entry_points.txt").write_text(textwrap.dedent(entry_points))
        return info

    def add(
        self,
        name: str,
        *,
        distribution: str | None = None,
        version: str = "1.0",
        plugin: str = GOOD_PLUGIN,
        manifest: str | None = MANIFEST,
        value: str | None = None,
        api: str = ">=1,<2",
        aliases: tuple[str, ...] = (),
        capabilities: tuple[str, ...] = ("act",),
        options: str = "",
        requires: tuple[str, ...] = (),
    ) -> str:
        """Install a backend; returns its import package."""
        distribution = distribution or f"acme-{name}"
        package = distribution.replace("-", "_")
        folder = self.package(package, plugin=plugin)
        entry_points = f"[townlet.backends]\n{name} = {value or package + '.plugin'}\n"
        if manifest is not None:
            text = textwrap.dedent(manifest).format(
                name=name,
                api=api,
                aliases=list(aliases),
                capabilities=list(capabilities),
                requires=list(requires),
                options=f'options = "{options}"' if options else "",
            )
            (folder / "townlet_backend.toml").write_text(text)
            entry_points += f"[townlet.backend_manifests]\n{name} = {package}:townlet_backend.toml\n"
        self.metadata(distribution, version, entry_points)
        refresh()
        return package


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty site; the distributions of the environment the tests run in are out of sight."""
    real = importlib_metadata.distributions
    paths: list[str] = []

    def only_here(**arguments: Any) -> Iterable[Any]:
        return real(**{**arguments, "path": list(paths)})

    def one(name: str) -> object:
        for found in only_here(name=name):
            return found
        raise importlib_metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib_metadata, "distributions", only_here)
    monkeypatch.setattr(importlib_metadata, "distribution", one)
    made = Site(tmp_path / "site")
    monkeypatch.syspath_prepend(str(made.folder))
    paths.append(str(made.folder))
    made.paths = paths  # type: ignore[attr-defined]
    for variable in ("ONLY_BACKENDS", "DISABLE_BACKENDS", "ALLOW_LOCAL_BACKENDS", "DISABLE_PLUGINS"):
        monkeypatch.delenv(f"TOWNLET_{variable}", raising=False)
    before = set(sys.modules)
    refresh()
    yield made
    refresh()
    loading.load_backend.cache_clear()
    for module in set(sys.modules) - before:
        if Path(getattr(sys.modules[module], "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[module]


@pytest.fixture(scope="session")
def spec() -> ObservationSpec:
    """The observations of a town of nothing much."""
    return ObservationSpec.of_names(
        "tiny", channels=("wall",), map_size=(3, 3), features=("hunger", "energy"), actions=("wait", "go")
    )
