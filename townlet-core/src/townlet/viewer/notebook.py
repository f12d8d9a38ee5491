"""The page inside a notebook: a frame of its own, closed in itself, with the whole page as its text."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

from townlet.data import Dataset, open_dataset
from townlet.viewer.assembly import TownPage, page_of
from townlet.viewer.film import film_of

__all__ = ["Shown", "show"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A page that a notebook displays; printed, it says what to do with it elsewhere.

    Attributes:
        page: the page.
        height: of its frame, CSS pixels.
    """

    page: TownPage
    height: int = 640

    def _repr_html_(self) -> str:
        """For Jupyter. The frame may run its own script, and reaches neither the notebook nor the network."""
        text = html.escape(self.page.text, quote=True)
        style = f"width: 100%; height: {self.height}px; border: 1px solid #ccc; border-radius: 6px"
        title = html.escape(self.page.title, quote=True)
        return f'<iframe sandbox="allow-scripts" title="{title}" style="{style}" srcdoc="{text}"></iframe>'

    def __repr__(self) -> str:
        size = len(self.page.text) / 1e6
        return f"<{self.page.title}, {size:.2f} MB: a notebook shows it; elsewhere, .page.write(Path('town.html'))>"


def show(
    *recordings: Dataset | str | Path,
    world: int = 0,
    ticks: tuple[int, int] | None = None,
    minds: bool = True,
    ask: str | None = None,
    height: int = 640,
) -> Shown:
    """Show a recording, or two side by side, in a notebook.

    Args:
        recordings: one or two, open or as their folders.
        world: which of the recorded towns.
        ticks: first and last tick shown; all without.
        minds: keep what minds saw, weighed and were rewarded for.
        ask: a mind to ask again, as ``townlet run --backend`` takes it.
        height: of the frame, CSS pixels.

    Raises:
        UsageError: for none, or more than two.
        DatasetError: as :func:`~townlet.viewer.film.film_of`.
    """
    opened = [one if isinstance(one, Dataset) else open_dataset(one) for one in recordings]
    return Shown(page_of([film_of(one, world=world, ticks=ticks, minds=minds, ask=ask) for one in opened]), height)
