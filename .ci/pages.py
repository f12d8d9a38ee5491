"""Executes the fenced blocks of Markdown pages that ask for it; standard library only, so it runs before any install.

A fenced block is executed when its info string says so:

- ```` ```console run ````: each line that begins with ``$ `` is a command; lines under it are what it must print,
  ``...`` standing for anything. Without such lines the output is not compared. ``exit=2`` in the info string: that
  must be the exit code instead of 0.
- ```` ```python run ````: a script of its own.
- ```` ```yaml file=town.yaml ```` (any language): written to that file first.
- ``needs=torch``: left out where that module is not installed.

The blocks of one page run in order, in one new folder.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Block", "PageError", "Run", "captured", "execute", "in_this_python", "read_blocks"]

Run = Callable[[list[str], Path], "subprocess.CompletedProcess[str]"]
"""How a command is run: its words, and the folder."""

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<ticks>```+)(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=indent)(?P=ticks) *$", re.M | re.S
)


class PageError(AssertionError):
    """A page promises what does not happen."""


@dataclass(frozen=True)
class Block:
    """A fenced block that is executed or written to a file."""

    page: str
    line: int
    language: str
    body: str
    flags: frozenset[str] = frozenset()
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def asks(self) -> bool:
        """Whether its info string asks to be executed or written."""
        return "run" in self.flags or "file" in self.settings


def read_blocks(page: str, text: str) -> list[Block]:
    """All fenced blocks of a page, in order, whether they ask to be executed or not."""
    found = []
    for match in _FENCE.finditer(text):
        language, *words = match["info"].split() or [""]
        settings = dict(word.split("=", 1) for word in words if "=" in word)
        flags = frozenset(word for word in words if "=" not in word)
        indent = len(match["indent"])
        body = "".join(line[indent:] for line in match["body"].splitlines(keepends=True))
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(page, line, language, body, flags, settings))
    return found


def in_this_python(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """How the tests run a command: ``townlet`` and ``python`` only, with the interpreter that runs the tests.

    Raises:
        PageError: the command is another program.
    """
    program, *arguments = words
    if program not in ("townlet", "python"):
        raise PageError(f"only townlet and python can be run, found {program!r}")
    command = [sys.executable, *(["-m", "townlet"] if program == "townlet" else []), *arguments]
    return captured(command, folder, dict(os.environ))


def captured(
    command: list[str], folder: Path, environment: dict[str, str], seconds: float = 300
) -> subprocess.CompletedProcess[str]:
    """Runs a command as on a plain terminal of 100 columns; its two streams are one, as a reader sees them.

    Raises:
        PageError: it takes longer than that; it and what it started are ended.
    """
    plain = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment | plain,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=os.name == "posix",
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
            raise PageError(f"not done after {seconds:.0f} s: {command[-1][:80]}") from None
    return subprocess.CompletedProcess(command, process.returncode, output)


def execute(block: Block, folder: Path, run: Run = in_this_python) -> None:
    """Executes one block in the folder.

    Raises:
        PageError: it does not do what the page says.
    """
    needed = block.settings.get("needs")
    if needed and importlib.util.find_spec(needed) is None:
        return
    if "file" in block.settings:
        target = folder / block.settings["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.body, encoding="utf-8")
    elif block.language == "python":
        _output(["python", "-W", "error", "-c", block.body], block, folder, run)
    elif block.language == "console":
        for words, expected in _commands(block):
            output = _output(words, block, folder, run)
            if expected and not _matches(expected, output):
                raise PageError(f"{block.where}: {shlex.join(words)} printed\n{output}\nand not\n{expected}")
    else:
        raise PageError(f"{block.where}: do not know how to run {block.language!r}")


def _commands(block: Block) -> Iterator[tuple[list[str], str]]:
    text = block.body.replace("\\\n", " ")
    if not text.lstrip().startswith("$ "):
        raise PageError(f"{block.where}: a console block begins with '$ '")
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, expected = part.partition("\n")
        words = shlex.split(command, comments=True)
        if {"|", ">", "<", "&&", ";"} & set(words):
            raise PageError(f"{block.where}: no shell runs this; a pipe or redirection would be lost: {command}")
        yield words, expected.strip("\n")


def _output(words: list[str], block: Block, folder: Path, run: Run) -> str:
    try:
        done = run(words, folder)
    except PageError as error:
        raise PageError(f"{block.where}: {error}") from None
    wanted = int(block.settings.get("exit", "0"))
    if done.returncode != wanted:
        raise PageError(f"{block.where}: exit code {done.returncode}, not {wanted}: {words[-1][:80]}\n{done.stdout}")
    return done.stdout


def _matches(expected: str, output: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    plain = "\n".join(line.rstrip() for line in output.strip().splitlines())
    return re.fullmatch(pattern, plain, flags=re.S) is not None
