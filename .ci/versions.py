"""The version of the three distributions, which are released in step. Standard library only.

    python3 .ci/versions.py check [--tag v0.2.0]   everything says the same, and so does the tag
    python3 .ci/versions.py set 0.2.0              write it everywhere
    python3 .ci/versions.py notes --tag v0.2.0     print that version's part of CHANGELOG.md

The place that counts is ``townlet-core/pyproject.toml``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DISTRIBUTIONS = ("townlet-core", "townlet-backend-scripted", "townlet-backend-pytorch")
_NUMBER = r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?"
_PLACES: dict[str, str] = {
    **{f"{name}/pyproject.toml": rf'^version = "({_NUMBER})"$' for name in DISTRIBUTIONS},
    "CITATION.cff": rf"^version: ({_NUMBER})$",
}
"""File to the one line in it that holds the version."""


def found_versions(root: Path = ROOT) -> dict[str, str]:
    """File to the version it names.

    Raises:
        LookupError: a file names none, or more than one.
    """
    versions = {}
    for name, pattern in _PLACES.items():
        found = re.findall(pattern, (root / name).read_text(encoding="utf-8"), flags=re.M)
        if len(found) != 1:
            raise LookupError(f"{name}: one line must match {pattern}, found {len(found)}")
        versions[name] = found[0]
    return versions


def disagreements(root: Path = ROOT, tag: str | None = None) -> list[str]:
    """What does not fit, in words; empty where all is well."""
    versions = found_versions(root)
    wanted = versions["townlet-core/pyproject.toml"]
    problems = [f"{name} has {found}, core has {wanted}" for name, found in versions.items() if found != wanted]
    if tag is not None:
        if tag != f"v{wanted}":
            problems.append(f"the tag is {tag}, it must be v{wanted}")
        if not notes(root, wanted):
            problems.append(f"CHANGELOG.md has no section for {wanted}: run `towncrier build --version {wanted}`")
    return problems


def notes(root: Path, version: str) -> str:
    """The part of CHANGELOG.md about a version, without its heading; empty where there is none."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    match = re.search(rf"^## {re.escape(version)}(?:[ ,][^\n]*)?\n(.*?)(?=^## |\Z)", text, flags=re.M | re.S)
    return match[1].strip() if match else ""


def write_version(root: Path, version: str) -> None:
    """Writes a version everywhere.

    Raises:
        ValueError: it is not X.Y.Z, with at most aN, bN or rcN behind it.
    """
    if not re.fullmatch(_NUMBER, version):
        raise ValueError(f"a version is X.Y.Z, with at most aN, bN or rcN behind it; found {version!r}")
    for name, pattern in _PLACES.items():
        path = root / name
        text = path.read_text(encoding="utf-8")
        path.write_text(
            re.sub(pattern, lambda line: line[0].replace(line[1], version), text, flags=re.M), encoding="utf-8"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns an exit code."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="everything says the same").add_argument("--tag")
    commands.add_parser("set", help="write it everywhere").add_argument("version")
    commands.add_parser("notes", help="print what changed").add_argument("--tag", required=True)
    asked = parser.parse_args(arguments)
    if asked.command == "set":
        write_version(ROOT, asked.version)
    if asked.command == "notes":
        print(notes(ROOT, asked.tag.removeprefix("v")))
        return 0
    problems = disagreements(ROOT, asked.tag if asked.command == "check" else None)
    print("\n".join(problems or [f"everything says {found_versions()['townlet-core/pyproject.toml']}"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
