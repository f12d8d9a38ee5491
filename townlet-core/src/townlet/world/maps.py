"""Reading a map: a YAML file with a grid of glyphs, its legend and a list of places.

Rows and columns in messages count from 1, as an editor does. What is checked here needs no walking; whether
everything can be reached is checked in :mod:`townlet.world.fields`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from townlet.config.model import Section
from townlet.errors import MapError
from townlet.world.names import FACILITY_KINDS

__all__ = ["SHIPPED_MAPS", "MapSource", "PlaceSource", "load_map", "parse_map"]

SHIPPED_MAPS = ("hamlet", "riverside")

OPEN_GROUND = ("floor", "street", "grass")
CLOSED_GROUND = ("wall", "water")
GROUND = (*OPEN_GROUND, *CLOSED_GROUND)

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
    """

    name: str
    where: str
    agents: int
    rows: tuple[str, ...]
    legend: Mapping[str, str]
    places: tuple[PlaceSource, ...]
    complete: bool = True

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

    def spot(self, y: int, x: int) -> str:
        """``"file, row 3, column 5"`` for messages; ``y`` and ``x`` from 0."""
        return f"{self.where}, row {y + 1}, column {x + 1}"


def load_map(name_or_path: str) -> MapSource:
    """Read a shipped map by name, or a map file by path.

    Raises:
        MapError: with file, row and column, if it cannot be read or is no map to live on.
    """
    if name_or_path in SHIPPED_MAPS:
        text = (files("townlet.world") / "data" / "maps" / f"{name_or_path}.yaml").read_text(encoding="utf-8")
        return parse_map(text, where=f"map {name_or_path}")
    path = Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MapError(
            f"the map {name_or_path!r} cannot be read",
            where="town.map",
            details=[f"found: {error}", f"shipped maps: {', '.join(SHIPPED_MAPS)}, generated; or the path of a file"],
        ) from error
    return parse_map(text, where=str(path))


def parse_map(text: str, *, where: str) -> MapSource:
    """Read the text of a map file. Raises MapError naming row and column."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise MapError("a map must be YAML", where=where, details=[str(error)]) from error
    if not isinstance(data, dict):
        raise MapError("a map must be a mapping with legend, grid and places", where=where)
    try:
        file = MapFile.model_validate(data)
    except ValidationError as error:
        details = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise MapError("the map has wrong entries", where=where, details=details) from error
    ordered = sorted(file.places, key=lambda place: place.kind != "home")
    source = MapSource(
        file.name, where, file.agents, tuple(file.grid.splitlines()), file.legend, tuple(ordered), file.complete
    )
    _check_legend(source)
    _check_grid(source)
    _check_places(source)
    _check_population(source)
    return source


def _check_legend(source: MapSource) -> None:
    known = (*GROUND, *FACILITY_KINDS)
    for glyph, meaning in source.legend.items():
        if len(glyph) != 1 or glyph.isspace():
            raise MapError(f"the legend's {glyph!r} is not one visible glyph", where=source.where)
        if meaning not in known:
            raise MapError(
                f"the legend says that {glyph!r} is {meaning!r}, which is nothing Townlet knows",
                where=source.where,
                details=[f"known: {', '.join(known)}"],
            )


def _check_grid(source: MapSource) -> None:
    width = source.width
    if source.height < 3 or width < 3 or source.height > 4096 or width > 4096:
        raise MapError(f"a map of {source.height} rows, {width} columns; 3 to 4096 are possible", where=source.where)
    for y, row in enumerate(source.rows):
        if len(row) != width:
            raise MapError(
                "rows of a map must be equally long",
                where=f"{source.where}, row {y + 1}, column {min(len(row), width) + 1}",
                details=[f"found: {len(row)} columns; row 1 has {width}"],
            )
        for x, glyph in enumerate(row):
            if glyph not in source.legend:
                raise MapError(
                    f"the glyph {glyph!r} is not in the legend",
                    where=source.spot(y, x),
                    details=[f"the legend has {' '.join(sorted(source.legend))}"],
                )
    for y in range(source.height):
        for x in range(width):
            if (y in (0, source.height - 1) or x in (0, width - 1)) and source.at(y, x) not in CLOSED_GROUND:
                raise MapError("the border of a map must be wall or water", where=source.spot(y, x))


def _check_places(source: MapSource) -> None:
    owner: dict[tuple[int, int], str] = {}
    names = [place.name for place in source.places]
    for name in names:
        if names.count(name) > 1:
            raise MapError(f"two places are called {name!r}", where=source.where)
    for place in source.places:
        (top, bottom), (left, right) = place.rows, place.columns
        if not (1 <= top <= bottom <= source.height and 1 <= left <= right <= source.width):
            raise MapError(
                f"the place {place.name!r} lies outside the grid or ends before it starts",
                where=source.where,
                details=[f"rows {top}-{bottom} of {source.height}, columns {left}-{right} of {source.width}"],
            )
        owned = "bed" if place.kind == "home" else "desk"
        found = 0
        for y in range(top - 1, bottom):
            for x in range(left - 1, right):
                if (y, x) in owner:
                    raise MapError(f"the places {owner[y, x]!r} and {place.name!r} overlap", where=source.spot(y, x))
                owner[y, x] = place.name
                found += source.at(y, x) == owned
                if source.at(y, x) in ("bed", "desk") and source.at(y, x) != owned:
                    raise MapError(
                        f"a {source.at(y, x)} stands on the ground of the {place.kind} {place.name!r}",
                        where=source.spot(y, x),
                    )
        if not found:
            raise MapError(f"the {place.kind} {place.name!r} has no {owned}", where=source.spot(top - 1, left - 1))
    for y in range(source.height):
        for x in range(source.width):
            if source.at(y, x) in ("bed", "desk") and (y, x) not in owner:
                raise MapError(f"a {source.at(y, x)} belongs to no place", where=source.spot(y, x))


def _check_population(source: MapSource) -> None:
    counts = dict.fromkeys(FACILITY_KINDS, 0)
    for row in source.rows:
        for glyph in row:
            if source.legend[glyph] in counts:
                counts[source.legend[glyph]] += 1
    if counts["bed"] < source.agents:
        raise MapError(
            f"{source.agents} agents and {counts['bed']} beds: somebody is homeless",
            where=source.where,
            details=["draw more beds on the ground of homes, or lower `agents`"],
        )
    missing = [kind for kind in FACILITY_KINDS if not counts[kind]]
    if source.complete and missing:
        raise MapError(
            f"the map has no {', no '.join(missing)}",
            where=source.where,
            details=["draw them, or say `complete: false` where nobody needs to live for long"],
        )
