"""A town that lives in the browser: the page of a recording, fed while the town runs."""

from townlet.viewer.live.door import TownServer, require_web
from townlet.viewer.live.town import LiveTown
from townlet.viewer.live.training import LiveTraining

__all__ = ["LiveTown", "LiveTraining", "TownServer", "require_web"]
