"""Reading a map: a YAML file with a grid of glyphs, its legend and a list of places.

Messages name the line of the file, and row and column of the grid; all count from 1, as an editor does. What is checked
here needs no walking; whether everything can be reached is checked in :mod:`townlet.world.fields`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from townlet.config.checking import checked
from townlet.config.loader import MAX_MAP_BYTES, read_text
from townlet.config.model import Section
from townlet.config.source import Source
from townlet.config.town import SHIPPED_MAPS
from townlet.config.yaml_tree import parse_yaml
from townlet.errors import ConfigError, MapError
from townlet.suggestions import nearest
from townlet.world.names import FACILITY_KINDS

__all__ = ["SHIPPED_MAPS", "MapSource", "PlaceSource", "load_map", "parse_map"]

OPEN_GROUND = ("floor", "street", "grass")
CLOSED_GROUND = ("wall", "water")
GROUND = (*OPEN_GROUND, *CLOSED_GROUND)

_MOST_OBJECTS = 2**15 - 1
"""Facilities are numbered in int16."""

Span = Annotated[tuple[int, int], "first and last, counted from 1, both included"]


class PlaceSource(Section):
    """A home or a job site: a rectangle of the grid."""

    name: str = Field(min_length=1, description="Name of the place.")
    kind: Literal["home", "site"] = Field(description="A home owns the beds on its ground, a site the desks.")
    rows: Span = Field(description="First and last row, counted from 1.")
    columns: Span = Field(description="First and last column, counted from 1.")


class MapFile(Section):
    """The layout of a map file."""

    schema_version: Literal[1] = Field(1, alias="schema", description="Version of this layout.")
    name: str = Field(min_length=1, description="Name of the map.")
    agents: int = Field(ge=1, le=2000, description="People who live there; at most one a bed.")
    complete: bool = Field(True, description="Whether every kind of facility must be there (tests build less).")
    legend: dict[str, str] = Field(description="What each glyph is: a ground or a facility kind.")
    grid: str = Field(min_length=1, description="Rows of glyphs, all equally long.")
    places: tuple[PlaceSource, ...] = Field(description="Homes and job sites.")


@dataclass(frozen=True, slots=True)
class MapSource:
    """A map as read and checked.

    Attributes:
        name: of the map.
        where: file, for messages.
        agents: ``A``.
        rows: ``H`` strings of ``X`` glyphs.
        legend: glyph -> ground or facility kind.
        places: homes first, then sites, each in the order of the file.
        complete: whether every kind of facility must be there.
        first_line: line of the file in which row 1 stands, from 1; 0 where the rows are not lines of a file.
    """

    name: str
    where: str
    agents: int
    rows: tuple[str, ...]
    legend: Mapping[str, str]
    places: tuple[PlaceSource, ...]
    complete: bool = True
    first_line: int = 0

    @property
    def height(self) -> int:
        """``H``."""
        return len(self.rows)

    @property
    def width(self) -> int:
        """``X``."""
        return len(self.rows[0])

    def at(self, y: int, x: int) -> str:
        """Ground or facility kind of the tile in row ``y``, column ``x`` (from 0)."""
        return self.legend[self.rows[y][x]]

    def tiles(self, *meanings: str) -> NDArray[np.bool_]:
        """Bool ``[H, X]``: the tiles that are one of these grounds or facility kinds."""
        glyphs = [ord(glyph) for glyph, meaning in self.legend.items() if meaning in meanings]
        codes = np.frombuffer("".join(self.rows).encode("utf-32-le"), np.uint32)
        return np.isin(codes, np.array(glyphs, np.uint32)).reshape(self.height, self.width)

    def spot(self, y: int, x: int) -> str:
        """``"file:24, row 3, column 5"`` for messages; ``y`` and ``x`` from 0."""
        line = f":{self.first_line + y}" if self.first_line else ""
        return f"{self.where}{line}, row {y + 1}, column {x + 1}"


def load_map(name_or_path: str, text: str | None = None) -> MapSource:
    """Read a shipped map by name, or a map file by path.

    Args:
        name_or_path: the name or the path.
        text: what the file held when the config was read; it is not opened again.

    Raises:
        MapError: with file, line, row and column, if it cannot be read or people cannot live on it.
    """
    if name_or_path in SHIPPED_MAPS:
        text = (files("townlet.world") / "data" / "maps" / f"{name_or_path}.yaml").read_text(encoding="utf-8")
        return parse_map(text, where=f"map {name_or_path}")
    if text is not None:
        return parse_map(text, where=name_or_path)
    try:
        text = read_text(name_or_path, kind="map", max_bytes=MAX_MAP_BYTES)
    except ConfigError as error:
        names = (*SHIPPED_MAPS, "generated")
        near = nearest(name_or_path, names)
        raise MapError(
            f"the map {name_or_path!r} cannot be read",
            where="town.map",
            details=[
                f"found: {error.summary}" + (f"  ({error.where})" if error.where != name_or_path else ""),
                *([f"did you mean {near!r}?"] if near else error.details),
                f"shipped maps: {', '.join(names)}; or the path of a file",
            ],
        ) from None
    return parse_map(text, where=name_or_path)


def parse_map(text: str, *, where: str) -> MapSource:
    """Read the text of a map file. Raises MapError naming line, row and column."""
    try:
        written = parse_yaml(text, label=where, kind="map")
        file = checked(MapFile, written)
    except ConfigError as error:
        raise MapError(error.summary, where=error.where, details=error.details) from None
    rows = tuple(file.grid.splitlines())
    order = sorted(range(len(file.places)), key=lambda number: file.places[number].kind != "home")
    source = MapSource(
        name=file.name,
        where=where,
        agents=file.agents,
        rows=rows,
        legend=file.legend,
        places=tuple(file.places[number] for number in order),
        complete=file.complete,
        first_line=_first_line(text, written.nearest_place(("grid",)).line, rows),
    )
    _check_legend(source, written)
    _check_grid(source, written)
    _check_places(source, [written.where(("places", number)) for number in order])
    _check_population(source, written)
    return source


def _first_line(text: str, key: int, rows: Sequence[str]) -> int:
    """Line of row 1 in a grid that is written line by line below its key's line; 0 for one that is not."""
    lines = text.splitlines()[key : key + len(rows)]
    below = len(lines) == len(rows) and all(map(str.endswith, lines, rows))
    return key + 1 if below else 0


def _check_legend(source: MapSource, written: Source) -> None:
    known = (*GROUND, *FACILITY_KINDS)
    for glyph, meaning in source.legend.items():
        where = str(written.nearest_place(("legend", glyph)))
        if len(glyph) != 1 or glyph.isspace():
            raise MapError(f"the legend's {glyph!r} is not one visible glyph", where=where)
        if meaning not in known:
            near = nearest(meaning, known)
            raise MapError(
                f"the legend says that {glyph!r} is {meaning!r}, which Townlet does not know",
                where=where,
                details=[*([f"did you mean {near!r}?"] if near else []), f"known: {', '.join(known)}"],
            )


def _check_grid(source: MapSource, written: Source) -> None:
    height, width = source.height, source.width
    if height < 3 or width < 3 or height > 4096 or width > 4096:
        raise MapError(
            f"a map of {height} rows, {width} columns; 3 to 4096 are possible", where=written.where(("grid",))
        )
    for y, row in enumerate(source.rows):
        if len(row) != width:
            raise MapError(
                "rows of a map must be equally long",
                where=source.spot(y, min(len(row), width)),
                details=[f"found: {len(row)} columns; row 1 has {width}"],
            )
        if unknown := set(row) - set(source.legend):
            x = next(x for x, glyph in enumerate(row) if glyph in unknown)
            raise MapError(
                f"the glyph {row[x]!r} is not in the legend",
                where=source.spot(y, x),
                details=[f"the legend has {' '.join(sorted(source.legend))}"],
            )
    border = ~source.tiles(*CLOSED_GROUND)
    border[1:-1, 1:-1] = False
    if (at := _first(border)) is not None:
        raise MapError("the border of a map must be wall or water", where=source.spot(*at))


def _first(found: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Row and column of the first tile, row by row, or None."""
    where = int(found.argmax())
    return divmod(where, found.shape[1]) if found.flat[where] else None


def _check_places(source: MapSource, written: Sequence[str]) -> None:
    """``written`` says where in the file each place stands."""
    owner = np.full((source.height, source.width), -1, np.int32)
    owned_tiles = {kind: source.tiles(kind) for kind in ("bed", "desk")}
    named: set[str] = set()
    for number, (place, where) in enumerate(zip(source.places, written, strict=True)):
        if place.name in named:
            raise MapError(f"two places are called {place.name!r}", where=where)
        named.add(place.name)
        (top, bottom), (left, right) = place.rows, place.columns
        if not (1 <= top <= bottom <= source.height and 1 <= left <= right <= source.width):
            raise MapError(
                f"the place {place.name!r} lies outside the grid or ends before it starts",
                where=where,
                details=[f"rows {top}-{bottom} of {source.height}, columns {left}-{right} of {source.width}"],
            )
        owned, other = ("bed", "desk") if place.kind == "home" else ("desk", "bed")
        span = (slice(top - 1, bottom), slice(left - 1, right))
        taken, strange = _first(owner[span] >= 0), _first(owned_tiles[other][span])
        if taken is not None and (strange is None or taken <= strange):
            y, x = taken[0] + top - 1, taken[1] + left - 1
            first = source.places[int(owner[y, x])].name
            raise MapError(f"the places {first!r} and {place.name!r} overlap", where=source.spot(y, x))
        if strange is not None:
            raise MapError(
                f"a {other} stands on the ground of the {place.kind} {place.name!r}",
                where=source.spot(strange[0] + top - 1, strange[1] + left - 1),
            )
        owner[span] = number
        if not owned_tiles[owned][span].any():
            raise MapError(f"the {place.kind} {place.name!r} has no {owned}", where=source.spot(top - 1, left - 1))
    lost = _first((owned_tiles["bed"] | owned_tiles["desk"]) & (owner < 0))
    if lost is not None:
        raise MapError(f"a {source.at(*lost)} belongs to no place", where=source.spot(*lost))


def _check_population(source: MapSource, written: Source) -> None:
    counts = {kind: int(np.count_nonzero(source.tiles(kind))) for kind in FACILITY_KINDS}
    if (objects := sum(counts.values())) > _MOST_OBJECTS:
        raise MapError(
            f"the map has {objects:,} facilities; at most {_MOST_OBJECTS:,} are possible",
            where=written.where(("grid",)),
            details=["draw fewer of them"],
        )
    if counts["bed"] < source.agents:
        raise MapError(
            f"{source.agents} agents and {counts['bed']} beds: somebody is homeless",
            where=written.where(("agents",)),
            details=["draw more beds on the ground of homes, or lower `agents`"],
        )
    missing = [kind for kind in FACILITY_KINDS if not counts[kind]]
    if source.complete and missing:
        raise MapError(
            f"the map has no {', no '.join(missing)}",
            where=written.where(("grid",)),
            details=["draw them, or say `complete: false` where nobody needs to live for long"],
        )
