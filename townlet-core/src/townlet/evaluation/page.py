"""One self-contained HTML page: headings, prose, tables and pictures inside, nothing fetched from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from townlet.errors import UsageError
from townlet.evaluation.plots.style import Format, save_figure, svg_of
from townlet.evaluation.statistics import Estimate
from townlet.storage import write_given

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
.dense { font-size: .74rem; } .dense th, .dense td { padding: .22rem .5rem .22rem 0; }
figure { margin: 1.2rem 0; } figure svg { max-width: 100%; height: auto; }
figcaption { color: var(--quiet); font-size: .9rem; }
.heat td { text-align: center; padding: .45rem .8rem; color: #10222b; border: 2px solid var(--paper); }
.heat td small { display: block; opacity: .8; }
.heat caption { text-align: left; color: var(--quiet); padding: .3rem 0; }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: .25rem .8rem; align-items: center; }
.bars svg { width: 100%; height: 1rem; display: block; } h3 { font-size: 1.02rem; margin: 1.8rem 0 .3rem; }
.bars { font-size: .9rem; font-variant-numeric: tabular-nums; margin: .3rem 0; } figure.compared { margin: .6rem 0; }
code, pre { font-size: .88em; } summary { color: var(--quiet); cursor: pointer; font-size: .9rem; }
 footer { color: var(--quiet); font-size: .85rem; margin-top: 3rem; }
"""

_SENTENCE = 48
"""Characters from which the text of a cell may be broken: it is not a number, name or interval."""


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

    def subheading(self, text: str) -> None:
        """The heading of a part of a section."""
        self._parts.append(f"<h3>{_safe(text)}</h3>")

    def heat_map(
        self, caption: str, rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[Estimate]]
    ) -> None:
        """A table whose cells are coloured by the rank of their means, with the intervals; ``values`` row by row."""
        means = sorted({value.mean for row in values for value in row})  # by rank, so that one outlier hides nothing
        shares = {mean: number / max(len(means) - 1, 1) for number, mean in enumerate(means)}
        head = "".join(f'<th scope="col">{_safe(column)}</th>' for column in columns)
        body = []
        for name, row in zip(rows, values, strict=True):
            cells = "".join(_warm(value, shares[value.mean]) for value in row)
            body.append(f'<tr><th scope="row">{_safe(name)}</th>{cells}</tr>')
        self._parts.append(
            f'<div class="scroll"><table class="heat"><caption>{_safe(caption)}</caption>'
            f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
        )

    def bars(self, what: str, values: Mapping[str, Estimate]) -> None:
        """One bar for each name, from 0 to the mean, with its interval as a line; ``what`` above says what they are."""
        ends = [0.0, *(edge for value in values.values() for edge in (value.low, value.high, value.mean))]
        least, span = min(ends), (max(ends) - min(ends)) or 1.0
        parts = []
        for name, value in values.items():
            zero, mean, low, high = (100 * (x - least) / span for x in (0.0, value.mean, value.low, value.high))
            left, width = min(zero, mean), abs(mean - zero)
            told = f"{name}: {what} {value.mean:z.3f}, 95 % interval {value.low:z.3f} to {value.high:z.3f}"
            parts.append(
                f"<span>{_safe(name)}</span>"
                f'<svg role="img" aria-label="{_safe(told)}" viewBox="0 0 100 10" preserveAspectRatio="none">'
                f'<rect x="{left:.2f}" y="2" width="{width:.2f}" height="6" fill="#56B4E9"/>'
                f'<rect x="{low:.2f}" y="4.4" width="{max(high - low, 0.3):.2f}" height="1.2" fill="#D55E00"/>'
                f'<rect x="{zero:.2f}" y="0" width=".3" height="10" fill="currentColor"/></svg>'
                f"<span>{value.mean:z.3f}</span>"
            )
        caption = f"<figcaption>{_safe(what)}</figcaption>"
        self._parts.append(f'<figure class="compared">{caption}<div class="bars">{"".join(parts)}</div></figure>')

    def text(self, text: str) -> None:
        """A paragraph."""
        self._parts.append(f"<p>{_safe(text)}</p>")

    def links(self, text: str, links: Iterable[tuple[str, str]]) -> None:
        """A paragraph that begins with ``text`` and continues with links: (words, address) each."""
        parts = ", ".join(f'<a href="{_safe(address)}">{_safe(words)}</a>' for words, address in links)
        self._parts.append(f"<p>{_safe(text)} {parts}</p>")

    def fold(self, text: str, lines: Iterable[str]) -> None:
        """Lines as they are typed, folded away under ``text``."""
        body = "\n".join(_safe(line) for line in lines)
        self._parts.append(
            f'<details><summary>{_safe(text)}</summary><div class="scroll"><pre>{body}</pre></div></details>'
        )

    def verdict(self, text: str, *, warning: bool = False) -> None:
        """A sentence that stands out."""
        kind = "verdict warning" if warning else "verdict"
        self._parts.append(f'<p class="{kind}">{_safe(text)}</p>')

    def table(
        self,
        header: Sequence[str],
        rows: Iterable[Sequence[str]],
        marks: Sequence[str | None] | None = None,
        *,
        dense: bool = False,
    ) -> None:
        """A table; ``marks`` gives rows a class: ``better``, ``worse`` or None. Sentences in it are broken.

        ``dense`` sets it smaller: five columns of intervals fit.
        """
        head = "".join(f"<th>{_safe(cell)}</th>" for cell in header)
        body = []
        for index, row in enumerate(rows):
            mark = marks[index] if marks is not None else None
            body.append("<tr>" + "".join(_cell(cell, mark) for cell in row) + "</tr>")
        kind = ' class="dense"' if dense else ""
        parts = f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody>"
        self._parts.append(f'<div class="scroll"><table{kind}>{parts}</table></div>')

    def figure(self, name: str, figure: Figure, caption: str) -> None:
        """A picture with a caption, also for screen readers; ``name`` is the name of its file."""
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
            write_given(path, self.html().encode())
        except OSError as error:
            raise UsageError(f"the page cannot be written: {error.strerror or error}", where=str(path)) from error
        return path


def _cell(text: str, mark: str | None) -> str:
    kinds = " ".join(([mark] if mark else []) + (["words"] if len(text) > _SENTENCE else []))
    return f'<td class="{_safe(kinds)}">{_safe(text)}</td>' if kinds else f"<td>{_safe(text)}</td>"


def _warm(value: Estimate, share: float) -> str:
    """A cell between blue (the least) and yellow (the most), which all can tell apart; the text is on light ground."""
    low, high = (130, 185, 222), (246, 226, 122)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
    return (
        f'<td style="background: rgb({red} {green} {blue})">{value.mean:z.3f}'
        f"<small>{value.low:z.3f} to {value.high:z.3f}</small></td>"
    )


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
