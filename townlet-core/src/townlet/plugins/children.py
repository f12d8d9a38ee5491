"""How child processes are started: they import what their parent would import, and nothing from the current folder.

``python -c`` puts the current folder before everything else, so that a file ``json.py`` in a folder of data would run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["import_path", "python_child", "safe_children"]


def python_child(*arguments: str) -> list[str]:
    """The command that runs this Python with ``arguments``, without the current folder on its ``sys.path``.

    The child takes the parent's :func:`import_path` as its ``sys.path`` after that, before it imports more than what is
    built in.
    """
    return [sys.executable, "-P", *arguments]


def import_path() -> list[str]:
    """``sys.path`` of this process as a child may have it: a relative entry means the same folder wherever it runs."""
    return [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 (no links are resolved, and "" is the folder)


@contextmanager
def safe_children() -> Iterator[None]:
    """Within it, children that somebody else starts (``multiprocessing``) begin without the current folder, too."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before
