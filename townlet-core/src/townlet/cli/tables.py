"""The one printer of tables: laid out for the window, over rich.

Numbers stand on the right and nothing is ever cut: where a table is wider than the window, headings wrap between
words, then cells of several words do, and then the columns are dealt out to blocks that each repeat the first column.
Piped, every row is one line. A plain table that fits is printed without rich, which takes longer to import than
``backends list`` takes to run; ``tests/cli/test_tables.py`` holds both ways against each other.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from townlet.cli.output import window
from townlet.visible import visible

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Styled", "TableCell", "emit_facts", "emit_table", "verdict"]

_GAPS = (2, 1)
"""Blanks between two columns, and where only that makes a table fit."""
_READABLE = (24, 12)
"""Widths that a column of prose is given at least, where it has that much to say; the first that fits."""

_FIGURE = r"[-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?(?: ?%)?"
_NUMBER = re.compile(rf"{_FIGURE}(?: (?:to|of) {_FIGURE})?(?: (?:MB|MiB|ms|s))?|-")
_TIME = re.compile(r"\d{4}-\d\d-\d\d [\d:]+")
_STYLES = {
    "green": ("better", "passed", "passed:", "ok", "as expected", "ready", "conforms", "done", "completed"),
    "red": ("worse", "NOT passed", "NOT passed:", "MISSED", "NOT as expected", "broken", "failed", "does not conform"),
    "yellow": ("no clear difference", "interrupted", "killed", "incompatible", "conflicting", "blocked"),
}
_STYLE = {word: style for style, words in _STYLES.items() for word in words}


class Styled(NamedTuple):
    """A cell with a style of rich's, shown where there are colours."""

    text: str
    style: str


TableCell = str | Styled


class _Column(NamedTuple):
    heading: str
    cells: tuple[Styled, ...]
    numeric: bool
    prose: bool
    least: int  # width below which a word or a number would be cut
    natural: int  # width at which nothing wraps


def verdict(word: str) -> Styled:
    """A verdict in its colour: green for the good, red for the bad, yellow for what is open."""
    return Styled(word, _STYLE.get(word, ""))


def emit_table(header: Sequence[str], rows: Iterable[Sequence[TableCell]], *, rules: Sequence[int] = ()) -> None:
    """Prints a table on stdout.

    A column is numeric where each of its cells is a number, with or without a unit, or ``-`` for one that is not
    known; an empty cell among numbers is shown as ``-``, a blank stays. Cells with spaces are prose, and may wrap.

    Args:
        header: a heading for each column.
        rows: the cells.
        rules: numbers of the rows that a line is drawn above.
    """
    _emit(header, [[_styled(cell) for cell in row] for row in rows], rules)


def emit_facts(facts: Iterable[tuple[str, TableCell]]) -> None:
    """Prints what is known of one thing: a name and what it is, line by line."""
    _emit((), [[Styled(visible(name), ""), _styled(fact)] for name, fact in facts], ())


def _emit(header: Sequence[str], rows: list[list[Styled]], rules: Sequence[int]) -> None:
    width = window()
    if not rows and not header:
        return
    headings = [visible(heading) for heading in header] or [""] * len(rows[0])
    columns = [_column(heading, [row[c] for row in rows]) for c, heading in enumerate(headings)]
    whole = sum(column.natural for column in columns)
    gap = next((gap for gap in _GAPS if width is None or whole + gap * (len(columns) - 1) <= width), None)
    if gap is not None and all(_is_plain(column, painted=width is not None) for column in columns):
        lines = _plain_lines(columns, rules, headed=bool(header), gap=gap)
    else:
        lines = []
        for number, block in enumerate([columns] if gap is not None or width is None else _blocks(columns, width)):
            lines += ["", *_rich_lines(block, rules, headed=bool(header), gap=gap or _GAPS[0])][number == 0 :]
    print("\n".join(lines))  # noqa: T201


def _styled(cell: TableCell) -> Styled:
    return Styled(visible(cell), "") if isinstance(cell, str) else Styled(visible(cell.text), cell.style)


def _column(heading: str, cells: list[Styled]) -> _Column:
    texts = [cell.text for cell in cells]
    numeric = any(map(_NUMBER.fullmatch, texts)) and all(not text.strip() or _NUMBER.fullmatch(text) for text in texts)
    if numeric:
        cells = [cell if cell.text else Styled("-", "") for cell in cells]
    prose = not numeric and any(" " in text.strip() and not _TIME.fullmatch(text) for text in texts)
    words = [word for text in texts for word in (text.split() if prose else [text])]
    least = max(map(_length, [*words, *heading.split(), ""]))
    natural = max(map(_length, [*texts, heading, "-" if numeric else ""]))
    return _Column(heading, tuple(cells), numeric, prose, least, natural)


def _length(text: str) -> int:
    """Columns that a text takes on the screen."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _is_plain(column: _Column, *, painted: bool) -> bool:
    cells = all(cell.text.isascii() and not (painted and cell.style) for cell in column.cells)
    return cells and column.heading.isascii()


def _plain_lines(columns: Sequence[_Column], rules: Sequence[int], *, headed: bool, gap: int = _GAPS[0]) -> list[str]:
    def line(cells: Iterable[str]) -> str:
        padded = (
            cell.rjust(column.natural) if column.numeric else cell.ljust(column.natural)
            for cell, column in zip(cells, columns, strict=True)
        )
        return (" " * gap).join(padded).rstrip()

    rule = _rule() * (sum(column.natural for column in columns) + gap * (len(columns) - 1))
    lines = [line(column.heading for column in columns), rule] if headed else []
    for number in range(len(columns[0].cells)):
        lines += [rule] if number in rules else []
        lines.append(line(column.cells[number].text for column in columns))
    return lines


def _blocks(columns: Sequence[_Column], width: int) -> list[list[_Column]]:
    """The columns dealt out to blocks that fit, with the widths they get in ``natural``."""
    readable = next((r for r in _READABLE if _taken(columns, r) <= width), _READABLE[0])
    key, *others = columns
    blocks: list[list[_Column]] = [[key]]
    for column in others:
        if len(blocks[-1]) > 1 and _taken([*blocks[-1], column], readable) > width:
            blocks.append([key])
        blocks[-1].append(column)
    return [_spread(block, width, readable) for block in blocks]


def _wanted(column: _Column, readable: int) -> int:
    return max(column.least, min(column.natural, readable)) if column.prose else column.least


def _taken(block: Sequence[_Column], readable: int) -> int:
    return sum(_wanted(column, readable) for column in block) + _GAPS[0] * (len(block) - 1)


def _spread(block: list[_Column], width: int, readable: int) -> list[_Column]:
    """The same with what is left of the window given to prose, the longest first, and to headings of one line then."""
    left, widths = width - _taken(block, readable), [_wanted(column, readable) for column in block]
    while left > 0 and (short := [n for n, c in enumerate(block) if c.prose and widths[n] < c.natural]):
        widths[max(short, key=lambda n: block[n].natural / widths[n])] += 1
        left -= 1
    for n, column in enumerate(block):
        if column.natural - widths[n] <= left:
            left -= column.natural - widths[n]
            widths[n] = column.natural
    return [column._replace(natural=widths[n]) for n, column in enumerate(block)]


def _rule() -> str:
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return "─" if encoding.lower().replace("-", "").startswith("utf") else "-"


def _rich_lines(columns: Sequence[_Column], rules: Sequence[int], *, headed: bool, gap: int = _GAPS[0]) -> list[str]:
    from townlet.cli.painting import VisibleConsole

    table = _rich_table(columns, rules, headed=headed, gap=gap)
    # as wide as it is: a path that is longer than the window is not cut, so that it can be copied
    console = VisibleConsole(highlight=False, width=sum(c.natural for c in columns) + gap * (len(columns) - 1))
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().removesuffix("\n").split("\n")]


def _rich_table(columns: Sequence[_Column], rules: Sequence[int], *, headed: bool, gap: int) -> Table:
    from rich.box import Box
    from rich.table import Table
    from rich.text import Text

    line, nothing = f" {_rule() * 2} \n", "    \n"
    box = Box(nothing * 2 + line + nothing + line * 2 + nothing * 2, ascii=_rule() == "-")
    table = Table(
        box=box, show_edge=False, pad_edge=False, padding=(0, gap - 1, 0, 0), show_header=headed, header_style="none"
    )
    for column in columns:
        table.add_column(
            Text(column.heading),
            justify="right" if column.numeric else "left",
            width=column.natural,
            vertical="top",
            overflow="fold",
        )
    for number in range(len(columns[0].cells)):
        if number in rules:
            table.add_section()
        table.add_row(*(Text(column.cells[number].text, style=column.cells[number].style) for column in columns))
    return table
