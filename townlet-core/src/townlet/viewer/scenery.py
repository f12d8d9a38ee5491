"""What never changes in a town's picture: ground, rooms, facilities, names, rules worth showing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.envs.engine import TownEngine
from townlet.envs.terrain import rooms_of, terrain
from townlet.world.names import ACTIONS, EVENTS, EXIT_REASONS, FACILITY_KINDS, SELLING_KINDS
from townlet.world.tables import Town

__all__ = ["describe_scenery"]


def describe_scenery(engine: TownEngine, names: tuple[str, ...]) -> dict[str, Any]:
    """The scenery of the engine's town, whose agents are called ``names``; JSON-ready."""
    town = engine.town
    tables, rules = town.tables, town.tables.rules
    ground = terrain(town)
    posts = tables.posts
    return {
        "agents": list(names),
        "ground": ["".join(row) for row in ground],
        "rooms": rooms_of(town, ground),
        "objects": [
            {"kind": FACILITY_KINDS[int(kind)], "y": int(y), "x": int(x), "name": name, "place": int(place)}
            for kind, y, x, name, place in zip(
                tables.map.object_kind,
                tables.map.object_y,
                tables.map.object_x,
                town.objects,
                tables.map.object_place,
                strict=True,
            )
        ],
        "selling": _selling(town).tolist(),
        "places": list(town.places),
        "homes": [int(home) for home in tables.map.slot_home],
        "posts": [
            {"place": int(place), "start": int(start), "end": int(end), "wage": round(float(wage), 6)}
            for place, start, end, wage in zip(posts.place, posts.start, posts.end, posts.wage, strict=True)
        ],
        "affordances": list(town.affordances),
        "affordanceKinds": [FACILITY_KINDS[int(kind)] for kind in tables.affordances.facility],
        "durations": tables.affordances.duration.tolist(),
        "actions": list(engine.spec.action_names),
        "primitive": list(ACTIONS),
        "events": list(EVENTS),
        "exits": list(EXIT_REASONS),
        "dayTicks": int(rules.day_ticks),
        "window": list(engine.spec.map_shape[1:]),
        "basePrices": [float(rules.base_groceries), float(rules.base_meal)],
    }


def _selling(town: Town) -> NDArray[np.int64]:
    """The objects that sell something."""
    return np.flatnonzero(np.isin(town.tables.map.object_kind, SELLING_KINDS))
