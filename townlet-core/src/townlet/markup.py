"""Results as a notebook shows them: small pieces of HTML, in which texts of files and people are only text."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from townlet.visible import visible

__all__ = ["card", "facts", "folded", "table"]


def card(title: str, *parts: str) -> str:
    """A title over parts, each of which is the HTML that another function of this module made."""
    return f"<div><strong>{_text(title)}</strong>{''.join(parts)}</div>"


def facts(rows: Iterable[tuple[str, object]]) -> str:
    """Names and values, one pair a line; pairs whose value is None or an empty text are left out."""
    shown = [(name, value) for name, value in rows if value is not None and value != ""]
    cells = (f'<th style="{_LEFT}">{_text(name)}</th><td style="{_LEFT}">{_text(value)}</td>' for name, value in shown)
    body = "".join(f"<tr>{each}</tr>" for each in cells)
    return f"<table>{body}</table>" if shown else ""


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; its first column names the rows, the others hold numbers."""
    head = "".join(f'<th style="{_side(i)}">{_text(name)}</th>' for i, name in enumerate(heads))
    body = "".join(
        "<tr>" + "".join(f'<td style="{_side(i)}">{_text(cell)}</td>' for i, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def folded(title: str, *parts: str) -> str:
    """Parts that show when the title is clicked."""
    return f"<details><summary>{_text(title)}</summary>{''.join(parts)}</details>"


_LEFT, _RIGHT = "text-align: left", "text-align: right"


def _side(column: int) -> str:
    return _RIGHT if column else _LEFT


def _text(value: object) -> str:
    shown = f"{value:.4g}" if isinstance(value, float) else str(value)
    return html.escape(visible(shown), quote=True)
