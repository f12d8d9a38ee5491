"""What never changes in a town's picture: ground, rooms, facilities, names, rules worth showing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.envs.engine import TownEngine
from townlet.world.compile_town import read_map
from townlet.world.names import ACTIONS, EVENTS, EXIT_REASONS, FACILITY_KINDS, SELLING_KINDS
from townlet.world.tables import Town

__all__ = ["describe_scenery"]

_GLYPHS = {"wall": "#", "water": "~", "street": ".", "floor": "_", "grass": ","}
_ROOM_OF = {"stove": "kitchen", "till": "shop", "counter": "cafe", "shower": "baths", "desk": "works", "bed": "home"}
"""What a room without a name of its own is called, by the facility that there is most of."""


def describe_scenery(engine: TownEngine, names: tuple[str, ...]) -> dict[str, Any]:
    """The scenery of the engine's town, whose agents are called ``names``; JSON-ready."""
    town = engine.town
    tables, rules = town.tables, town.tables.rules
    ground = _ground(town)
    posts = tables.posts
    return {
        "agents": list(names),
        "ground": ["".join(row) for row in ground],
        "rooms": _rooms(town, ground),
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


def _ground(town: Town) -> NDArray[np.str_]:
    """One glyph a tile, ``[H, X]``: that of the ground, also under facilities."""
    source = read_map(town.config)
    words = np.array([[source.legend[glyph] for glyph in row] for row in town.glyphs])
    ground = np.full(words.shape, "", "<U1")
    for word, glyph in _GLYPHS.items():
        ground[words == word] = glyph
    ground[(town.tables.map.place_at >= 0) & (ground != "#")] = "_"
    for y, x in np.argwhere(ground == ""):
        around = [ground[y + dy, x + dx] for dy, dx in ((1, 0), (0, 1), (0, -1), (-1, 0))]
        open_ones = [glyph for glyph in around if glyph in ("_", ",", ".")]
        ground[y, x] = max(set(open_ones), key=lambda glyph: (open_ones.count(glyph), glyph)) if open_ones else "_"
    return ground


def _rooms(town: Town, ground: NDArray[np.str_]) -> list[dict[str, Any]]:
    """Floors under one roof with a label: the name of the place, or what stands there says what it is."""
    found = []
    objects = town.tables.map
    for tiles in _components(ground == "_"):
        spots = set(tiles)
        places = {int(objects.place_at[y, x]) for y, x in tiles} - {-1}
        inside = [
            FACILITY_KINDS[int(kind)]
            for kind, y, x in zip(objects.object_kind, objects.object_y, objects.object_x, strict=True)
            if (int(y), int(x)) in spots
        ]
        most = max(_ROOM_OF, key=inside.count)
        use = _ROOM_OF[most] if most in inside else "room"
        if places and min(places) < town.homes:
            use = "home"
        ys, xs = [y for y, _ in tiles], [x for _, x in tiles]
        found.append(
            {
                "label": " and ".join(town.places[place] for place in sorted(places)) or ("" if use == "room" else use),
                "use": use,
                "box": [min(ys), min(xs), max(ys), max(xs)],
                "places": sorted(places),
            }
        )
    return found


def _components(wanted: NDArray[np.bool_]) -> Iterator[list[tuple[int, int]]]:
    """Connected groups of tiles, by rows then columns."""
    left = {(int(y), int(x)) for y, x in np.argwhere(wanted)}
    for y, x in sorted(left):
        if (y, x) not in left:
            continue
        left.remove((y, x))
        group, front = [(y, x)], [(y, x)]
        while front:
            cy, cx = front.pop()
            for spot in ((cy - 1, cx), (cy + 1, cx), (cy, cx - 1), (cy, cx + 1)):
                if spot in left:
                    left.remove(spot)
                    group.append(spot)
                    front.append(spot)
        yield sorted(group)
