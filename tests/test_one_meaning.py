"""A name means one thing: what is public in one room is not defined again, as something else, in another."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = {
    "townlet": ROOT / "townlet-core/src/townlet",
    "townlet_backend_scripted": ROOT / "townlet-backend-scripted/src/townlet_backend_scripted",
    "townlet_backend_pytorch": ROOT / "townlet-backend-pytorch/src/townlet_backend_pytorch",
}
DELIBERATE = {
    "BCTrainingConfig": "the name that earlier documents give to both the config's section and the backend's settings",
    "main": "the customary name of where a program begins: the command line's, and that of the probe's child process",
}
"""Names that may be defined twice, each with its reason."""


def public_definitions(tree: ast.Module) -> Iterator[str]:
    """Classes, functions and names of types that a module defines at its top and lists in ``__all__``."""
    listed: list[str] = []
    defined: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            defined.append(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id == "__all__":
                listed = ast.literal_eval(node.value)
            defined.append(node.targets[0].id)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            defined.append(node.target.id)
    return (name for name in dict.fromkeys(defined) if name in listed)


def is_constant(name: str) -> bool:
    """Constants are looked up where they are, such as ``SCHEMA_VERSION`` of a format."""
    return name.isupper()


def homonyms(definitions: dict[str, dict[str, Path]]) -> dict[str, list[str]]:
    """Name to the files of the rooms that define it, where there are several."""
    return {
        name: sorted(map(str, rooms.values()))
        for name, rooms in sorted(definitions.items())
        if len(rooms) > 1 and name not in DELIBERATE
    }


def definitions() -> dict[str, dict[str, Path]]:
    """Public name to the rooms that define it. A backend is one room, and answers hooks of the same names.

    Doors (``townlet.policy``) define nothing of their own: their names are those of what stands behind them.
    """
    found: dict[str, dict[str, Path]] = defaultdict(dict)
    for package, source in SOURCES.items():
        for path in sorted(source.rglob("*.py")):
            inside = path.relative_to(source)
            room = inside.parts[0] if package == "townlet" else package
            if (package, room) == ("townlet", "policy"):
                continue
            for name in public_definitions(ast.parse(path.read_text(encoding="utf-8"))):
                a_function_of_a_backend = package != "townlet" and name[0].islower()
                if not (is_constant(name) or a_function_of_a_backend or (room == "cli" and name == "command")):
                    found[name].setdefault(room, path.relative_to(ROOT))
    return found


def test_no_public_name_is_defined_in_two_rooms() -> None:
    found = definitions()
    assert len(found) > 400, "they are found at all"
    assert homonyms(found) == {}


def test_a_homonym_is_seen() -> None:
    found = {"Plan": {"api": Path("api/slow.py"), "tuning": Path("tuning/plan.py")}, "Job": {"play": Path("job.py")}}
    assert homonyms(found) == {"Plan": ["api/slow.py", "tuning/plan.py"]}
    source = '__all__ = ["Plan", "of"]\nclass Plan: ...\nclass Inner: ...\ndef of(): ...\n'
    assert list(public_definitions(ast.parse(source))) == ["Plan", "of"]


def test_what_is_deliberate_is_still_so() -> None:
    found = definitions()
    assert [name for name in DELIBERATE if len(found[name]) < 2] == []
