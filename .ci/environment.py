"""Makes a virtual environment in the folder named on the command line, unless a working one is there.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

OLDEST = (3, 11)


def main(folder: Path) -> int:
    """Returns an exit code."""
    if sys.version_info < OLDEST:
        needed, found = ".".join(map(str, OLDEST)), sys.version.split()[0]
        print(f"Townlet needs Python {needed} or newer, found {found} ({sys.executable})", file=sys.stderr)
        print("  choose another one:  make demo PYTHON=/path/to/python3", file=sys.stderr)
        return 2
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not _works(python):
        print(f"making {folder} with Python {sys.version.split()[0]}")
        venv.create(folder, with_pip=True, clear=True)
    return 0


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    found = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
    return found.returncode == 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
