"""Does what the README's quick start says, as typed: a new environment, pip without pins, wheels built on the way.

    python3 .ci/quick_start.py COPY_OF_THE_CHECKOUT

Standard library only, since it also runs where nothing is installed. The folder is written into: give it a copy.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pages

SECTION = "Quick start"
PATIENCE = 1200
"""Seconds that a command may take: the first town compiles its rules, and the machine may be busy."""


class Shell:
    """A POSIX shell in which one command follows the other: what one exports, the next one finds."""

    def __init__(self, folder: Path) -> None:
        self._state = folder / "environment"
        hidden = ("PIP_CONSTRAINT", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
        self.environment = {name: value for name, value in os.environ.items() if name not in hidden}

    def run(self, words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
        """Runs one command and keeps the environment it leaves."""
        command = shlex.join(words)
        print(f"$ {command}", flush=True)
        script = f'{command}\nstatus=$?\nenv -0 > "$0"\nexit $status'
        done = pages.captured(["sh", "-c", script, str(self._state)], folder, self.environment, PATIENCE)
        if self._state.exists():
            pairs = self._state.read_bytes().decode("utf-8", "surrogateescape").split("\0")
            self.environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        return done


def section(text: str, title: str) -> str:
    """The part of a Markdown page under a heading of the second level, with the lines before it left empty.

    Raises:
        LookupError: the page has no such heading.
    """
    match = re.search(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", text, flags=re.M | re.S)
    if match is None:
        raise LookupError(f"the page has no section {title!r}")
    return "\n" * text.count("\n", 0, match.start()) + match.group()


def blocks(text: str) -> list[pages.Block]:
    """What a reader of the section types, in order: the installation, too, which no test of the pages runs."""
    found = []
    for block in pages.read_blocks("README.md", section(text, SECTION)):
        if block.asks:
            found.append(block)
        elif block.language == "console":
            found.append(dataclasses.replace(block, flags=block.flags | {"run"}))
    return found


def main(checkout: Path) -> int:
    """Returns an exit code."""
    began = time.monotonic()
    steps = blocks((checkout / "README.md").read_text(encoding="utf-8"))
    if not any("pip install" in block.body for block in steps):
        print(f"README.md: the section {SECTION!r} installs nothing", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(Path(folder))
        try:
            for block in steps:
                pages.execute(block, checkout, shell.run)
        except pages.PageError as error:
            print(f"the quick start does not work as typed: {error}", file=sys.stderr)
            return 1
        versions = shell.run(["python", "-m", "pip", "list", "--format=freeze"], checkout).stdout.split()
    python = ".".join(map(str, sys.version_info[:3]))
    print(f"the quick start works as typed: Python {python}, {' '.join(versions)}")
    print(f"({time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("checkout", type=Path)
    sys.exit(main(parser.parse_args().checkout.resolve()))
