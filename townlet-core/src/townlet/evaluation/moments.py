"""Links into a moment of a page that plays a recording back."""

from __future__ import annotations

from urllib.parse import urlencode

__all__ = ["moment_link"]


def moment_link(page: str, *, tick: int = 0, agent: str | None = None) -> str:
    """The address of ``page``, made by :func:`townlet.viewer.page_of`, at a moment.

    Args:
        page: its address, quoted where it must be.
        tick: where the film stands then.
        agent: name of the agent whose panel is open; without it no panel is.
    """
    return f"{page}#{urlencode({'t': tick} | ({} if agent is None else {'agent': agent}))}"
