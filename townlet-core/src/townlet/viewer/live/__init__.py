"""A town that lives in the browser: the page of a recording, fed while the town runs."""

from townlet.viewer.live.door import Door, require_web
from townlet.viewer.live.town import LiveTown

__all__ = ["Door", "LiveTown", "require_web"]
