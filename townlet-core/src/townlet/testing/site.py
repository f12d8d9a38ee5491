"""An isolated plugin layer: distributions made of files in a folder, and nothing else is installed.

For tests of a backend's metadata, of what Townlet says about a broken one, and of observers. Nothing is installed
with pip: a folder with packages and ``*.dist-info`` is what an installation is.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from os import environ
from pathlib import Path
from typing import Any
from unittest.mock import patch

import importlib_metadata

from townlet.plugins import loading, refresh

__all__ = ["PluginSite", "isolated_site"]

_PLUGIN = """
from townlet.plugins import StubPolicy, hookimpl


@hookimpl
def townlet_create_policy(request):
    return StubPolicy()
"""
_MANIFEST = """
schema = 1
name = "{name}"
summary = "A backend of a test"
api = ">=1,<2"
capabilities = ["act"]
"""
_SETTINGS = ("ONLY_BACKENDS", "DISABLE_BACKENDS", "ALLOW_LOCAL_BACKENDS", "DISABLE_PLUGINS")


class PluginSite:
    """A folder like site-packages, into which distributions are written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def add_backend(
        self,
        name: str,
        plugin: str = _PLUGIN,
        *,
        manifest: str | None = _MANIFEST,
        version: str = "1.0",
        requires: Iterable[str] = ("townlet-core>=0.1,<1",),
        modules: Mapping[str, str] | None = None,
    ) -> Path:
        """Install a backend as the distribution ``townlet-backend-NAME`` and return its package's folder.

        Args:
            name: of the backend.
            plugin: source of its module of hooks; the stub's without.
            manifest: text of its manifest, ``{name}`` standing for the name; None for no manifest at all.
            version: of the distribution.
            requires: its ``Requires-Dist`` lines.
            modules: further modules of the package, name to source.
        """
        package = f"townlet_backend_{name.replace('-', '_')}"
        entry_points = {"townlet.backends": {name: f"{package}.plugin"}}
        folder = self._package(package, {"plugin": plugin, **(modules or {})})
        if manifest is not None:
            (folder / "townlet_backend.toml").write_text(manifest.replace("{name}", name), encoding="utf-8")
            entry_points["townlet.backend_manifests"] = {name: f"{package}:townlet_backend.toml"}
        self.add_metadata(f"townlet-backend-{name}", version, entry_points, requires)
        return folder

    def add_observer(self, name: str, source: str) -> str:
        """Install an observer (group ``townlet.plugins``) and return the name of its module."""
        package = f"townlet_observer_{name.replace('-', '_')}"
        self._package(package, {"plugin": source})
        self.add_metadata(f"townlet-observer-{name}", "1.0", {"townlet.plugins": {name: f"{package}.plugin"}})
        return f"{package}.plugin"

    def add_metadata(
        self,
        distribution: str,
        version: str,
        entry_points: Mapping[str, Mapping[str, str]] | None = None,
        requires: Iterable[str] = (),
    ) -> Path:
        """Write a ``*.dist-info`` folder alone, as stale metadata or a requirement would be."""
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        lines = ["Metadata-Version: 2.1", f"Name: {distribution}", f"Version: {version}"]
        lines += [f"Requires-Dist: {text}" for text in requires]
        (info / "METADATA").write_text("\n".join([*lines, "", ""]), encoding="utf-8")
        groups = [f"[{g}]\n" + "".join(f"{n} = {v}\n" for n, v in p.items()) for g, p in (entry_points or {}).items()]
        (info / "entry_points.txt").write_text("\n".join(groups), encoding="utf-8")
        refresh()
        return info

    def _package(self, package: str, modules: Mapping[str, str]) -> Path:
        folder = self.folder / package
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
        for module, source in modules.items():
            (folder / f"{module}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        return folder


@contextmanager
def isolated_site(folder: Path) -> Iterator[PluginSite]:
    """An empty site in ``folder``: within the context Townlet sees what is installed there, and nothing else.

    Modules imported from the folder are forgotten at the end, and ``TOWNLET_*`` lists of the environment are
    out of force within.
    """
    real = importlib_metadata.distributions

    def only_here(**arguments: Any) -> Iterable[Any]:
        return real(**{**arguments, "path": [str(folder)]})

    def one(name: str) -> Any:
        for found in only_here(name=name):
            return found
        raise importlib_metadata.PackageNotFoundError(name)

    site = PluginSite(folder)
    with ExitStack() as stack:
        stack.enter_context(patch.object(importlib_metadata, "distributions", only_here))
        stack.enter_context(patch.object(importlib_metadata, "distribution", one))
        stack.enter_context(patch.object(sys, "path", [str(folder), *sys.path]))
        stack.enter_context(patch.dict(environ))
        for name in _SETTINGS:
            environ.pop(f"TOWNLET_{name}", None)
        before = set(sys.modules)
        refresh()
        try:
            yield site
        finally:
            for module in set(sys.modules) - before:
                if Path(getattr(sys.modules[module], "__file__", None) or "/").is_relative_to(folder):
                    del sys.modules[module]
            loading.load_backend.cache_clear()
    refresh()
