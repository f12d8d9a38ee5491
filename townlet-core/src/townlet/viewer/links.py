"""Pages beside other pages, which link into them."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from urllib.parse import quote

from townlet.data import Dataset
from townlet.viewer.assembly import page_of
from townlet.viewer.film import film_of

__all__ = ["watch_page"]


def watch_page(dataset: Dataset, target: Path, *, linked_from: Path, world: int = 0) -> str:
    """Write the page that plays a town of ``dataset`` back, and say how another page links to it.

    :func:`~townlet.evaluation.moments.moment_link` makes links to moments of it.

    Args:
        dataset: a recording of whole towns.
        target: the page to write.
        linked_from: the page that links to it, for a link that holds wherever both are moved together.
        world: which of the towns.

    Returns:
        The relative address, quoted for HTML's ``href``.

    Raises:
        DatasetError: as :func:`~townlet.viewer.film.film_of`.
        UsageError: if the page cannot be written.
    """
    page_of([film_of(dataset, world=world)]).write(target)
    return quote(PurePath(os.path.relpath(target, linked_from.parent)).as_posix())
