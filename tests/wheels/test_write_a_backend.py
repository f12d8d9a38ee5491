"""The page "Write a backend" is followed word by word, in fresh environments.

Blocks marked ``run``, ``file=`` and ``follow`` are followed in order; ``follow=fresh`` in an environment where the
backend has never been, ``follow=jax`` in one with JAX, by a test of its own. What the tests may not do is go out: pip
gets no index and builds with what is there.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
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


def follow(place: Any, body: str, folder: Path) -> Iterator[tuple[list[str], str]]:
    """Each command of a block and what it printed; it must succeed."""
    for words in commands(body):
        done = place.run(translated(place, words), cwd=folder)
        assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}\n{done.stderr}"
        yield words, done.stdout


def test_the_page_is_followed(
    environment: Callable[..., Any], link_folder: Callable[..., Path], tmp_path: Path
) -> None:
    tools = ("hypothesis", "psutil", "pytest", "hatchling", "build", "editables")
    base = link_folder("page", "townlet-core", *tools)
    here, fresh = (environment(name, "-scripted", base=base) for name in ("page-here", "page-fresh"))
    followed: list[tuple[list[str], str]] = []
    for mark, body in blocks():
        if mark.startswith("file="):
            (tmp_path / mark.removeprefix("file=")).write_text(body, encoding="utf-8")
        elif mark != "follow=jax":
            followed += follow(fresh if mark == "follow=fresh" else here, body, tmp_path)
    said = {shlex.join(words[:4]): printed for words, printed in followed}
    for name in ("careful", "studious"):
        assert "conforms to contract" in said[f"townlet backends check {name}"]
    assert [words[:2] for words, _ in followed].count(["townlet", "backends"]) == 6
    assert [words[4] for words, _ in followed if words[:2] == ["townlet", "train"]] == ["bc", "rollout"]
    counts = re.findall(r"^5 learning +([0-9]+) +([0-9]+) +0 +0 +0 +0 ", said["townlet backends check studious"], re.M)
    assert counts, said["townlet backends check studious"]
    assert counts[0][0] == counts[0][1], "every check of the learning level ran and passed"
    report = json.loads((tmp_path / "conformance.json").read_text())
    assert report["conforms"]


def test_the_part_on_another_framework_is_followed(
    environment: Callable[..., Any], link_folder: Callable[..., Path], tmp_path: Path
) -> None:
    pytest.importorskip("jax")
    tools = ("hypothesis", "psutil", "hatchling", "editables")
    place = environment("page-jax", "-scripted", base=link_folder("page-jax", "townlet-core", "jax", *tools))
    place.patience = 900  # each shape that the kit shows is compiled
    example = Path("docs", "examples", "townlet-backend-jax")
    shutil.copytree(PAGE.parents[2] / example, tmp_path / "townlet" / example)
    followed = []
    for mark, body in blocks():
        if mark == "file=small.yaml":
            (tmp_path / "small.yaml").write_text(body, encoding="utf-8")
        elif mark == "follow=jax":
            followed += list(follow(place, body, tmp_path))
    said = {shlex.join(words[:4]): printed for words, printed in followed}
    assert "conforms to contract" in said["townlet backends check jax"]
    assert [words[4] for words, _ in followed if words[:2] == ["townlet", "train"]] == ["bc", "rollout"]
