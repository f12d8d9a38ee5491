"""Nothing in the sources works on one system alone: what one lacks is used after asking which one this is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path for source in ROOT.glob("townlet-*/src") for path in source.rglob("*.py"))
MODULES = {"fcntl", "grp", "msvcrt", "pwd", "resource", "termios", "tty"}
"""Modules that one family of systems lacks."""
CALLS = {
    "os": {
        "O_DIRECT",
        "fork",
        "getuid",
        "geteuid",
        "killpg",
        "mkfifo",
        "pread",
        "pwrite",
        "sched_getaffinity",
        "setsid",
    },
    "signal": {"SIGHUP", "SIGKILL", "SIGQUIT", "SIGALRM", "SIGXFSZ", "setitimer"},
}
ASKS = re.compile(r"sys\.platform|os\.name|hasattr\((os|signal)|ModuleNotFoundError|ImportError|AttributeError")
"""How a condition says that it is about the system."""


def uses(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and name of each use of something that one family of systems lacks."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names if alias.name in MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            found.append((node.lineno, node.module))
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.attr in CALLS.get(node.value.id, ())
        ):
            found.append((node.lineno, f"{node.value.id}.{node.attr}"))
    return found


def asked_about(text: str, tree: ast.Module, line: int) -> bool:
    """Whether the code around a line asks which system this is, or every function that calls what is around it does."""
    kinds = ast.If | ast.Try | ast.FunctionDef
    around = [node for node in ast.walk(tree) if isinstance(node, kinds) and node.lineno <= line <= _end(node)]
    if any(ASKS.search(_text(text, node)) for node in around):
        return True
    names = {node.name for node in around if isinstance(node, ast.FunctionDef)}
    callers = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and node not in around
        and any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))
    ]
    return bool(callers) and all(ASKS.search(_text(text, node)) for node in callers)


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _text(text: str, node: ast.stmt) -> str:
    return "\n".join(text.splitlines()[node.lineno - 1 : _end(node)])


def unasked(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    return [f"{path.name}:{line} {name}" for line, name in uses(tree) if not asked_about(text, tree, line)]


def test_what_one_system_lacks_is_used_only_after_asking_which_one_this_is() -> None:
    assert [problem for path in FILES for problem in unasked(path)] == []


@pytest.mark.parametrize(
    "text",
    [
        "import fcntl\n",
        "import os\ndef stop(pid):\n    os.killpg(pid, 9)\n",
        "import os\nif os.path.exists('x'):\n    os.fork()\n",
        "def keys():\n    from termios import tcgetattr\n",
    ],
)
def test_this_test_notices(text: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(text, encoding="utf-8")
    assert len(unasked(tmp_path / "wrong.py")) == 1


def leaves_encoding_out(call: ast.Call) -> bool:
    """Whether a call opens, reads or writes a file as text in whatever encoding the system prefers."""
    if any(keyword.arg == "encoding" for keyword in call.keywords):
        return False
    if isinstance(call.func, ast.Attribute):
        expected = {"read_text": 0, "write_text": 1}.get(call.func.attr)
        return expected == len(call.args)
    if not (isinstance(call.func, ast.Name) and call.func.id == "open"):
        return False
    return not any(isinstance(mode, ast.Constant) and "b" in str(mode.value) for mode in call.args[1:2])


def test_text_is_read_and_written_in_an_encoding_that_is_named() -> None:
    found = [
        f"{path.name}:{node.lineno}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and leaves_encoding_out(node)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ("path.read_text()", True),
        ("path.write_text(text)", True),
        ("open(path, 'w')", True),
        ("open(path)", True),
        ("path.read_text(encoding='utf-8')", False),
        ("distribution.read_text('METADATA')", False),
        ("open(path, 'rb')", False),
    ],
)
def test_this_test_knows_text_from_bytes(call: str, wrong: bool) -> None:
    (node,) = [node for node in ast.walk(ast.parse(call)) if isinstance(node, ast.Call)]
    assert leaves_encoding_out(node) is wrong


def test_no_two_files_differ_in_case_alone() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("[!.]*/**/*") if ".venv" not in path.parts]
    folded: dict[str, str] = {}
    assert [(name, folded[name.lower()]) for name in names if folded.setdefault(name.lower(), name) != name] == []
