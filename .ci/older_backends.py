"""Keeps the wheels of today's backends, so that every later core is tried with them.

    python .ci/older_backends.py             what is kept, by the version it was built for
    python .ci/older_backends.py --write     build them for the present version; refuses to replace what is kept

Kept are the scripted backend, what `townlet backends new --learner` writes, and the learner in plain NumPy from the
examples: one wheel each, in `tests/wheels/older/VERSION`. `tests/wheels/test_older.py` installs every one of them
beside the core of the checkout. Run it with `--write` for each release, when the contract of that release is final.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import versions

ROOT = Path(__file__).resolve().parents[1]
OLDER = ROOT / "tests/wheels/older"
SCAFFOLD = "scaffold-learner"
_BUILD = "import os, sys; from hatchling.build import build_wheel; os.chdir(sys.argv[2]); build_wheel(sys.argv[1])"
_EPOCH = "1577836800"  # of the files in a wheel, so that the same sources give the same bytes


def build(into: Path) -> list[Path]:
    """Build the wheels.

    Args:
        into: folder, which must not exist.

    Raises:
        subprocess.CalledProcessError: if one cannot be built.
    """
    into.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as place:
        townlet = [sys.executable, "-m", "townlet"]
        _run([*townlet, "backends", "new", SCAFFOLD, "--learner", "--into", place])
        projects = (
            ROOT / "townlet-backend-scripted",
            ROOT / "docs/examples/townlet-backend-numpy-learner",
            Path(place) / f"townlet-backend-{SCAFFOLD}",
        )
        for project in projects:
            _run([sys.executable, "-c", _BUILD, str(into), str(project)])
    return sorted(into.glob("*.whl"))


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "SOURCE_DATE_EPOCH": _EPOCH})


def main() -> int:
    """Returns an exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        version = versions.found_versions()["townlet-core/pyproject.toml"]
        if (OLDER / version).exists():
            print(f"the backends of {version} are kept already: {OLDER / version}", file=sys.stderr)
            print("  delete that folder first if nothing was released with it", file=sys.stderr)
            return 1
        build(OLDER / version)
    for wheel in sorted(OLDER.glob("*/*.whl")):
        print(f"{wheel.relative_to(ROOT)}  {wheel.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
