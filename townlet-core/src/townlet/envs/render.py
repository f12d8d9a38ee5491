"""Drawing a town: ``render_rgb`` for pictures and films, ``render_ansi`` for terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from townlet.envs.picture import draw_picture
from townlet.envs.scene import KIND_LETTERS, Scene, read_scene

if TYPE_CHECKING:
    from townlet.envs.engine import TownEngine

__all__ = ["render_ansi", "render_rgb"]

_RESET, _BOLD, _DIM, _RED, _GREEN, _YELLOW, _BLUE = (f"\x1b[{code}m" for code in (0, 1, 2, 31, 32, 33, 34))


def render_rgb(engine: TownEngine, world: int = 0, *, pixels: int = 768) -> NDArray[np.uint8]:
    """A picture of a world with its legend: uint8 ``[height, width, 3]``."""
    return draw_picture(read_scene(engine.town, engine.state, engine.agent_names, world), pixels=pixels)


def render_ansi(engine: TownEngine, world: int = 0, *, colour: bool = True) -> str:
    """A world as lines of text: ``#`` walls, small letters facilities, capitals agents, then who does what.

    How many wait at a facility is in the list below the map. Without ``colour`` the
    text holds no escape codes.
    """
    scene = read_scene(engine.town, engine.state, engine.agent_names, world)
    lines = [_header(scene), *_map_lines(scene, colour), "", *_people_lines(scene)]
    busy = [f for f in scene.facilities if f.waiting or f.closed]
    lines += [
        f"{f.kind} at ({f.y}, {f.x}): {'closed' if f.closed else 'in use' if f.used else 'free'}, {f.waiting} waiting"
        for f in busy
    ]
    names = {person.slot: person.name for person in scene.people}
    lines += [
        f"{names[tie.one]} and {names[tie.other]}: {'friends' if tie.friendly else 'rivals'} {tie.strength:.2f}"
        for tie in scene.ties
    ]
    lines.append("# wall  " + "  ".join(f"{letter.lower()} {kind}" for kind, letter in KIND_LETTERS.items()))
    return "\n".join(lines)


def _header(scene: Scene) -> str:
    minutes = int(scene.time * 24 * 60)
    off = [word for word, on in (("power", scene.power), ("water", scene.water)) if not on]
    return f"day {scene.day}, {minutes // 60:02d}:{minutes % 60:02d}" + "".join(f", {word} off" for word in off)


def _map_lines(scene: Scene, colour: bool) -> list[str]:
    cells = [["#" if wall else " " for wall in row] for row in scene.walls]
    paint = [[_DIM if wall else "" for wall in row] for row in scene.walls]
    for facility in scene.facilities:
        cells[facility.y][facility.x] = KIND_LETTERS[facility.kind].lower()
        paint[facility.y][facility.x] = _RED if facility.closed else _YELLOW if facility.used else _BLUE
    for person in scene.people:
        cells[person.y][person.x] = person.name[0].upper()
        paint[person.y][person.x] = _BOLD + (_RED if min(person.needs) <= 0.3 else _GREEN)
    if not colour:
        return ["".join(row).rstrip() for row in cells]
    return [
        "".join(f"{code}{cell}{_RESET}" if code else cell for cell, code in zip(row, codes, strict=True))
        for row, codes in zip(cells, paint, strict=True)
    ]


def _people_lines(scene: Scene) -> list[str]:
    return [
        f"{p.name[0].upper()} {p.name:<8} hunger {p.needs[0]:.2f}  energy {p.needs[1]:.2f}  "
        f"hygiene {p.needs[2]:.2f}  {p.money:6.1f} coins  {p.doing}".rstrip()
        for p in scene.people
    ]
