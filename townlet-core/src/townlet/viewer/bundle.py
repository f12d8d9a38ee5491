"""Joins the page's scripts into one, without a tool of JavaScript's.

The sources are plain modules: every import is ``import { a, b } from "./file.js";`` on one line, every export stands
before a declaration, and no two files declare the same name at their top. So they can be written one after the other,
in order of their imports, with imports and the word ``export`` taken away; what breaks these habits is refused.
"""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

from townlet.errors import TownletError

__all__ = ["join_modules", "page_file"]

_IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "\./([\w-]+\.js)";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:const|let|function|class)\b)", re.M)
_TOP = re.compile(r"^(?:async )?(?:const|let|function\*?|class) (\w+)|^const \{ ([\w, :]+) \}", re.M)
_SPARE = re.compile(r"^[ \t]*//.*\n|^[ \t]+|^/\*\*(?:[^*]|\*(?!/))*\*/\n|^\n", re.M)
"""Indents, and comments that have lines of their own: no source has a text over several lines."""


def page_file(name: str) -> Traversable:
    """A file of the page's sources."""
    return files("townlet.viewer") / "page" / name


def join_modules(entry: str, folder: Traversable | None = None) -> str:
    """The module ``entry`` and all that it imports, as the text of one module.

    Raises:
        TownletError: for an import or export in another form, or a name declared at the top of two files.
    """
    source = page_file("") if folder is None else folder
    texts: dict[str, str] = {}
    _gather(source, entry, texts, ())
    owner: dict[str, str] = {}
    for name, text in texts.items():
        for match in _TOP.finditer(text):
            for declared in re.split(r", ", match[1] or match[2]):
                if declared in owner:
                    raise TownletError(
                        f"{declared} is declared in {owner[declared]} and in {name}", where="viewer/page"
                    )
                owner[declared] = name
    return "\n".join(_SPARE.sub("", text) for text in texts.values())


def _gather(source: Traversable, name: str, texts: dict[str, str], path: tuple[str, ...]) -> None:
    if name in texts:
        return
    if name in path:
        raise TownletError(f"a circle of imports: {' -> '.join((*path, name))}", where="viewer/page")
    text = (source / name).read_text(encoding="utf-8")
    for match in _IMPORT.finditer(text):
        _gather(source, match[2], texts, (*path, name))
    plain = _EXPORT.sub("", _IMPORT.sub("", text))
    odd = re.search(r"^(?:import|export)\b.*$", plain, re.M)
    if odd:
        raise TownletError(
            f"an import or export in a form that cannot be joined: {odd[0]}", where=f"viewer/page/{name}"
        )
    texts[name] = plain
