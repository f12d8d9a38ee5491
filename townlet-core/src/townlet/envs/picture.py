"""A town as an RGB array, drawn as in the browser: ground, facilities, queues, people, ties, and a legend beside it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from townlet.envs.brush import FLOORS, Brush, clothes, colour, scatter
from townlet.envs.canvas import Canvas, text_width
from townlet.envs.scene import KIND_LETTERS, Person, Scene

__all__ = ["draw_picture"]

_PAPER, _INK, _FAINT = colour("#fffdf8"), colour("#2b2728"), colour("#857a72")
_BAR, _FRIEND, _RIVAL, _ALARM = colour("#efe6d6"), colour("#1b7f5c"), colour("#b83a12"), colour("#e08a1e")
_NEED_COLOURS = (colour("#b8560f"), colour("#2560b8"), colour("#0d7f83"))
_NIGHT = np.array(colour("#262a52"), np.float32)
_DARKEST = 0.45
_LEGEND_WIDTH = 330
_ROWS_OF_PEOPLE = 24
_STRONG = 0.4
"""Ties from here on are drawn: all of them at once hide the town."""
_ROOMY = 48
"""Pixels of a tile, as drawn, that have room for a letter."""
_FINER = 2
"""The map is drawn so many times larger, and its pixels averaged."""


def draw_picture(scene: Scene, *, pixels: int = 768) -> NDArray[np.uint8]:
    """Draw ``scene``: uint8 ``[height, width, 3]``. The longer side of the map takes about ``pixels``."""
    rows, columns = scene.terrain.shape
    cell = max(pixels // max(rows, columns), 2)
    canvas = Canvas(max(rows * cell, 620), columns * cell + _LEGEND_WIDTH, _PAPER)
    canvas.pixels[: rows * cell, : columns * cell] = _map(scene, cell)
    _legend(canvas, scene, columns * cell + 14)
    return canvas.pixels


def _map(scene: Scene, cell: int) -> NDArray[np.uint8]:
    """Ground, facilities and people: uint8 ``[H * cell, X * cell, 3]``."""
    rows, columns = scene.terrain.shape
    fine = cell * _FINER
    large = Canvas(rows * fine, columns * fine, _PAPER)
    large.pixels[:] = _ground(scene.terrain.tobytes(), (rows, columns), tuple(scene.uses.items()), fine)
    for facility in scene.facilities:
        Brush(large, fine, facility.y, facility.x).facility(facility.kind, used=facility.used, closed=facility.closed)
    _darken(large, scene, fine)
    for facility in scene.facilities:
        for place in range(min(facility.waiting, 5)):  # a bead for each agent waiting
            large.disc((facility.y + 0.12) * fine, (facility.x + 0.12 + place * 0.19) * fine, fine * 0.08, _ALARM)
    spots = {p.slot: ((p.y + 0.5) * fine, (p.x + 0.5) * fine) for p in scene.people}
    for tie in scene.ties:
        if tie.strength >= _STRONG:
            thick = 1 + round(tie.strength * max(fine // 12, 1))
            large.line(spots[tie.one], spots[tie.other], _FRIEND if tie.friendly else _RIVAL, thick)
    for person in scene.people:
        _person(large, person, fine)
    sums = np.zeros((rows * cell, columns * cell, 3), np.uint16)
    for dy in range(_FINER):
        for dx in range(_FINER):
            sums += large.pixels[dy::_FINER, dx::_FINER]
    return (sums // _FINER**2).astype(np.uint8)


def _person(canvas: Canvas, person: Person, cell: int) -> None:
    size = cell if cell >= _ROOMY else round(cell * 1.6)  # where tiles are small, people are larger than life
    middle = (0.5 * cell - 0.5 * size) / size
    Brush(canvas, size, person.y * cell / size + middle, person.x * cell / size + middle).person(person.slot)
    if cell >= _ROOMY:
        dot = max(cell // 16, 1)
        canvas.text(
            round((person.y + 0.53) * cell), round((person.x + 0.5) * cell - 1.5 * dot), person.name[0], _PAPER, dot
        )
    if person.queue_place:
        canvas.disc((person.y + 0.2) * cell, (person.x + 0.84) * cell, cell * 0.13, _ALARM)


@lru_cache(maxsize=4)
def _ground(
    glyphs: bytes, size: tuple[int, int], uses: tuple[tuple[tuple[int, int], str], ...], cell: int
) -> NDArray[np.uint8]:
    """What never changes, uint8 ``[H * cell, X * cell, 3]``; not to be written into."""
    rows, columns = size
    terrain, use_of = np.frombuffer(glyphs, "<U1").reshape(size), dict(uses)
    canvas = Canvas(rows * cell, columns * cell, _PAPER)

    def at(y: int, x: int) -> str:
        return str(terrain[y, x]) if 0 <= y < rows and 0 <= x < columns else "#"

    for y in range(rows):
        for x in range(columns):
            brush, tile = Brush(canvas, cell, y, x), at(y, x)
            if tile == "#":
                edge = y in (0, rows - 1) or x in (0, columns - 1)
                _hedge(brush, scatter(y * 3, x * 7)) if edge else _wall(brush, open_below=at(y + 1, x) != "#")
            elif tile == "_":
                _floor(brush, use_of.get((y, x), "room"))
            else:
                plank = tile == "." and "~" in (at(y - 1, x), at(y + 1, x), at(y, x - 1), at(y, x + 1))
                shade = {",": "#c9d9a8", "~": "#8fc1d9"}.get(tile, "#c49a6c" if plank else "#e3dccd")
                brush.shape(shade, (0, 0, 1, 1))
                if tile == ".":
                    brush.shape("#d3cab8", (0, 0, 1, 0.03))
                    brush.shape("#d3cab8", (0.5 if y % 2 else 0, 0, 0.03, 1))
                elif scatter(y, x) % 3 == 0:
                    brush.shape(
                        "#b9cc95" if tile == "," else "#b4d8e8", (0.2 + scatter(y, x) % 5 / 10, 0.5, 0.25, 0.06)
                    )
    return canvas.pixels


def _floor(brush: Brush, use: str) -> None:
    light, dark = FLOORS[use]
    brush.shape(light, (0, 0, 1, 1))
    if use in ("kitchen", "baths"):
        brush.shape(dark, (0, 0, 0.5, 0.5))
        brush.shape(dark, (0.5, 0.5, 0.5, 0.5))
    else:
        brush.shape(dark, (0, 0, 1, 0.035))


def _wall(brush: Brush, *, open_below: bool) -> None:
    brush.shape("#a99b92", (0, 0, 1, 1))
    if open_below:
        brush.shape("#6e625d", (0, 0.55, 1, 0.45))


def _hedge(brush: Brush, chance: int) -> None:
    brush.shape("#7d9c5c", (0, 0, 1, 1))
    brush.shape("#648048", (0.5, 0.6, 0.4))
    brush.shape("#95b272" if chance % 2 else "#8aa868", (0.4 + chance % 5 / 20, 0.42, 0.33))


def _darken(canvas: Canvas, scene: Scene, cell: int) -> None:
    """Night falls on everything but rooms with somebody in them, where there is power."""
    dark = _DARKEST * min(max((abs(scene.time - 0.5) - 0.27) / 0.08, 0.0), 1.0)
    if dark == 0.0:
        return
    lit = np.zeros(scene.terrain.shape, np.bool_)
    if scene.power:
        for room in scene.rooms:
            spots = [(p.y, p.x) for p in scene.people if room[0] <= p.y <= room[2] and room[1] <= p.x <= room[3]]
            if any(scene.terrain[spot] == "_" for spot in spots):
                lit[room[0] : room[2] + 1, room[1] : room[3] + 1] = True
    shades = (np.arange(256)[:, None] * (1 - dark) + _NIGHT * dark).astype(np.uint8)  # of each value of each channel
    outside = ~(lit & (scene.terrain == "_"))
    for y, x in np.argwhere(outside):
        tile = canvas.pixels[y * cell : (y + 1) * cell, x * cell : (x + 1) * cell]
        for channel in range(3):
            tile[..., channel] = shades[:, channel][tile[..., channel]]


def _legend(canvas: Canvas, scene: Scene, x: int) -> None:
    minutes = int(scene.time * 24 * 60)
    canvas.text(12, x, f"Day {scene.day}  {minutes // 60:02d}:{minutes % 60:02d}", _INK, 4)
    for column, (word, on) in enumerate((("power", scene.power), ("water", scene.water))):
        canvas.text(40, x + column * 150, f"{word} {'on' if on else 'off'}", _INK if on else _RIVAL, 2)
    y = 62
    for place, kind in enumerate(KIND_LETTERS):
        left, top = x + place % 2 * 150, y + place // 2 * 20
        _icon(canvas, top, left, kind)
        canvas.text(top + 3, left + 22, kind, _INK, 2)
    y = _keys(canvas, x, y + 88)
    headings = (("food", 100), ("rest", 140), ("wash", 180), ("coins", 226))
    for word, left in headings:
        canvas.text(y, x + left, word, _FAINT, 1)
    y += 10
    for person in scene.people[:_ROWS_OF_PEOPLE]:
        _person_row(canvas, person, y, x)
        y += 24
    if len(scene.people) > _ROWS_OF_PEOPLE:
        canvas.text(y, x, f"and {len(scene.people) - _ROWS_OF_PEOPLE} more", _FAINT, 2)


def _keys(canvas: Canvas, x: int, y: int) -> int:
    _icon(canvas, y, x, "stove", used=True)
    canvas.text(y + 3, x + 22, "in use", _INK, 2)
    _icon(canvas, y, x + 150, "stove", closed=True)
    canvas.text(y + 3, x + 172, "closed", _INK, 2)
    y += 20
    for place in range(3):
        canvas.disc(y + 7, x + 3 + place * 6, 2.5, _ALARM)
    canvas.text(y + 3, x + 22, "waiting", _INK, 2)
    canvas.disc(y + 7, x + 157, 4, _ALARM)
    canvas.text(y + 3, x + 172, "in a queue", _INK, 2)
    y += 20
    canvas.line((y + 7, x), (y + 7, x + 16), _FRIEND, 3)
    canvas.text(y + 3, x + 22, "friends", _INK, 2)
    canvas.line((y + 7, x + 150), (y + 7, x + 166), _RIVAL, 3)
    canvas.text(y + 3, x + 172, "rivals", _INK, 2)
    return y + 28


def _person_row(canvas: Canvas, person: Person, y: int, x: int) -> None:
    canvas.disc(y + 6, x + 7, 7, clothes(person.slot))
    canvas.text(y + 1, x + 4, person.name[0], (255, 255, 255), 2)
    canvas.text(y + 1, x + 20, person.name[:9], _INK, 2)
    for column, (need, hue) in enumerate(zip(person.needs, _NEED_COLOURS, strict=True)):
        left = x + 100 + column * 40
        canvas.rectangle(y + 2, left, 8, 34, _BAR)
        canvas.rectangle(y + 2, left, 8, max(round(34 * need), 1), hue if need > 0.3 else _RIVAL)
    coins = f"{person.money:.0f}"
    canvas.text(y + 1, x + 250 - text_width(coins, 2), coins, _INK, 2)
    canvas.text(y + 14, x + 20, person.doing, _FAINT, 1)


def _icon(canvas: Canvas, top: int, left: int, kind: str, *, used: bool = False, closed: bool = False) -> None:
    """A facility of 16 pixels."""
    small = Canvas(64, 64, _PAPER)
    Brush(small, 64, 0, 0).facility(kind, used=used, closed=closed)
    icon = small.pixels.reshape(16, 4, 16, 4, 3).mean((1, 3)).round()
    canvas.pixels[top : top + 16, left : left + 16] = icon[: canvas.pixels.shape[0] - top]
