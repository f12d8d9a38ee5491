"""What the tests of the command line share: run it as a user does, in a child process, or in this one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from townlet.cli.entry import main


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


Townlet = Callable[..., Outcome]


@pytest.fixture
def townlet(capsys: pytest.CaptureFixture[str]) -> Townlet:
    """Runs ``townlet WORDS...`` in this process."""

    def _townlet(*words: str) -> Outcome:
        capsys.readouterr()
        code = main(list(words))
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return _townlet


@pytest.fixture
def python(tmp_path: Path) -> Townlet:
    """Runs ``python ARGUMENTS...`` in a child process, in an empty folder."""

    def _python(*arguments: str, extra: Mapping[str, str] | None = None) -> Outcome:
        environment = {**os.environ, "COLUMNS": "100", **(extra or {})}
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return _python
