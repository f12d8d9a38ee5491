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
    """Whether the function around a line, or its module's top level, asks which system this is."""
    lines = text.splitlines()
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If | ast.Try | ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or line)
    ]
    return any(ASKS.search("\n".join(lines[node.lineno - 1 : node.end_lineno])) for node in around)


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


def test_text_is_read_and_written_in_an_encoding_that_is_named() -> None:
    """Windows and LANG=C have others: ``open``, ``read_text`` and ``write_text`` without one are named."""
    found = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            named = {keyword.arg for keyword in node.keywords}
            binary = any(isinstance(a, ast.Constant) and "b" in str(a.value) for a in node.args)
            text_mode = name in ("read_text", "write_text") or (
                name == "open" and isinstance(node.func, ast.Name | ast.Attribute) and not binary
            )
            owner = getattr(getattr(node.func, "value", None), "id", "")
            if text_mode and owner not in ("os", "h5py") and "encoding" not in named and len(node.args) < 4:
                found.append(f"{path.name}:{node.lineno} {name}")
    assert found == []


def test_no_two_files_differ_in_case_alone() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("[!.]*/**/*") if ".venv" not in path.parts]
    folded: dict[str, str] = {}
    assert [(name, folded[name.lower()]) for name in names if folded.setdefault(name.lower(), name) != name] == []
