"""Runs lanes: the same checkout under other versions of what it depends on, or on another Python.

    python3 .ci/lanes.py                     each lane, a chosen part of the tests
    python3 .ci/lanes.py lowest --long       one lane, all tests that need no PyTorch
    python3 .ci/lanes.py newest --torch torch==2.13.0
    python3 .ci/lanes.py --list

Standard library and uv only. A lane that cannot run here says so in capitals and does not fail.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import debian
from pip_settings import pip_settings, uv_settings

ROOT = Path(__file__).resolve().parents[1]
CHOSEN = (
    *(f"tests/cli/test_{name}.py" for name in ("app", "completion", "entry", "errors", "options", "output")),
    "tests/config",
    *(f"tests/data/test_{name}.py" for name in ("minari", "replay", "writer")),
    "tests/envs/test_parallel.py",
    "tests/envs/test_vector.py",
    "tests/evaluation/test_page.py",
    "tests/evaluation/test_plots.py",
    "tests/executors/test_ray_starts.py",
    *(f"tests/plugins/test_{name}.py" for name in ("manifest", "observers", "requirements", "scan")),
    "tests/storage",
    "tests/testing/test_fixtures.py",
    "tests/training/test_tensorboard.py",
    *(f"tests/world/test_{name}.py" for name in ("annotations", "compiled", "determinism", "numba_inside", "views")),
)
"""Where Townlet meets its dependencies; the long form runs the rest, too."""
NEWEST_MINOR = 14


class SkippedError(Exception):
    """This lane cannot run here; the message says why."""


@dataclass(frozen=True)
class Choice:
    """What was asked for on the command line."""

    python: str
    jobs: int
    long: bool
    torch: str | None = None


@dataclass(frozen=True)
class Lane:
    """A lane: what it does, how many seconds it may take on two quiet cores, and the function that returns a code."""

    about: str
    budget: int
    run: Callable[[Choice], int]
    by_default: bool = True


def quick_start(choice: Choice) -> int:
    """The README as typed, with the Python that was asked for."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder) / "a checkout, größer")
        return _run([choice.python, ".ci/quick_start.py", str(checkout)])


def on_debian(choice: Choice) -> int:
    """The README as typed on the newest Debian stable; the long form runs the tests there, too."""
    reason = debian.why_not()
    if reason is not None:
        raise SkippedError(reason)
    root = debian.make_root("stable")
    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder) / "checkout")
        code = debian.enter(root, checkout, ["python3", ".ci/quick_start.py", "."], {})
        if code == 0 and choice.long:
            code = debian.enter(root, checkout, ["make", "demo", "test-light"], {"OMP_NUM_THREADS": "1"})
    return code


def lowest(choice: Choice) -> int:
    """Every direct dependency in the lowest version that is declared."""
    return _with_uv("lowest", choice.python, ["--resolution", "lowest-direct"], choice)


def pre_releases(choice: Choice) -> int:
    """Everything in the newest version there is, releases that are not finished included."""
    return _with_uv("pre-releases", newest_python(choice.python), ["--prerelease", "allow"], choice)


def newest(choice: Choice) -> int:
    """Everything in the newest version there is, on the newest Python of this machine."""
    return _with_uv("newest", newest_python(choice.python), [], choice)


LANES = {
    "lowest": Lane("lowest declared versions", 360, lowest),
    "newest": Lane("newest versions, newest Python here", 360, newest),
    "pre-releases": Lane("what will break next", 360, pre_releases, by_default=False),
    "quick-start": Lane("the README as typed, without pins", 120, quick_start),
    "debian": Lane("the README as typed on the newest Debian stable", 240, on_debian),
}


def extras() -> list[str]:
    """The extras that core declares."""
    document = tomllib.loads((ROOT / "townlet-core/pyproject.toml").read_text(encoding="utf-8"))
    return sorted(document["project"].get("optional-dependencies", {}))


def newest_python(otherwise: str) -> str:
    """The newest interpreter that Townlet supports and that works here: on the path, or one that pyenv keeps."""
    kept = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for minor in range(NEWEST_MINOR, 10, -1):
        for candidate in [f"python3.{minor}", *map(str, sorted(kept.glob(f"3.{minor}.*/bin/python3"), reverse=True))]:
            found = shutil.which(candidate)
            if (
                found
                and subprocess.run([found, "-m", "venv", "--help"], capture_output=True, check=False).returncode == 0
            ):
                return found
    return otherwise


def copy_checkout(target: Path) -> Path:
    """A copy of what git knows of the checkout, uncommitted changes included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def _with_uv(name: str, python: str, resolution: Sequence[str], choice: Choice) -> int:
    """An environment with every extra of core, made anew, and the tests in it."""
    folder = ROOT / f".venv-{name}"
    inside = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    core = f"./townlet-core[{','.join(extras())}]"
    install = ["pip", "install", "--quiet", "--python", str(inside)]
    brought = ["-e", core, "-e", "./townlet-backend-scripted"]
    if choice.torch is not None:
        brought += [choice.torch, "-e", "./townlet-backend-pytorch"]
    for words in (
        ["venv", "--quiet", "--clear", "--python", python, str(folder)],
        [*install, *resolution, *brought],
        [*install, "-r", "requirements-test.txt"],
        ["pip", "check", "--python", str(inside)],
        ["pip", "freeze", "--exclude-editable", "--python", str(inside)],
    ):
        code = _run([uv_program(), *words], uv_settings(pip_settings()))
        if code:
            return code
    tests = ["tests"] if choice.long else list(CHOSEN)
    without = [] if choice.long else ["not slow", "not wheels"]
    marks = " and ".join([*without, *([] if choice.torch else ["not torch"])])
    # Old releases use what newer ones of their own dependencies call deprecated; that is not ours to mend.
    old = ["-W", "default::DeprecationWarning"] if name == "lowest" else []
    command = [
        str(inside),
        "-m",
        "pytest",
        *old,
        "-q",
        "-n",
        str(choice.jobs),
        "-p",
        "no:cacheprovider",
        "-m",
        marks,
        *tests,
    ]
    return _run(command, {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})


def uv_program() -> str:
    """The path of uv: beside this interpreter, or on the path.

    Raises:
        SkippedError: there is none.
    """
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise SkippedError("uv not found: `pip install -r requirements-dev.txt`")
    return found


def _run(command: list[str], environment: dict[str, str] | None = None) -> int:
    print("$", *command, flush=True)
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **(environment or {})}, check=False).returncode


def main(names: Sequence[str], choice: Choice) -> int:
    """Runs the lanes in order, all of them even where one fails; returns an exit code."""
    lines, failed = [], []
    for name in names:
        lane = LANES[name]
        print(f"\n== lane {name}: {lane.about}", flush=True)
        began = time.monotonic()
        try:
            code = lane.run(choice)
            result = "passed" if code == 0 else f"FAILED ({code})"
            failed += [name] if code else []
        except SkippedError as reason:
            result = f"SKIPPED, NOTHING WAS PROVED: {reason}"
        seconds = time.monotonic() - began
        over = (
            "" if choice.long or seconds <= lane.budget else f", OVER ITS BUDGET of {lane.budget} s on two quiet cores"
        )
        lines.append(f"lane {name:<12} {seconds:5.0f} s  {result}{over}")
    print("\n" + "\n".join(lines), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("lanes", nargs="*", metavar="LANE", help=f"default: all of {', '.join(LANES)}")
    parser.add_argument("--list", action="store_true", help="show the lanes and their budgets")
    parser.add_argument("--long", action="store_true", help="all tests instead of a chosen part, and no budget")
    parser.add_argument("--python", default="python3", help="the interpreter (default: python3)")
    parser.add_argument("--jobs", type=int, default=2, help="processes of pytest (default: 2)")
    parser.add_argument(
        "--torch",
        nargs="?",
        const="torch",
        metavar="REQUIREMENT",
        help="with the PyTorch backend; UV_TORCH_BACKEND=cpu keeps uv from fetching CUDA (default: no PyTorch)",
    )
    asked = parser.parse_args()
    unknown = set(asked.lanes) - set(LANES)
    if unknown:
        parser.error(f"unknown lane {sorted(unknown)[0]!r}; choose from {', '.join(LANES)}")
    if asked.list:
        for name, lane in LANES.items():
            print(f"{name:<12} {lane.budget:4} s  {lane.about}{'' if lane.by_default else ' (on demand)'}")
        sys.exit(0)
    chosen = asked.lanes or [name for name, lane in LANES.items() if lane.by_default]
    sys.exit(main(chosen, Choice(asked.python, asked.jobs, asked.long, asked.torch)))
