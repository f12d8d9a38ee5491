"""Drawing a town's tiles in the colours and shapes of the browser's page: facilities and people, one tile each.

The tables of shapes are those of ``viewer/page/things.js`` and ``palette.js``; one tile is one unit.
"""

from __future__ import annotations

import colorsys
from typing import Final

from townlet.envs.canvas import Canvas, Colour

__all__ = ["FLOORS", "Brush", "clothes", "colour", "scatter"]

FLOORS: Final = {
    "home": ("#ead3ae", "#dfc59b"),
    "kitchen": ("#f3e9dc", "#e3d3bf"),
    "shop": ("#e9e3d4", "#dad2bf"),
    "cafe": ("#e6cdb2", "#d8bb9a"),
    "baths": ("#d9e8ec", "#c4d9df"),
    "works": ("#d9dbe4", "#cbced9"),
    "room": ("#e8dfcf", "#dacfbb"),
}
"""Two shades of floor by the use of a room."""
_SKIN = ("#f5d0b0", "#e5b58c", "#c98e62", "#9a6840", "#6e4728", "#f0c4a0")
_HAIR = ("#3a2a20", "#171414", "#7b4a26", "#c79a4b", "#5a5350", "#8d3b20", "#d8d0c6")

_Shape = tuple[str, tuple[float, ...]]
"""A colour, and a box (x, y, width, height) or a disc (x, y, radius)."""
_WOOD, _DARK, _METAL = "#a9784a", "#7f5732", "#b9c0c8"
_FREE: Final[dict[str, tuple[_Shape, ...]]] = {
    "bed": (
        (_DARK, (0.1, 0.02, 0.8, 0.97)),
        ("#fbf7ee", (0.15, 0.07, 0.7, 0.86)),
        ("#d9d2c4", (0.21, 0.09, 0.58, 0.27)),
        ("#ffffff", (0.23, 0.11, 0.54, 0.23)),
        ("#7d8fc7", (0.15, 0.42, 0.7, 0.52)),
        ("#aab6de", (0.15, 0.42, 0.7, 0.09)),
    ),
    "shower": (
        ("#c6d8de", (0.04, 0.04, 0.92, 0.92)),
        ("#e7f1f4", (0.1, 0.1, 0.8, 0.8)),
        ("#8fa3ab", (0.5, 0.86, 0.06)),
        (_METAL, (0.46, 0.04, 0.08, 0.16)),
        ("#8e99a3", (0.3, 0.18, 0.4, 0.09)),
    ),
    "stove": (
        ("#55525c", (0.05, 0.05, 0.9, 0.9)),
        ("#e9e7ea", (0.09, 0.09, 0.82, 0.62)),
        *(("#3a3840", (x, y, 0.13)) for x in (0.3, 0.7) for y in (0.26, 0.54)),
        *(("#56535d", (x, y, 0.07)) for x in (0.3, 0.7) for y in (0.26, 0.54)),
        *(("#d8d4da", (0.2 + i * 0.2, 0.83, 0.045)) for i in range(4)),
    ),
    "table": (
        *((_DARK, (x, y, 0.13)) for x, y in ((0.5, 0.13), (0.5, 0.87), (0.13, 0.5), (0.87, 0.5))),
        (_DARK, (0.5, 0.52, 0.38)),
        ("#c79a63", (0.5, 0.49, 0.37)),
        ("#d7ad78", (0.5, 0.49, 0.28)),
    ),
    "till": (
        (_WOOD, (0.03, 0.3, 0.94, 0.62)),
        ("#c89460", (0.03, 0.3, 0.94, 0.16)),
        ("#4d5a58", (0.22, 0.08, 0.5, 0.4)),
        ("#9fd3b4", (0.28, 0.13, 0.38, 0.13)),
        ("#d35c4a", (0.84, 0.3, 0.09)),
        ("#7fa650", (0.84, 0.46, 0.08)),
    ),
    "counter": (
        ("#8b5a3c", (0.03, 0.22, 0.94, 0.72)),
        ("#b67d54", (0.03, 0.22, 0.94, 0.2)),
        (_METAL, (0.1, 0.05, 0.4, 0.36)),
        ("#59616a", (0.17, 0.2, 0.26, 0.16)),
        *(("#74492f", (0.12 + i * 0.22, 0.5, 0.1, 0.38)) for i in range(4)),
    ),
    "desk": (
        (_DARK, (0.03, 0.26, 0.94, 0.64)),
        ("#c09468", (0.03, 0.22, 0.94, 0.6)),
        ("#33363f", (0.24, 0.06, 0.52, 0.36)),
        ("#5b6478", (0.28, 0.1, 0.44, 0.26)),
        ("#e6e2dc", (0.28, 0.55, 0.4, 0.13)),
        ("#fdfdfb", (0.76, 0.5, 0.15, 0.2)),
    ),
    "bench": (
        *((shade, (0.04, 0.26 + i * 0.17, 0.92, 0.13)) for i, shade in enumerate(("#a87a4c", "#b98a5b", "#a87a4c"))),
        ("#5d5652", (0.12, 0.22, 0.07, 0.6)),
        ("#5d5652", (0.81, 0.22, 0.07, 0.6)),
    ),
}
_USED: Final[dict[str, tuple[_Shape, ...]]] = {
    "shower": tuple(("#5aa9d6", (0.3 + i % 3 * 0.18, 0.32 + i // 3 * 0.18, 0.05, 0.1)) for i in range(9)),
    "stove": (("#f08a3c", (0.7, 0.26, 0.11)), ("#46505c", (0.12, 0.14, 0.36, 0.24)), ("#c9583b", (0.3, 0.26, 0.1))),
    "table": (("#ffffff", (0.5, 0.49, 0.19)), ("#c8803c", (0.47, 0.47, 0.09)), ("#6f9c4a", (0.56, 0.53, 0.06))),
    "till": (("#d9ffe4", (0.28, 0.13, 0.38, 0.13)),),
    "counter": (("#ffffff", (0.6, 0.22, 0.2, 0.18)), ("#5a3623", (0.7, 0.27, 0.06))),
    "desk": (
        ("#bfe3ff", (0.28, 0.1, 0.44, 0.26)),
        *(("#3f6f9e", (0.31, 0.14 + i * 0.07, 0.3, 0.03)) for i in range(3)),
    ),
}
_CLOSED: Final[tuple[_Shape, ...]] = (("#c0392b", (0.06, 0.34, 0.88, 0.32)), ("#ffffff", (0.18, 0.45, 0.64, 0.1)))


class Brush:
    """Draws on a canvas in units of tiles.

    Args:
        canvas: whose pixels are drawn.
        cell: pixels of a tile.
        y: row of the tile that is drawn on.
        x: its column.
    """

    def __init__(self, canvas: Canvas, cell: int, y: float, x: float) -> None:
        self._canvas, self._cell, self._y, self._x = canvas, cell, y, x

    def shape(self, shade: str, place: tuple[float, ...]) -> None:
        """A box (x, y, width, height) or a disc (x, y, radius)."""
        cell = self._cell
        if len(place) == 3:
            x, y, radius = place
            self._canvas.disc((self._y + y) * cell, (self._x + x) * cell, max(radius * cell, 0.6), colour(shade))
            return
        x, y, width, height = place
        top, left = round((self._y + y) * cell), round((self._x + x) * cell)
        bottom, right = round((self._y + y + height) * cell), round((self._x + x + width) * cell)
        self._canvas.rectangle(top, left, max(bottom - top, 1), max(right - left, 1), colour(shade))

    def facility(self, kind: str, *, used: bool, closed: bool) -> None:
        """A facility, and what shows that it is in use or closed."""
        for shade, place in (*_FREE[kind], *(_USED.get(kind, ()) if used else ()), *(_CLOSED if closed else ())):
            self.shape(shade, place)

    def person(self, slot: int) -> None:
        """Somebody, from head to foot within the tile."""
        look = scatter(slot, 0)
        skin, hair = _SKIN[look % len(_SKIN)], _HAIR[(look >> 4) % len(_HAIR)]
        self.shape("#2e2a2b", (0.32, 0.84, 0.14, 0.12))
        self.shape("#2e2a2b", (0.54, 0.84, 0.14, 0.12))
        self.shape(skin, (0.18, 0.52, 0.64, 0.2))
        red, green, blue = clothes(slot)
        self.shape(f"#{red:02x}{green:02x}{blue:02x}", (0.26, 0.46, 0.48, 0.42))
        self.shape(hair, (0.5, 0.25, 0.24))
        self.shape(skin, (0.5, 0.31, 0.2))
        for x in (0.42, 0.58):
            self.shape("#2e2a2b", (x, 0.31, 0.035))


def clothes(slot: int) -> Colour:
    """The colour of an agent's clothes."""
    hue, light = round(slot * 0.618034 % 1 * 360), (44, 56, 36)[slot % 3]
    red, green, blue = colorsys.hls_to_rgb(hue / 360, light / 100, 0.58)
    return round(red * 255), round(green * 255), round(blue * 255)


def colour(text: str) -> Colour:
    """A colour of six hexadecimal digits."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def scatter(a: int, b: int) -> int:
    """Whole numbers below 2**32, the same for the same arguments: what varies without meaning."""
    h = ((a + 1) * 0x9E3779B1 ^ (b + 1) * 0x85EBCA6B) & 0xFFFFFFFF
    h ^= h >> 15
    h = h * 0x2C1B3C6D & 0xFFFFFFFF
    return h ^ h >> 12
