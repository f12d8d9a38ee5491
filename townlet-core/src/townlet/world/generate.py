"""Building a town of any size (from 1 to 2,000 people) out of quarters of sixteen.

A quarter has a house of sixteen beds, two kitchens, a shop, baths, a workplace of ten desks and a square, three by
two lots wide, with streets around every lot. The seed decides which lot stands where. Homes and workplaces are
large so that the fields that lead to them stay few: a town of 2,000 has 250 of them.
"""

from __future__ import annotations

import math

import numpy as np

from townlet.world.maps import MapSource, PlaceSource

__all__ = ["generate_map"]

LEGEND = {
    "#": "wall",
    ".": "street",
    "_": "floor",
    ",": "grass",
    "b": "bed",
    "s": "shower",
    "o": "stove",
    "t": "table",
    "g": "till",
    "c": "counter",
    "d": "desk",
    "n": "bench",
}

# Lots are 6 rows of 10 columns, two doors wide at top and bottom; "b" and "d" make a lot a home or a site.
LOTS = {
    "house": ("####__####", "#b_b__b_b#", "#b_b__b_b#", "#b_b__b_b#", "#b_b__b_b#", "####__####"),
    "kitchen": ("####__####", "#o______o#", "#________#", "#________#", "#tt____tt#", "####__####"),
    "shop": ("####__####", "#g______g#", "#________#", "#_______t#", "#c______t#", "####__####"),
    "baths": ("####__####", "#s______s#", "#________#", "#_o______#", "#s____tts#", "####__####"),
    "works": ("####__####", "#ddd__dd_#", "#________#", "#________#", "#_dd__ddd#", "####__####"),
    "square": (",,,,,,,,,,", ",,n,,,,n,,", ",,,,,,,,,,", ",,,,,,,,,,", ",,n,,,,n,,", ",,,,,,,,,,"),
}
LOT_ROWS, LOT_COLUMNS = 6, 10
QUARTER_ROWS, QUARTER_COLUMNS = 2 * (LOT_ROWS + 2), 3 * (LOT_COLUMNS + 2)
BEDS_OF_A_QUARTER = 16


def generate_map(agents: int, seed: int) -> MapSource:
    """A map for ``agents`` people; the same arguments give the same map."""
    quarters = math.ceil(agents / BEDS_OF_A_QUARTER)
    across = max(1, math.ceil(math.sqrt(quarters * QUARTER_ROWS / QUARTER_COLUMNS)))
    down = math.ceil(quarters / across)
    height, width = down * QUARTER_ROWS + 4, across * QUARTER_COLUMNS + 4
    grid = [["."] * width for _ in range(height)]
    for y in range(height):
        grid[y][0] = grid[y][-1] = "#"
    for x in range(width):
        grid[0][x] = grid[-1][x] = "#"
    places: list[PlaceSource] = []
    random = np.random.Generator(np.random.PCG64(seed))
    for quarter in range(quarters):
        top = (quarter // across) * QUARTER_ROWS + 3
        left = (quarter % across) * QUARTER_COLUMNS + 3
        names = list(LOTS)
        random.shuffle(names)
        for number, name in enumerate(names):
            y, x = top + (number // 3) * (LOT_ROWS + 2), left + (number % 3) * (LOT_COLUMNS + 2)
            _draw(grid, y, x, LOTS[name])
            if name in ("house", "works"):
                places.append(
                    PlaceSource(
                        name=f"{name} {quarter + 1}",
                        kind="home" if name == "house" else "site",
                        rows=(y + 2, y + LOT_ROWS - 1),
                        columns=(x + 2, x + LOT_COLUMNS - 1),
                    )
                )
    ordered = sorted(places, key=lambda place: place.kind != "home")
    where = f"generated map of {agents} agents, seed {seed}"
    return MapSource(f"generated-{agents}", where, agents, tuple(map("".join, grid)), LEGEND, tuple(ordered))


def _draw(grid: list[list[str]], top: int, left: int, lot: tuple[str, ...]) -> None:
    for dy, row in enumerate(lot):
        for dx, glyph in enumerate(row):
            grid[top + dy][left + dx] = glyph
