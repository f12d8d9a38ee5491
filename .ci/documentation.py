"""Builds the documentation as a site, with Material for MkDocs or with Zensical.

Usage: ``python .ci/documentation.py mkdocs`` or ``python .ci/documentation.py zensical [--strict]``. Both also make the
towns of the gallery (``gallery.py``), once for the same code.

Both read the same prepared folder, ``build/site-source``: the pages of ``docs`` without the words in fences that only
the tests read, such as ``console run needs=torch``. So neither needs a plugin or hook that the other lacks. MkDocs
writes the site that is published, to ``site``. Zensical is to replace it one day; until then its lane may fail: it says
so loudly and exits with 0, unless ``--strict`` is given.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["prepare"]

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "build/site-source"
_FENCE = re.compile(r"^( *```+\w+) [^\n]*$", re.M)
_LEFT_OUT = ("examples", "*.py", "__pycache__")


def prepare(root: Path, target: Path) -> None:
    """Copy ``docs`` and ``mkdocs.yml`` of ``root`` to ``target``, with the fences as a reader is to see them."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(root / "docs", target / "docs", ignore=shutil.ignore_patterns(*_LEFT_OUT))
    shutil.copy(root / "mkdocs.yml", target)
    for page in (target / "docs").rglob("*.md"):
        page.write_text(_FENCE.sub(r"\1", page.read_text(encoding="utf-8")), encoding="utf-8")


def _program(name: str) -> list[str]:
    beside = Path(sys.executable).with_name(name)
    return [str(beside) if beside.exists() else name]


def mkdocs() -> int:
    """Returns an exit code."""
    command = [*_program("mkdocs"), "build", "--strict", "--quiet", "-f", str(SOURCE / "mkdocs.yml")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run([*command, "-d", str(ROOT / "site")], check=False, env=environment).returncode


def zensical() -> int:
    """Returns an exit code."""
    command = [*_program("zensical"), "build", "--strict", "-f", str(SOURCE / "mkdocs.yml")]
    try:
        done = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True, check=False, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"zensical: could not be run: {error}")
        return 1
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-4000:], sep="\n")
        return done.returncode
    pages = len(list((SOURCE / "docs").rglob("*.md")))
    built = len(list((SOURCE / "site").rglob("index.html")))
    if built < pages:
        print(f"zensical: built {built} of {pages} pages")
        return 1
    print(f"zensical: {built} pages")
    return 0


def main() -> int:
    """Returns an exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builder", choices=["mkdocs", "zensical"])
    parser.add_argument("--no-gallery", action="store_true", help="Leave out the towns of the gallery.")
    parser.add_argument("--strict", action="store_true", help="Fail where Zensical fails.")
    asked = parser.parse_args()
    prepare(ROOT, SOURCE)
    if not asked.no_gallery:
        from gallery import build  # needs the PyTorch backend

        build(SOURCE / "docs/gallery")
    if asked.builder == "mkdocs":
        return mkdocs()
    code = zensical()
    if code and not asked.strict:
        print("ZENSICAL CANNOT BUILD THE SITE (see above). This lane may fail: the published site is built by MkDocs.")
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
