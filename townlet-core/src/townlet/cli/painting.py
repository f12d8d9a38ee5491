"""The consoles that commands paint on: rich's, with text of files and people made visible."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from townlet.visible import visible

__all__ = ["VisibleConsole"]


class VisibleConsole(Console):
    """A console whose text holds no code that a terminal obeys; styles and the cursor are rich's own."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Whatever is painted, in segments."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield segment._replace(text=visible(segment.text, lines=True))
