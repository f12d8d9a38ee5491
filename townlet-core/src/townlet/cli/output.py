"""What commands print: results on stdout, everything else on stderr.

With ``--json`` stdout holds one JSON document and nothing else, so it can be piped into another program. Whatever is
printed is made visible (``townlet.visible``): no name in a file moves the cursor. Who puts a name into a line makes the
name visible, too, so that it cannot begin another line. This module does without click, because ``backends list``
does (see ``townlet.cli.entry``).
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from townlet.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "JSONValue",
    "as_typed",
    "console",
    "counted",
    "emit",
    "emit_json",
    "emit_table",
    "say_where",
    "warn",
    "warn_and_keep",
]

JSONValue = None | bool | int | float | str | Sequence["JSONValue"] | Mapping[str, "JSONValue"]


def emit_json(document: Mapping[str, JSONValue]) -> None:
    """Prints one JSON document, indented, keys in the order given. NaN and infinities are refused: use None.

    Raises:
        ValueError: a number that is not finite.
    """
    import json  # a start without --json does without it

    emit(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def emit(text: str = "") -> None:
    """Prints a line of the result on stdout."""
    print(visible(text, lines=True))  # noqa: T201


def emit_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a plain table on stdout: columns as wide as they need to be, two spaces between them."""
    lines = [[visible(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        emit("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def counted(number: float, thing: str, things: str | None = None) -> str:
    """A number of things in words: ``1 town``, ``1,000 towns``; ``things`` where the plural takes more than an s."""
    figure = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{figure} {thing if number == 1 else things or f'{thing}s'}"


def as_typed(word: object) -> str:
    """A word of a command that is shown to be typed, quoted where a shell of this system would break it."""
    if sys.platform == "win32":
        from subprocess import list2cmdline

        return list2cmdline([str(word)])
    from shlex import quote  # few outputs need it, and a start does without it

    return quote(str(word))


def warn(message: str) -> None:
    """Prints a warning on stderr."""
    print(f"warning: {visible(message, lines=True)}", file=sys.stderr)  # noqa: T201


def warn_and_keep(warnings: list[str]) -> Callable[[str], None]:
    """A :func:`warn` that also appends what it says to ``warnings``, for the end or for ``--json``."""

    def told(message: str) -> None:
        warnings.append(message)
        warn(message)

    return told


def say_where(folder: object, *, quiet: bool = False) -> None:
    """Says on stderr, before the work, where its outcome goes."""
    if not quiet:
        print(f"writing to {visible(str(folder))}", file=sys.stderr)  # noqa: T201


@functools.cache
def console() -> Console:
    """The rich console on stderr, for progress and remarks; imported when it is first needed."""
    from townlet.cli.painting import VisibleConsole

    return VisibleConsole(stderr=True, highlight=False)
