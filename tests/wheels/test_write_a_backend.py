"""The page "Write a backend" is followed word by word, in fresh environments.

Blocks marked ``run``, ``file=`` and ``follow`` are followed in order; ``follow=fresh`` in an environment where the
backend has never been. What the tests may not do is go out: pip gets no index and builds with what is there.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.wheels, pytest.mark.slow]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-backend.md"
_FENCE = re.compile(r"^```(?P<info>\S+ \S.*?)\n(?P<body>.*?)^```$", re.M | re.S)
OFFLINE = ("--no-index", "--no-deps", "--no-build-isolation")


def blocks() -> Iterator[tuple[str, str]]:
    """How a block is marked (``run``, ``follow``, ``follow=fresh``, ``file=...``), and its text."""
    for match in _FENCE.finditer(PAGE.read_text(encoding="utf-8")):
        yield match["info"].split()[1], match["body"]


def commands(body: str) -> Iterator[list[str]]:
    """The commands of a block; lines of output under a ``$`` are left to the tests of the docs."""
    lines = body.splitlines()
    typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")] or lines
    yield from (shlex.split(line) for line in typed if line.strip())


def translated(place: Any, words: list[str]) -> list[str]:
    """The command as it runs in ``place`` without going out."""
    program, *rest = words
    if program == "pip":
        return [sys.executable, "-m", "pip", "--python", str(place.python), "--quiet", rest[0], *OFFLINE, *rest[1:]]
    if program == "townlet":
        return [str(place.script), *rest]
    if program == "pytest":
        return [str(place.python), "-m", "pytest", "-p", "no:cacheprovider", "-q", *rest]
    assert (program, rest[:2]) == ("python", ["-m", "build"]), words
    return [str(place.python), "-m", "build", "--no-isolation", *rest[2:]]


def test_the_page_is_followed(
    environment: Callable[..., Any], link_folder: Callable[..., Path], tmp_path: Path
) -> None:
    tools = ("hypothesis", "psutil", "pytest", "hatchling", "build", "editables")
    base = link_folder("page", "townlet-core", *tools)
    here, fresh = (environment(name, "-scripted", base=base) for name in ("page-here", "page-fresh"))
    followed = []
    for mark, body in blocks():
        if mark.startswith("file="):
            (tmp_path / mark.removeprefix("file=")).write_text(body, encoding="utf-8")
            continue
        place = fresh if mark == "follow=fresh" else here
        for words in commands(body):
            done = place.run(translated(place, words), cwd=tmp_path)
            assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}\n{done.stderr}"
            followed.append((words[0], words[1], done.stdout))
    said = [(program, what) for program, what, _ in followed]
    assert said.count(("townlet", "backends")) == 5
    assert {("pip", "install"), ("townlet", "train"), ("townlet", "evaluate"), ("python", "-m")} <= set(said)
    report = json.loads((tmp_path / "conformance.json").read_text())
    assert report["conforms"]
    assert report["distribution"] == "townlet-backend-careful 0.1.0"
    tests = [output for program, _, output in followed if program == "pytest"]
    assert [re.search(r"(\d+) passed", output)[1] for output in tests] == ["36", "3"]  # type: ignore[index]
