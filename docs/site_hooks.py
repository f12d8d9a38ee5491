"""Hooks of the site: fences lose the flags that only the tests read; decisions are listed as they are found."""

from __future__ import annotations

import re
from typing import Any

_FENCE = re.compile(r"^( *```+\w+) [^\n]*$", re.M)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """``console run needs=torch`` is for the tests; a reader sees a console."""
    return _FENCE.sub(r"\1", markdown)
