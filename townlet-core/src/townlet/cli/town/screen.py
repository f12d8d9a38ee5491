"""What the live view shows: the map, the people and the legend, laid out for a window of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from townlet.cli.output import fitted
from townlet.cli.progress import wrapped
from townlet.envs.scene import KIND_LETTERS, Person, Scene
from townlet.visible import visible

__all__ = ["Look", "compose", "shortened"]

_PEOPLE = 51
"""Columns of the list of people: what anybody does in Townlet's own towns fits whole."""
_BESIDE = 70
"""Columns of a window from which on the list stands beside the map; in a narrower one it stands below."""
_LOW = 0.3
_HEADING = "    name      food rest wash coins doing"


@dataclass
class Look:
    """What a person looks at.

    Attributes:
        follow: slot of the agent that the map is centred on; None for the place that was scrolled to.
        mine: slot of the agent that the person plays, or None.
        y, x: centre of the map, in cells; moved by scrolling.
        status: words at the right of the head, such as ``paused``.
        note: lines above the map.
        keys: what each key does, one item each.
        helping: whether the long help covers the town.
        help: that help.
    """

    follow: int | None = None
    mine: int | None = None
    y: int = -1
    x: int = -1
    status: str = ""
    note: str = ""
    keys: Sequence[str] = ()
    helping: bool = False
    help: str = ""


def compose(scene: Scene, look: Look, title: str, *, width: int, height: int) -> Text:
    """The picture: exactly ``height`` lines of at most ``width`` characters."""
    if look.y < 0:
        look.y, look.x = scene.walls.shape[0] // 2, scene.walls.shape[1] // 2
    head = [_head(scene, look, title)]
    head += [Text(line, style="bold yellow") for line in _broken(look.note, width)][: max(height // 4, 1)]
    feet = [Text(line, style="dim") for line in wrapped(_legend(), width, indent="")[:2]]
    feet += [Text(line, style="reverse") for line in wrapped(look.keys, width, indent="")[:2]]
    rows = max(height - len(head) - len(feet), 0)
    if look.helping:
        body = [Text(line) for line in fitted(look.help, width).splitlines()]
    elif width >= _BESIDE:
        body = _beside(scene, look, width, rows)
    else:
        below = min(len(scene.people) + 1, max(rows // 2, min(4, rows)))
        body = [*_map(scene, look, width, rows - below), *_people(scene, look, width, below)]
    body = [*body, *(Text() for _ in range(rows - len(body)))][:rows]
    lines = [*head, *body, *feet][:height]
    for line in lines:
        line.truncate(width)
    picture = Text("\n").join(lines)
    picture.no_wrap = True
    return picture


def _head(scene: Scene, look: Look, title: str) -> Text:
    minutes = int(scene.time * 24 * 60)
    off = [word for word, on in (("power", scene.power), ("water", scene.water)) if not on]
    now = f"day {scene.day}, {minutes // 60:02d}:{minutes % 60:02d}"
    told = [now, look.status, *(f"{service} off" for service in off), title]
    return Text(" · ".join(filter(None, told)), style="bold")


def _broken(note: str, width: int) -> list[str]:
    return [line for part in note.splitlines() for line in wrapped(part.split(" · "), width, gap=" · ", indent="")]


def _legend() -> list[str]:
    return ["# wall", *(f"{letter.lower()} {kind}" for kind, letter in KIND_LETTERS.items())]


def _beside(scene: Scene, look: Look, width: int, rows: int) -> list[Text]:
    wide = min(width - _PEOPLE - 2, scene.walls.shape[1])
    left, right = _map(scene, look, wide, rows), _people(scene, look, width - wide - 2, rows)
    lines = []
    for row in range(rows):
        line = left[row].copy() if row < len(left) else Text()
        line.pad_right(max(wide - line.cell_len, 0))
        lines.append(line.append("  ").append_text(right[row]) if row < len(right) else line)
    return lines


def _map(scene: Scene, look: Look, width: int, height: int) -> list[Text]:
    """The part of the map that fits, around whoever is followed."""
    for person in scene.people:
        if person.slot == look.follow:
            look.y, look.x = person.y, person.x
    top, left = _window(look.y, height, scene.walls.shape[0]), _window(look.x, width, scene.walls.shape[1])
    bottom, right = min(top + height, scene.walls.shape[0]), min(left + width, scene.walls.shape[1])
    cells = [[("#", "dim") if wall else (" ", "") for wall in row[left:right]] for row in scene.walls[top:bottom]]

    def put(y: int, x: int, glyph: str, style: str) -> None:
        if top <= y < bottom and left <= x < right:
            cells[y - top][x - left] = glyph, style

    for facility in scene.facilities:
        style = "red" if facility.closed else "yellow" if facility.used else "blue"
        put(facility.y, facility.x, KIND_LETTERS[facility.kind].lower(), style)
    for person in sorted(scene.people, key=lambda p: (p.slot == look.mine, p.slot == look.follow)):
        put(person.y, person.x, person.name[0].upper(), _style(person, look))
    return [Text.assemble(*row) for row in cells]


def _window(centre: int, shown: int, whole: int) -> int:
    """First cell of a stretch of ``shown`` around ``centre`` that lies within the map."""
    return max(min(centre - shown // 2, whole - shown), 0)


def _style(person: Person, look: Look) -> str:
    colour = "bold red" if min(person.needs) <= _LOW else "bold green"
    return f"{colour} reverse" if person.slot in (look.mine, look.follow) else colour


def _people(scene: Scene, look: Look, width: int, rows: int) -> list[Text]:
    """A line for each, with the one that is followed among them; how many more there are."""
    if rows <= 0:
        return []
    people, room = scene.people, max(rows - 1, 1)
    if len(people) > room:
        room = max(room - 1, 1)
    at = next((n for n, person in enumerate(people) if person.slot == look.follow), 0)
    first = _window(at, room, len(people))
    shown = people[first : first + room]
    lines = [Text(_HEADING[:width], style="dim"), *(_person(person, look, width) for person in shown)]
    if len(shown) < len(people):
        lines.append(Text(f"    {len(people) - len(shown)} more: n and p move through them", style="dim"))
    elif len(lines) + 1 < rows:
        busy = [f"    {f.kind}: {f.waiting} waiting" for f in scene.facilities if f.waiting]
        lines += [Text(line, style="yellow") for line in ["", *busy][: rows - len(lines)] if busy]
    return lines


def shortened(text: str, width: int) -> str:
    """What fits into ``width`` characters: whole words, and dots for the rest; a word is cut only if it is alone."""
    if len(text) <= width:
        return text
    words = text[:width].rpartition(" ")[0]
    return f"{words or text[: width - 1]}…"


def _person(person: Person, look: Look, width: int) -> Text:
    mine, followed = person.slot == look.mine, person.slot == look.follow
    marker = "@" if mine else ">" if followed else " "
    line = Text(
        f"{marker} {person.name[0].upper()} {shortened(visible(person.name), 9):<9} ", style="bold" if mine else ""
    )
    for need in person.needs:
        line.append(f"{round(100 * need):>4} ", style="red" if need <= _LOW else "")
    line.append(f"{person.money:5.0f} ")
    line.append(shortened(visible(person.doing) or "-", max(width - line.cell_len, 1)))
    if mine or followed:
        line.pad_right(max(width - line.cell_len, 0))
        line.stylize("reverse")
    return line
