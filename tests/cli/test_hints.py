"""Hints are commands that work: each one that a message, a help text or a docstring names is parsed by the real CLI."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from townlet.cli.app import townlet

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    *(ROOT / "townlet-core/src").rglob("*.py"),
    *(ROOT / "townlet-backend-scripted/src").rglob("*.py"),
    *(ROOT / "townlet-backend-pytorch/src").rglob("*.py"),
    *(ROOT / "docs/examples").rglob("src/**/*.py"),
]
HOLE = "7"
"""In place of what is filled in: a name, a path and a number."""

_COMMAND = re.compile(r"(?:(?<=`)|(?<=  )|(?<=: )|^)townlet ([a-z][^`\n]*)", re.MULTILINE)
_END = re.compile(r"  (?=\S)|`|, or | \(|;|\. | \\u")


def texts(tree: ast.AST) -> Iterator[str]:
    """Every text of a module, f-strings with :data:`HOLE` for what they fill in."""
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in ast.walk(node) if part is not node)
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else HOLE for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def hints() -> dict[str, str]:
    """Command to a file that names it."""
    found: dict[str, str] = {}
    for path in SOURCES:
        for text in texts(ast.parse(path.read_text(encoding="utf-8"))):
            for match in _COMMAND.finditer(text):
                words = _END.split(match[1].replace("\\b", ""))[0].strip().rstrip(".,:")
                found.setdefault(words, path.relative_to(ROOT).as_posix())
    return found


def refused(words: str) -> str | None:
    """Why the CLI cannot parse the command, or None."""
    try:
        args = [HOLE if "{" in word else word for word in shlex.split(words)]
    except ValueError as error:
        return str(error)
    command, context = townlet, click.Context(townlet, info_name="townlet")
    while isinstance(command, click.Group) and args and not args[0].startswith("-"):
        found = command.get_command(context, args[0])
        if found is None:
            return f"there is no command {args[0]!r}"
        command, context = found, click.Context(found, info_name=args[0], parent=context)
        args = args[1:]
    if isinstance(command, click.Group):
        return None  # the group itself is named, or an option of it
    if args and args[-1].startswith("--") and any(args[-1] in p.opts and not p.is_flag for p in _options(command)):
        args = args[:-1]  # the option is named, not what it is given
    try:
        values, left, _ = command.make_parser(context).parse_args(list(args))
    except click.UsageError as error:
        return error.format_message()
    if left:
        return f"{left[0]!r} is one word too many"
    for parameter in command.params:
        value = values.get(parameter.name)
        given = isinstance(value, str | bool | int | list) or (isinstance(value, tuple) and value)
        if not given and parameter.required and args:
            return f"{parameter.name} is not there"
        choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else None
        if choices and isinstance(value, str) and value.islower() and value not in choices:
            return f"{value!r} is not one of {choices}"
    return None


def _options(command: click.Command) -> list[click.Option]:
    return [parameter for parameter in command.params if isinstance(parameter, click.Option)]


NAMES = {"engine snapshot": "the name of a format"}
FOUND = {words: file for words, file in hints().items() if words not in NAMES}


def test_hints_are_found() -> None:
    assert len(FOUND) > 60


@pytest.mark.parametrize("words", sorted(FOUND))
def test_a_hint_is_a_command_that_can_be_parsed(words: str) -> None:
    assert refused(words) is None, f"townlet {words}  ({FOUND[words]}): {refused(words)}"


@pytest.mark.parametrize(
    ("words", "why"),
    [("rum", "no command"), ("run --ticksy 3", "No such option"), ("runs show", None), ("runs show a b", "too many"),
     ("dataset inspects x", "no command"), ("promote --hold", "is not there"), ("view --out 'x", "No closing")],
)  # fmt: skip
def test_a_wrong_hint_would_be_caught(words: str, why: str | None) -> None:
    found = refused(words)
    assert found is None if why is None else found is not None and why in found
