"""What others build on, as one sorted list of lines, compared with the last accepted one.

    python .ci/surface.py            what differs; fails where a difference is not signed
    python .ci/surface.py --write    accept the surface as it is now: writes the list and empties the signatures
    python .ci/surface.py --show     print it

Watched are the contract, the conformance kit, hooks, results, configs and file formats (read from the sources by
griffe), and the command line with its options and documented JSON keys.

A difference is signed in ``.ci/surface-signed.toml``: which lines (a pattern), what it is, why, since which version. A
signature that matches no difference fails too, so that none stays behind.
"""

from __future__ import annotations

import argparse
import fnmatch
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import griffe

ROOT = Path(__file__).resolve().parents[1]
ACCEPTED = ROOT / ".ci/surface.txt"
SIGNED = ROOT / ".ci/surface-signed.toml"
PYTHON = ("townlet.api", "townlet.testing", "townlet.plugins.hooks", "townlet.errors")
"""Every public name of these."""
FIELDS = ("townlet.config", "townlet.data.manifest", "townlet.checkpoints.manifest", "townlet.training.results")
"""Fields of the classes in these modules and those below them: keys of configs, files and results."""
_DESCRIPTION = re.compile(r""",? ?description=(?:'[^']*'|"[^"]*")""")
_KEYS = ("what", "why", "since", "lines")


@dataclass(frozen=True)
class Signature:
    """A difference that is meant."""

    what: str
    why: str
    since: str
    lines: tuple[str, ...]

    def covers(self, line: str) -> bool:
        """Whether it is about this line (``+ ...`` or ``- ...``); ``*`` in its patterns stands for anything."""
        return any(fnmatch.fnmatchcase(line, pattern.replace("[", "[[]")) for pattern in self.lines)


def surface() -> list[str]:
    """The surface as it is now, sorted."""
    paths = [str(ROOT / "townlet-core/src")]
    core = griffe.load("townlet", search_paths=paths, allow_inspection=False, resolve_aliases=True)
    lines: set[str] = set()
    for name in PYTHON:
        lines.update(_python(core[name.removeprefix("townlet.")], name))
    for name in FIELDS:
        lines.update(_fields(core[name.removeprefix("townlet.")]))
    lines.update(_command_line())
    return sorted(lines)


def _python(module: griffe.Object | griffe.Alias, shown: str) -> Iterator[str]:
    names = module.exports if module.exports is not None else [n for n in module.members if not n.startswith("_")]
    for name in map(str, names):
        yield from _member(module.members[name], f"{shown}.{name}")


def _member(found: griffe.Object | griffe.Alias, shown: str) -> Iterator[str]:
    if isinstance(found, griffe.Alias):
        try:
            found = found.final_target
        except griffe.GriffeError:
            yield f"python {shown}"
            return
    if isinstance(found, griffe.Function):
        returns = "" if found.returns is None else f" -> {found.returns}"
        yield f"python {shown}({', '.join(map(_parameter, found.parameters))}){returns}"
    elif isinstance(found, griffe.Class):
        yield f"python {shown}: class({', '.join(map(str, found.bases))})"
        for name, member in found.members.items():
            if not name.startswith("_") or name in ("__init__", "__call__"):
                yield from _member(member, f"{shown}.{name}")
    elif isinstance(found, griffe.Attribute):
        kind = "" if found.annotation is None else f": {found.annotation}"
        value = "" if found.value is None else f" = {_DESCRIPTION.sub('', str(found.value))}"
        yield f"python {shown}{kind}{value}"
    else:
        yield f"python {shown}"


def _parameter(parameter: griffe.Parameter) -> str:
    star = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}.get(parameter.kind, "")
    named = " (by name)" if parameter.kind is griffe.ParameterKind.keyword_only else ""
    kind = "" if parameter.annotation is None else f": {parameter.annotation}"
    default = "" if parameter.default is None or star else f" = {parameter.default}"
    return f"{star}{parameter.name}{kind}{default}{named}"


def _fields(found: griffe.Object | griffe.Alias) -> Iterator[str]:
    for name, member in found.members.items():
        if isinstance(member, griffe.Alias) or name.startswith("_"):
            continue
        if isinstance(member, griffe.Module):
            yield from _fields(member)
        elif isinstance(member, griffe.Class):
            for field, value in member.members.items():
                if isinstance(value, griffe.Attribute) and value.annotation is not None and not field.startswith("_"):
                    yield f"field {member.path}.{field}: {value.annotation}"


def _command_line() -> Iterator[str]:
    from townlet.cli.app import townlet

    yield from _command(townlet, "townlet")


def _command(command: click.Command, shown: str) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            names = "/".join([*parameter.opts, *parameter.secondary_opts])
            kind = "flag" if parameter.is_flag else parameter.make_metavar(click.Context(command))
            yield f"command {shown} {names} {kind}{' (required)' if parameter.required else ''}"
        elif isinstance(parameter, click.Argument):
            yield f"command {shown} {parameter.make_metavar(click.Context(command))}"
    prose = f"{command.help or ''}\n\n{command.epilog or ''}"
    for paragraph in re.split(r"\n\s*\n", prose):
        if "JSON" in paragraph and "schema_version" in paragraph:
            yield f"command {shown} {' '.join(paragraph.split())}"
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _command(inner, f"{shown} {name}")


def differences(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """``- line`` for what went, ``+ line`` for what came."""
    old, new = set(before), set(after)
    return sorted(
        [*(f"- {line}" for line in old - new), *(f"+ {line}" for line in new - old)], key=lambda x: (x[2:], x)
    )


def read_signatures(document: Mapping[str, object]) -> list[Signature]:
    """The signatures in a parsed file.

    Raises:
        ValueError: one lacks a key, or says nothing.
    """
    entries = document.get("signed", [])
    found = []
    for entry in entries if isinstance(entries, list) else []:
        if set(entry) != set(_KEYS) or not all(entry[key] for key in _KEYS):
            raise ValueError(f"a signature says {', '.join(_KEYS)}, each of them something; found {entry}")
        found.append(Signature(entry["what"], entry["why"], entry["since"], tuple(entry["lines"])))
    return found


def problems(found: Sequence[str], signatures: Sequence[Signature]) -> list[str]:
    """Differences that nobody signed, and signatures without a difference."""
    unsigned = [line for line in found if not any(signature.covers(line) for signature in signatures)]
    unused = [
        f"signed, but nothing differs: {signature.what} ({pattern})"
        for signature in signatures
        for pattern in signature.lines
        if not any(Signature("", "", "", (pattern,)).covers(line) for line in found)
    ]
    return unsigned + unused


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns an exit code."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--write", action="store_true", help="accept the surface as it is now")
    parser.add_argument("--show", action="store_true", help="print it")
    asked = parser.parse_args(arguments)
    now = surface()
    if asked.show:
        print("\n".join(now))
        return 0
    if asked.write:
        ACCEPTED.write_text("\n".join(now) + "\n", encoding="utf-8")
        SIGNED.write_text(
            "# Differences from surface.txt that are meant: [[signed]] what, why, since, lines\n", encoding="utf-8"
        )
        print(f"accepted {len(now)} lines")
        return 0
    if not ACCEPTED.exists():
        print("no surface has been accepted yet: python .ci/surface.py --write")
        return 0
    signatures = read_signatures(tomllib.loads(SIGNED.read_text(encoding="utf-8")))
    wrong = problems(differences(ACCEPTED.read_text(encoding="utf-8").splitlines(), now), signatures)
    print("\n".join(wrong or ["the surface is the accepted one"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
