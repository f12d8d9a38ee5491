"""A town as an RGB array: ground, facilities, queues, people, ties, and a legend beside it."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from townlet.envs.canvas import Canvas, Colour, text_width
from townlet.envs.scene import KIND_LETTERS, Facility, Person, Scene

__all__ = ["draw_picture"]

_PAPER, _INK, _FAINT = (250, 248, 242), (40, 40, 48), (150, 148, 142)
_STREET, _WALL = (226, 222, 212), (74, 72, 80)
_FRIEND, _RIVAL, _ALARM = (40, 150, 80), (205, 45, 45), (230, 120, 20)
_NEED_COLOURS = ((214, 96, 60), (80, 130, 210), (70, 170, 160))
_KIND_COLOURS: dict[str, Colour] = {
    "bed": (150, 120, 200),
    "shower": (90, 170, 220),
    "stove": (220, 120, 70),
    "table": (190, 150, 90),
    "till": (110, 175, 90),
    "counter": (215, 165, 60),
    "desk": (120, 130, 150),
    "bench": (140, 170, 120),
}
_LEGEND_WIDTH = 330
_ROWS_OF_PEOPLE = 24


def draw_picture(scene: Scene, *, pixels: int = 768) -> NDArray[np.uint8]:
    """Draw ``scene``: uint8 ``[height, width, 3]``. The longer side of the map takes about ``pixels``."""
    rows, columns = scene.walls.shape
    cell = max(pixels // max(rows, columns), 2)
    canvas = Canvas(max(rows * cell, 620), columns * cell + _LEGEND_WIDTH, _PAPER)
    _ground(canvas, scene, cell)
    for facility in scene.facilities:
        _draw_facility(canvas, facility, cell)
    spots = {p.slot: ((p.y + 0.5) * cell, (p.x + 0.5) * cell) for p in scene.people}
    for tie in scene.ties:
        thick = 1 + round(tie.strength * max(cell // 8, 1))
        canvas.line(spots[tie.one], spots[tie.other], _FRIEND if tie.friendly else _RIVAL, thick)
    for person in scene.people:
        _draw_person(canvas, person, cell)
    _legend(canvas, scene, columns * cell + 14)
    return canvas.pixels


def _person_colour(slot: int) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(slot * 0.618034 % 1.0, 0.75, 0.70)
    return int(red * 255), int(green * 255), int(blue * 255)


def _place_colour(place: int, homes: int) -> Colour:
    hue = 0.08 if place < homes else 0.58
    shade = 0.97 - 0.03 * (place % 3)
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.16, shade)
    return int(red * 255), int(green * 255), int(blue * 255)


def _ground(canvas: Canvas, scene: Scene, cell: int) -> None:
    colours = np.empty((*scene.walls.shape, 3), np.uint8)
    colours[:] = _STREET
    for place in range(int(scene.places.max(initial=-1)) + 1):
        colours[scene.places == place] = _place_colour(place, scene.homes)
    colours[scene.walls] = _WALL
    big = colours.repeat(cell, 0).repeat(cell, 1)
    canvas.pixels[: big.shape[0], : big.shape[1]] = big


def _draw_facility(canvas: Canvas, facility: Facility, cell: int) -> None:
    y, x = facility.y * cell, facility.x * cell
    inset = max(cell // 10, 0)
    side = cell - 2 * inset
    canvas.rectangle(y + inset, x + inset, side, side, _KIND_COLOURS[facility.kind])
    if cell >= 10:
        dot = max(cell // 8, 1)
        letter = KIND_LETTERS[facility.kind]
        canvas.text(y + (cell - 5 * dot) // 2, x + (cell - 3 * dot) // 2, letter, (255, 255, 255), dot)
    if facility.used:
        canvas.frame(y + inset, x + inset, side, side, _INK, max(cell // 10, 1))
    if facility.closed:
        canvas.line((y, x), (y + cell - 1, x + cell - 1), _RIVAL, 2)
        canvas.line((y + cell - 1, x), (y, x + cell - 1), _RIVAL, 2)
    for place in range(facility.waiting):  # a dot for each agent waiting
        dot = max(cell // 6, 1)
        canvas.rectangle(y, x + place * (dot + 1), dot, dot, _ALARM)


def _draw_person(canvas: Canvas, person: Person, cell: int) -> None:
    y, x = (person.y + 0.5) * cell, (person.x + 0.5) * cell
    canvas.disc(y, x, cell * 0.46, (255, 255, 255))
    canvas.disc(y, x, cell * 0.40, _person_colour(person.slot))
    if cell >= 10:
        dot = max(cell // 8, 1)
        canvas.text(int(y - 2.5 * dot), int(x - 1.5 * dot), person.name[0], (255, 255, 255), dot)
    if person.queue_place:
        canvas.disc(y - cell * 0.35, x + cell * 0.35, cell * 0.22, _ALARM)


def _legend(canvas: Canvas, scene: Scene, x: int) -> None:
    minutes = int(scene.time * 24 * 60)
    canvas.text(12, x, f"Day {scene.day}  {minutes // 60:02d}:{minutes % 60:02d}", _INK, 4)
    for column, (word, on) in enumerate((("power", scene.power), ("water", scene.water))):
        canvas.text(40, x + column * 150, f"{word} {'on' if on else 'off'}", _INK if on else _RIVAL, 2)
    y = 62
    for place, (kind, letter) in enumerate(KIND_LETTERS.items()):
        left, top = x + place % 2 * 150, y + place // 2 * 20
        canvas.rectangle(top, left, 15, 15, _KIND_COLOURS[kind])
        canvas.text(top + 3, left + 5, letter, (255, 255, 255), 2)
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
    canvas.frame(y, x, 15, 15, _INK, 2)
    canvas.text(y + 3, x + 22, "in use", _INK, 2)
    canvas.line((y, x + 150), (y + 14, x + 164), _RIVAL, 2)
    canvas.line((y + 14, x + 150), (y, x + 164), _RIVAL, 2)
    canvas.text(y + 3, x + 172, "closed", _INK, 2)
    y += 20
    for place in range(3):
        canvas.rectangle(y + 5, x + place * 6, 5, 5, _ALARM)
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
    canvas.disc(y + 6, x + 7, 7, _person_colour(person.slot))
    canvas.text(y + 1, x + 4, person.name[0], (255, 255, 255), 2)
    canvas.text(y + 1, x + 20, person.name[:9], _INK, 2)
    for column, (need, colour) in enumerate(zip(person.needs, _NEED_COLOURS, strict=True)):
        left = x + 100 + column * 40
        canvas.rectangle(y + 2, left, 8, 34, _STREET)
        canvas.rectangle(y + 2, left, 8, max(round(34 * need), 1), colour if need > 0.3 else _RIVAL)
    coins = f"{person.money:.0f}"
    canvas.text(y + 1, x + 250 - text_width(coins, 2), coins, _INK, 2)
    canvas.text(y + 14, x + 20, person.doing, _FAINT, 1)
