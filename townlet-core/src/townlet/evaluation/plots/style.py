"""How Townlet's plots look: colours that the colour-blind can tell apart, quiet axes, units on every label.

Colours are those of Okabe and Ito, "Color universal design" (2008). matplotlib is the extra ``townlet-core[plots]``
and is imported when the first picture is drawn; its global state (pyplot, backends) is never touched.
"""

from __future__ import annotations

import contextlib
import html
import importlib.util
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Literal

from townlet.errors import UsageError
from townlet.visible import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "FORMATS",
    "Format",
    "drawn_alike",
    "named",
    "need_matplotlib",
    "new_figure",
    "save_figure",
    "svg_of",
    "title",
]

Format = Literal["svg", "png", "html"]
FORMATS: tuple[Format, ...] = ("svg", "png", "html")

COLOURS: tuple[str, ...] = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
"""Blue, vermilion, green, purple, orange, sky, black, yellow: told apart with every common colour blindness."""

_SETTINGS = {
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "townlet",
    # No text of ours is a formula, and what a file is called must not become one, or a command of LaTeX.
    "text.parse_math": False,
    "text.usetex": False,
    "axes.formatter.use_mathtext": False,
}

_LONGEST = 48
"""Characters of a name that are drawn."""


_LABELS, _LETTERS = 0.7, 11.0
"""Inches beside an axes that its labels may take, and letters of a heading in an inch."""


def need_matplotlib() -> None:
    """Ask before long work whether pictures can be drawn after it.

    Raises:
        UsageError: without matplotlib, or where a file ``matplotlibrc`` keeps it from starting.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise UsageError("pictures need matplotlib", details=('install it with:  pip install "townlet-core[plots]"',))
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.CRITICAL)  # what it says of a file in the current folder, it says in the file's own letters
    try:
        importlib.import_module("matplotlib")
    except (UnicodeDecodeError, OSError) as problem:
        raise UsageError(
            f"matplotlib cannot read its settings: {problem}",
            details=("they are in a file matplotlibrc, in the current folder or among your own: move it away",),
        ) from problem
    finally:
        log.setLevel(level)


@contextlib.contextmanager
def drawn_alike() -> Iterator[None]:
    """Draw with matplotlib's own settings and ours over them, whatever a ``matplotlibrc`` says; also a decorator.

    It is read from the current folder first: a picture of the same recording is to be the same in every folder, and
    no setting that came along with some data is to have a say in it.

    Raises:
        UsageError: as :func:`need_matplotlib`.
    """
    need_matplotlib()
    from matplotlib import rc_context, rcdefaults, rcParams

    with rc_context():
        rcdefaults()
        rcParams.update(_SETTINGS)
        yield


def new_figure(
    rows: int = 1, columns: int = 1, *, width: float = 7.0, height: float = 3.2
) -> tuple[Figure, list[Axes]]:
    """A figure with ``rows * columns`` axes, row by row; sizes of one axes in inches.

    Raises:
        UsageError: without matplotlib.
    """
    need_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with drawn_alike():
        figure = Figure(
            figsize=(width * columns, height * rows), layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
        )
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.ravel())


def named(text: str) -> str:
    """A name that a file or a person gave, as it is drawn: one line of at most 48 characters.

    A legend leaves out names that begin with an underscore; a space in front keeps them in.
    """
    text = visible(text)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return f" {text}" if text.startswith("_") else text


def title(ax: Axes, text: str) -> None:
    """The heading of one axes, at its left edge; on several lines where it is wider than the axes."""
    spec = ax.get_subplotspec()
    columns = 1 if spec is None else spec.get_gridspec().ncols
    inches = ax.figure.bbox.width / ax.figure.dpi / columns - _LABELS
    lines = wrap(visible(text), max(int(inches * _LETTERS), 12), break_on_hyphens=False)
    ax.set_title("\n".join(lines), loc="left", fontsize=10.5, fontweight="bold")


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure as the suffix of ``path`` says: ``.svg``, ``.png`` or ``.html`` (a page with the SVG inside).

    Raises:
        UsageError: for another suffix, or a folder that cannot be written.
    """
    suffix = path.suffix.lstrip(".").lower()
    if suffix not in FORMATS:
        raise UsageError(f"a picture can be {', '.join(FORMATS)}, found {path.name!r}")
    try:
        if suffix == "png":
            with _drawn_plainly(figure):
                figure.savefig(path, format="png", dpi=150)
        else:
            text = svg_of(figure)
            heading = html.escape(visible(path.stem))
            page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{heading}</title>{text}</html>\n'
            path.write_text(page if suffix == "html" else text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the picture cannot be written: {error.strerror or error}", where=str(path)) from error
    return path


def svg_of(figure: Figure) -> str:
    """The figure as an ``<svg>`` element, the same for the same figure: no dates, no random ids."""
    buffer = io.StringIO()
    with _drawn_plainly(figure):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


@contextlib.contextmanager
def _drawn_plainly(figure: Figure) -> Iterator[None]:
    """Draw with our settings, every text as it is spelled; a letter that the font lacks is a box, and no warning."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_usetex(False)
    with drawn_alike(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)
        warnings.filterwarnings("ignore", r".*constrained_layout not applied", UserWarning)
        yield
