"""Watching a recorded town: a page of one file, with everything in it, that a browser opens without a network."""

from townlet.viewer.assembly import TownPage, page_of
from townlet.viewer.film import Film, film_of
from townlet.viewer.notebook import Shown, show

__all__ = ["Film", "Shown", "TownPage", "film_of", "page_of", "show"]
