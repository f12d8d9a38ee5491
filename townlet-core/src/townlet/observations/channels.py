"""The channels of the egocentric map, with what every value of a cell stands for.

The compiled writers take their marks from here. Cells are uint8; the agent stands in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from townlet.api import Code, MapChannel, Transform
from townlet.config.observation import Variant
from townlet.world.names import FACILITY_KINDS
from townlet.world.state import QUEUE_PLACES

__all__ = ["FRIEND", "KIND_STEP", "NEUTRAL", "OCCUPIED", "PATH_SCALE", "PER_WAITING", "RIVAL", "YES", "map_channels"]

YES: Final = 255
KIND_STEP: Final = 20
"""Facility kind ``k`` is drawn as ``(k + 1) * KIND_STEP``."""
NEUTRAL, FRIEND, RIVAL = 80, 160, 240
OCCUPIED: Final = 255
PER_WAITING: Final = 40
PATH_SCALE: Final = 8
"""Steps at which the closeness of a path is one half of 255."""


def map_channels(variant: Variant) -> tuple[MapChannel, ...]:
    """The channels of a variant, in order; none for ``compact``."""
    if variant == "compact":
        return ()
    return tuple(_hybrid() if variant == "hybrid" else _full())


def _hybrid() -> Iterator[MapChannel]:
    yield _wall()
    kinds = [Code((k + 1) * KIND_STEP, kind) for k, kind in enumerate(FACILITY_KINDS)]
    yield MapChannel("facility", description="Facilities, by kind.", codes=(Code(0, "none"), *kinds))
    yield _agents()
    yield _use()


def _full() -> Iterator[MapChannel]:
    yield _wall()
    for kind in FACILITY_KINDS:
        yield MapChannel(
            f"facility_{kind}", description=f"Where a {kind} is.", codes=(Code(0, "none"), Code(YES, kind))
        )
    yield _agents()
    yield _use()
    for kind in FACILITY_KINDS:
        whose = f"the agent's own {kind}" if kind in ("bed", "desk") else f"the nearest {kind}"
        yield MapChannel(
            f"path_{kind}",
            unit="steps",
            transform=Transform("closeness", float(PATH_SCALE)),
            description=f"How near each tile is to {whose}, in steps; 0 out of reach. Without a job the nearest desk.",
        )


def _wall() -> MapChannel:
    codes = (Code(0, "open"), Code(YES, "wall, or outside the map"))
    return MapChannel("wall", description="Where nobody can walk.", codes=codes)


def _agents() -> MapChannel:
    codes = (Code(0, "nobody"), Code(NEUTRAL, "somebody"), Code(FRIEND, "a friend"), Code(RIVAL, "a rival"))
    return MapChannel("agents", description="Where other agents stand; the agent itself is not drawn.", codes=codes)


def _use() -> MapChannel:
    waiting = [Code(PER_WAITING * n, f"free, {n} waiting") for n in range(1, QUEUE_PLACES + 1)]
    codes = (Code(0, "free, or no facility"), *waiting, Code(OCCUPIED, "in use or closed"))
    return MapChannel("queue_or_occupied", description="Use of the facilities, and queues at free ones.", codes=codes)
