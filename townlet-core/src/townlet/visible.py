"""Text that comes from files and from people, made safe to show in a terminal.

A terminal obeys what it is sent: a name in a manifest can clear the screen, forge a line, reverse the letters of a
command or make a link. So whatever is shown goes through :func:`visible`, which spells such characters out.
"""

from __future__ import annotations

import functools

__all__ = ["readable", "visible"]

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))  # C0, DEL and C1; ANSI sequences begin with one of them
_LINES = (0x2028, 0x2029)
_BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # embeddings, overrides and isolates of direction
_LONGEST = 1500
"""Characters of a line that are shown."""
_SURROGATES = range(0xD800, 0xE000)  # bytes of a file name that are not text; no terminal can be sent them


def visible(text: str, *, lines: bool = False) -> str:
    """``text`` with what a terminal would obey spelled out as in JSON, such as ``\\u001b`` for escape.

    Control characters (C0, C1, delete), separators of lines, overrides of direction and lone surrogates are spelled
    out; everything else, such as accents, emoji and right-to-left scripts, stays as it is.

    Args:
        lines: leave line feeds and tabs, for text that is made of lines; a name or a cell has none.
    """
    return text if text.isprintable() else text.translate(_spelled(lines))


def readable(message: str) -> str:
    """A message for a terminal: made :func:`visible`, its lines without their middle where they are endless.

    Names that somebody typed, or that stand in a file, stand in messages, too; a megabyte of one hides what is said.
    """
    lines = message.split("\n")
    return visible("\n".join(map(_cut, lines)), lines=True)


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 300]} … {line[-200:]}"


@functools.cache
def _spelled(lines: bool) -> dict[int, str]:
    kept = (0x09, 0x0A) if lines else ()
    unsafe = (*_CONTROLS, *_LINES, *_BIDI, *_SURROGATES)
    return {code: f"\\u{code:04x}" for code in unsafe if code not in kept}
