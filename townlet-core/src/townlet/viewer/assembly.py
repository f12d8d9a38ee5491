"""The page: markup, style, script and films in one file that asks the network for nothing.

A policy in its head (Content-Security-Policy) forbids every request and every script but the one whose digest it
names, so that nothing in a recording, whatever it is called, can run or fetch.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from townlet import __version__
from townlet.errors import UsageError
from townlet.storage import write_given
from townlet.viewer.bundle import join_modules, page_file
from townlet.viewer.film import Film

__all__ = ["TownPage", "live_page", "page_of"]

_STYLES = ("theme.css", "layout.css", "panels.css")


@dataclass(frozen=True, slots=True)
class TownPage:
    """A page as text.

    Attributes:
        title: what the browser's tab says.
        text: the whole page.
    """

    title: str
    text: str

    def write(self, path: Path) -> Path:
        """Write the page. Raises UsageError if it cannot be written."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_given(path, self.text.encode())
        except OSError as error:
            raise UsageError(f"the page cannot be written: {error.strerror or error}", where=str(path)) from error
        return path


def page_of(films: Sequence[Film]) -> TownPage:
    """A page that shows one film, or two side by side.

    Raises:
        UsageError: for none, or more than two.
    """
    if not 1 <= len(films) <= 2:
        raise UsageError(f"a page shows one recording or two side by side, found {len(films)}")
    title = " and ".join(dict.fromkeys(film.title for film in films)) + " - Townlet"
    about = {"version": __version__, "films": [{"title": film.title, "about": dict(film.about)} for film in films]}
    data = [f'<script type="application/json" id="about">{_json(about)}</script>']
    for number, film in enumerate(films):
        for name, part in film.parts.items():
            encoded = base64.b64encode(part).decode("ascii")
            data.append(f'<script type="text/plain" id="film-{number}-{name}">{encoded}</script>')
    return _assembled(title, "\n".join(data), "main.js")


def live_page(title: str, port: int) -> TownPage:
    """A page that is told of a town while it runs, by the server on this machine that it came from.

    Args:
        title: what the browser's tab says.
        port: of the server; the page may speak to nobody else.
    """
    data = f'<script type="application/json" id="about">{_json({"version": __version__, "live": True})}</script>'
    reach = " ".join(f"ws://{host}:{port}" for host in ("127.0.0.1", "localhost"))
    return _assembled(f"{title} - Townlet", data, "live.js", f"connect-src {reach}; ")


def _assembled(title: str, data: str, entry: str, reach: str = "") -> TownPage:
    style, script = _style(), _script(entry)
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data: blob:; "
        f"{reach}base-uri 'none'; form-action 'none'"
    )
    text = page_file("page.html").read_text(encoding="utf-8")
    for mark, value in (
        ("{{policy}}", html.escape(policy)),
        ("{{title}}", html.escape(title)),
        ("{{style}}", style),
        ("{{script}}", script),
        ("{{data}}", data),  # the last, so that nothing in it is taken for a mark
    ):
        text = text.replace(mark, value, 1)
    return TownPage(title, text)


@cache
def _style() -> str:
    return "".join(page_file(name).read_text(encoding="utf-8") for name in _STYLES)


@cache
def _script(entry: str) -> str:
    return join_modules(entry)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _json(value: object) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
