"""One self-contained HTML page: headings, prose, tables and pictures inside, nothing fetched from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from townlet.errors import UsageError
from townlet.evaluation.plots.style import Format, save_figure, svg_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Page"]

_STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1d1d1f; --paper: #fdfdfb; --quiet: #6a6a6e; --line: #d9d9d4; --card: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececec; --paper: #17181a; --quiet: #a0a0a5; --line: #3a3b3e; --card: #202124; }
  figure svg { background: #ffffff; border-radius: 6px; }
}
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; padding-top: .9rem; border-top: 1px solid var(--line); }
.lead { color: var(--quiet); margin: 0 0 1.5rem; }
.verdict {
  background: var(--card); border-left: 4px solid #0072B2; border-radius: 4px;
  padding: .7rem 1rem; margin: 1rem 0;
}
.warning { border-left-color: #D55E00; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin: .8rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem .3rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td.words { min-width: 18rem; text-align: left; white-space: normal; }
th { color: var(--quiet); font-weight: 600; }
.better { color: #007a59; font-weight: 600; } .worse { color: #b84e00; font-weight: 600; }
@media (prefers-color-scheme: dark) { .better { color: #3fcfa4; } .worse { color: #ff9a4d; } }
figure { margin: 1.2rem 0; } figure svg { max-width: 100%; height: auto; }
figcaption { color: var(--quiet); font-size: .9rem; }
code { font-size: .88em; } footer { color: var(--quiet); font-size: .85rem; margin-top: 3rem; }
"""

_SENTENCE = 48
"""Characters from which the text of a cell may be broken: it is no number, name or interval."""


@dataclass
class Page:
    """Collects the parts of a page in order; :meth:`write` makes the file. All text is escaped.

    Attributes:
        title: heading of the page.
        lead: one line under it.
    """

    title: str
    lead: str = ""
    _parts: list[str] = field(default_factory=list)
    _figures: list[tuple[str, Figure]] = field(default_factory=list)

    def heading(self, text: str) -> None:
        """A section's heading."""
        self._parts.append(f"<h2>{_safe(text)}</h2>")

    def text(self, text: str) -> None:
        """A paragraph."""
        self._parts.append(f"<p>{_safe(text)}</p>")

    def links(self, text: str, links: Iterable[tuple[str, str]]) -> None:
        """A paragraph that begins with ``text`` and continues with links: (words, address) each."""
        parts = ", ".join(f'<a href="{_safe(address)}">{_safe(words)}</a>' for words, address in links)
        self._parts.append(f"<p>{_safe(text)} {parts}</p>")

    def verdict(self, text: str, *, warning: bool = False) -> None:
        """A sentence that should not be overlooked."""
        kind = "verdict warning" if warning else "verdict"
        self._parts.append(f'<p class="{kind}">{_safe(text)}</p>')

    def table(
        self, header: Sequence[str], rows: Iterable[Sequence[str]], marks: Sequence[str | None] | None = None
    ) -> None:
        """A table; ``marks`` gives rows a class: ``better``, ``worse`` or None. Sentences in it are broken."""
        head = "".join(f"<th>{_safe(cell)}</th>" for cell in header)
        body = []
        for index, row in enumerate(rows):
            mark = marks[index] if marks is not None else None
            body.append("<tr>" + "".join(_cell(cell, mark) for cell in row) + "</tr>")
        self._parts.append(
            f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
        )

    def figure(self, name: str, figure: Figure, caption: str) -> None:
        """A picture with what it shows, said for those who cannot see it too; ``name`` is that of its file."""
        self._figures.append((name, figure))
        labelled = svg_of(figure).replace("<svg", f'<svg role="img" aria-label="{_safe(caption)}"', 1)
        self._parts.append(f"<figure>{labelled}<figcaption>{_safe(caption)}</figcaption></figure>")

    def html(self) -> str:
        """The whole page."""
        lead = f'<p class="lead">{_safe(self.lead)}</p>' if self.lead else ""
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{_safe(self.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
            f"<h1>{_safe(self.title)}</h1>\n{lead}\n" + "\n".join(self._parts) + "\n</main>\n</body>\n</html>\n"
        )

    def write_figures(self, folder: Path, form: Format) -> list[Path]:
        """Write each picture to a file of its own.

        Raises:
            UsageError: if one cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"the folder cannot be made: {error.strerror or error}", where=str(folder)) from error
        return [save_figure(figure, folder / f"{name}.{form}") for name, figure in self._figures]

    def write(self, path: Path) -> Path:
        """Write the page.

        Raises:
            UsageError: if it cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.html(), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"the page cannot be written: {error.strerror or error}", where=str(path)) from error
        return path


def _cell(text: str, mark: str | None) -> str:
    kinds = " ".join(([mark] if mark else []) + (["words"] if len(text) > _SENTENCE else []))
    return f'<td class="{_safe(kinds)}">{_safe(text)}</td>' if kinds else f"<td>{_safe(text)}</td>"


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
