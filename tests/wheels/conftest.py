"""Fresh virtual environments with real installs of real wheels, made cheap.

What Townlet depends on is not installed into each of them: a folder of links to the distributions of the environment
that runs the tests is put on their path by a ``.pth`` file. Townlet's own wheels and the zoo's are installed by pip.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
import venv
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).parent
_BUILD = (
    "import os, sys; from hatchling.build import build_wheel\n"
    "for project in sys.argv[2:]:\n    os.chdir(project); build_wheel(sys.argv[1])\n"
)
_NOTHING: Mapping[str, str] = {}


class Environment:
    """A virtual environment with Townlet in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        scripts = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = scripts / ("python.exe" if os.name == "nt" else "python")
        self.patience = 240
        self.script = scripts / ("townlet.exe" if os.name == "nt" else "townlet")

    def install(self, *wheels: Path) -> None:
        """Install with pip, without looking anywhere else and without dependencies."""
        self._pip("install", "--no-index", "--no-deps", "--no-compile", *map(str, wheels))

    def uninstall(self, *names: str) -> None:
        """Uninstall with pip."""
        self._pip("uninstall", "--yes", *names)

    def _pip(self, *words: str) -> None:
        command = [sys.executable, "-m", "pip", "--python", str(self.python), "--quiet", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def townlet(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run the installed console script."""
        return self.run([str(self.script), *words], settings)

    def run(
        self, command: Sequence[str], settings: Mapping[str, str] = _NOTHING, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command with a clean environment and ``settings``; uncompiled, which is quicker for a few ticks."""
        return subprocess.run(
            list(command),
            capture_output=True,
            text=True,
            check=False,
            env=_clean(settings),
            cwd=cwd or self.folder,
            timeout=self.patience,
        )

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start the installed console script as :meth:`townlet` runs it, and go on."""
        quiet = subprocess.DEVNULL
        return subprocess.Popen([str(self.script), *words], env=_clean({}), cwd=self.folder, stdout=quiet, stderr=quiet)

    def json(self, *words: str, **settings: str) -> dict[str, Any]:
        """What a command prints with ``--json``; stdout must hold that document and nothing else."""
        done = self.townlet(*words, "--json", **settings)
        document = json.loads(done.stdout)
        assert isinstance(document, dict)
        return document

    def states(self, **settings: str) -> dict[str, str]:
        """Qualified name to state, from ``backends list``."""
        rows = self.json("backends", "list", **settings)["backends"]
        return {row["qualified"]: row["state"] for row in rows}


def _clean(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOWNLET_", "PYTHON", "PIP_"))}
    return {**kept, "NUMBA_DISABLE_JIT": "1", "COLUMNS": "200", **settings}


def _once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that is made once, even where tests run in several processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"shared-{name}"
    done, failed = folder.with_suffix(".done"), folder.with_suffix(".failed")
    try:
        folder.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + 300
        while not done.exists():
            assert not failed.exists(), f"{name} could not be made"
            assert time.monotonic() < deadline, f"{name} was not made within 300 s"
            time.sleep(0.1)
        return folder
    try:
        make(folder)
    except BaseException:
        failed.touch()
        raise
    done.touch()
    return folder


@pytest.fixture(scope="session")
def zoo_wheels(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The zoo's wheels by the names of ``zoo.toml``, built with hatchling from projects written for it."""
    zoo = tomllib.loads((HERE / "zoo.toml").read_text(encoding="utf-8"))

    def make(folder: Path) -> None:
        projects = [_write_project(folder / "projects" / name, name, animal) for name, animal in zoo.items()]
        command = [sys.executable, "-c", _BUILD, str(folder), *map(str, projects)]
        subprocess.run(command, check=True, capture_output=True, text=True)

    folder = _once(tmp_path_factory, "zoo", make)
    return {name: next(folder.glob(f"zoo_{name.replace('-', '_')}-*.whl")) for name in zoo}


def _write_project(folder: Path, name: str, animal: Mapping[str, Any]) -> Path:
    package = f"zoo_{name.replace('-', '_')}"
    source = folder / "src" / package
    source.mkdir(parents=True)
    (source / "__init__.py").touch()
    (source / "plugin.py").write_text(animal["plugin"].lstrip())
    for module, text in animal.get("modules", {}).items():
        (source / f"{module}.py").write_text(text.lstrip())
    lines = [
        "[build-system]",
        'requires = ["hatchling"]',
        'build-backend = "hatchling.build"',
        "[project]",
        f'name = "zoo-{name}"',
        f'version = "{animal["version"]}"',
        'requires-python = ">=3.11"',
        'dependencies = ["townlet-core>=0.1,<1"]',
        '[project.entry-points."townlet.backends"]',
        f'{animal["backend"]} = "{package}.plugin"',
    ]
    if "manifest" in animal:
        (source / "townlet_backend.toml").write_text(animal["manifest"].lstrip())
        lines += [
            '[project.entry-points."townlet.backend_manifests"]',
            f'{animal["backend"]} = "{package}:townlet_backend.toml"',
        ]
    lines += ["[tool.hatch.build.targets.wheel]", f'packages = ["src/{package}"]']
    (folder / "pyproject.toml").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Links to what townlet-core depends on, and to nothing else."""
    return _once(tmp_path_factory, "dependencies", lambda folder: _link(folder, "townlet-core"))


@pytest.fixture(scope="session")
def link_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A folder of links by its name, made on first use: to what these distributions need, and to nothing else."""

    def make(name: str, *roots: str) -> Path:
        return _once(tmp_path_factory, f"links-{name}", lambda folder: _link(folder, *roots))

    return make


@pytest.fixture(scope="session")
def torch_dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with PyTorch."""
    return _once(tmp_path_factory, "torch", lambda folder: _link(folder, "townlet-core", "torch"))


def _link(folder: Path, *roots: str) -> None:
    """Link the distributions that ``roots`` need, directly or not; Townlet's own are left out."""
    wanted, seen = list(roots), set[str]()
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in seen:
            continue
        seen.add(name)
        distribution = metadata.distribution(name)
        for text in distribution.requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)
        if not name.startswith("townlet-"):
            _link_one(folder, distribution)


def _link_one(folder: Path, distribution: metadata.Distribution) -> None:
    tops = {file.parts[0] for file in distribution.files or [] if file.parts[0] not in ("..", "__pycache__")}
    for top in tops:
        if top.endswith(".pth") or (folder / top).exists():
            continue
        source = Path(str(distribution.locate_file(top)))
        try:
            (folder / top).symlink_to(source, target_is_directory=source.is_dir())
        except OSError:  # no links for this user on Windows
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / top)


def _make_environment(folder: Path, dependencies: Path, wheels: Sequence[Path]) -> Environment:
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    environment = Environment(folder)
    (site,) = [path for path in folder.rglob("site-packages") if not path.is_symlink() and "lib64" not in path.parts]
    (site / "dependencies.pth").write_text(f"{dependencies}\n")
    environment.install(*wheels)
    return environment


@pytest.fixture(scope="session")
def environment(
    tmp_path_factory: pytest.TempPathFactory, dependencies: Path, built_wheels: Mapping[str, Path]
) -> Callable[..., Environment]:
    """An environment by its name, made on first use: Townlet's distributions named by ending, and further wheels."""

    def make(name: str, *endings: str, further: Sequence[Path] = (), base: Path = dependencies) -> Environment:
        wheels = [wheel for key, wheel in built_wheels.items() if key.endswith(("-core", *endings))]

        def fill(folder: Path) -> None:
            _make_environment(folder, base, [*wheels, *further])

        return Environment(_once(tmp_path_factory, name, fill))

    return make


@pytest.fixture(scope="session")
def core_alone(environment: Callable[..., Environment]) -> Environment:
    """townlet-core and nothing else."""
    return environment("core")


@pytest.fixture(scope="session")
def core_and_scripted(environment: Callable[..., Environment]) -> Environment:
    """What a light machine has."""
    return environment("scripted", "-scripted")


@pytest.fixture(scope="session")
def without_torch(environment: Callable[..., Environment]) -> Environment:
    """All three distributions, the pytorch one installed with ``--no-deps``."""
    return environment("no-torch", "-scripted", "-pytorch")


@pytest.fixture(scope="session")
def with_torch(environment: Callable[..., Environment], torch_dependencies: Path) -> Environment:
    """All three distributions, and PyTorch."""
    return environment("all", "-scripted", "-pytorch", base=torch_dependencies)


@pytest.fixture(scope="session")
def zoo(environment: Callable[..., Environment], zoo_wheels: Mapping[str, Path]) -> Environment:
    """Core, scripted and the whole zoo but the impostor, side by side."""
    animals = [wheel for name, wheel in zoo_wheels.items() if name != "impostor"]
    return environment("zoo-env", "-scripted", further=animals)
