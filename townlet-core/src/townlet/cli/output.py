"""What commands print: results on stdout, everything else on stderr.

With ``--json`` stdout holds one JSON document and nothing else, so it can be piped into another program. Whatever is
printed is made visible (``townlet.visible``): no name in a file moves the cursor. Who puts a name into a line makes the
name visible, too, so that it cannot begin another line. This module does without click, because ``backends list``
does (see ``townlet.cli.entry``).
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from townlet.visible import readable, visible

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "JSONValue",
    "as_typed",
    "console",
    "counted",
    "emit",
    "emit_json",
    "fitted",
    "say_where",
    "warn",
    "warn_and_keep",
    "window",
]

_COMMAND = "  townlet "

JSONValue = None | bool | int | float | str | Sequence["JSONValue"] | Mapping[str, "JSONValue"]


def emit_json(document: Mapping[str, JSONValue]) -> None:
    """Prints one JSON document, indented, keys in the order given. NaN and infinities are refused: use None.

    Raises:
        ValueError: a number that is not finite.
    """
    import json  # a start without --json does without it

    emit(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def emit(text: str = "", style: str = "") -> None:
    """Prints the result on stdout; a line that is longer than the terminal is broken between words.

    Args:
        text: a line or several. A line with a command after two spaces is left whole, so that it can be copied.
        style: one of rich's, used where stdout is a terminal with colours.
    """
    width = window()
    shown = fitted(visible(text, lines=True), width)
    if style and width is not None:
        from rich.text import Text

        from townlet.cli.painting import VisibleConsole

        VisibleConsole(highlight=False).print(Text(shown, style=style), soft_wrap=True)
        return
    print(shown)  # noqa: T201


def window(stream: TextIO | None = None) -> int | None:
    """Columns of the terminal that stdout, or ``stream``, is; None for a file or pipe, where nothing needs to fit."""
    stream = sys.stdout if stream is None else stream
    if not (os.environ.get("FORCE_COLOR") or (stream is not None and stream.isatty())):
        return None
    from shutil import get_terminal_size

    return get_terminal_size().columns


def fitted(text: str, width: int | None) -> str:
    """``text`` with its longer lines broken between words; each goes on under where it began."""
    if width is None or all(len(line) <= width for line in text.split("\n")):
        return text
    from textwrap import wrap

    lines: list[str] = []
    for line in text.split("\n"):
        if len(line) <= width or _COMMAND in line:
            lines.append(line)
            continue
        indent = " " * (len(line) - len(line.lstrip()))
        lines += wrap(
            line.lstrip(),
            width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


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
    text = fitted(f"warning: {readable(message)}", window(sys.stderr))
    print(text, file=sys.stderr)  # noqa: T201


def warn_and_keep(warnings: list[str]) -> Callable[[str], None]:
    """A :func:`warn` that also appends what it says to ``warnings``, for the end or for ``--json``."""

    def told(message: str) -> None:
        warnings.append(message)
        warn(message)

    return told


def say_where(folder: object, *, quiet: bool = False) -> None:
    """Says on stderr, before the work, where its outcome goes."""
    if not quiet:
        print(f"writing to {visible(readable(str(folder)))}", file=sys.stderr)  # noqa: T201


@functools.cache
def console() -> Console:
    """The rich console on stderr, for progress and remarks; imported when it is first needed."""
    from townlet.cli.painting import VisibleConsole

    return VisibleConsole(stderr=True, highlight=False)
