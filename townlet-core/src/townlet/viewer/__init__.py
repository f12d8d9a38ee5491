"""Watching a recorded town: a page of one file, with everything in it, that a browser opens without a network."""

from townlet.viewer.assembly import TownPage, page_of
from townlet.viewer.film import Film, film_of
from townlet.viewer.links import watch_page
from townlet.viewer.notebook import Shown, show

__all__ = ["Film", "Shown", "TownPage", "film_of", "page_of", "show", "watch_page"]
