"""What a town's tiles look like and its rooms are for: the same for the still picture and for the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.world.compile_town import read_map
from townlet.world.names import FACILITY_KINDS
from townlet.world.tables import Town

__all__ = ["rooms_of", "terrain"]

_GLYPHS = {"wall": "#", "water": "~", "street": ".", "floor": "_", "grass": ","}
_ROOM_OF = {"stove": "kitchen", "till": "shop", "counter": "cafe", "shower": "baths", "desk": "works", "bed": "home"}
"""What a room without a name of its own is called, by the facility that there is most of."""


def terrain(town: Town) -> NDArray[np.str_]:
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


def rooms_of(town: Town, ground: NDArray[np.str_]) -> list[dict[str, Any]]:
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
