"""From a config to a town: read the map and the manifest, check that one can live there, compile the tables."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.config.source import Source
from townlet.config.town import TownConfig
from townlet.errors import MapError
from townlet.world.affordances import compile_affordances, load_affordances
from townlet.world.compile_rules import compile_rules, compile_schedule
from townlet.world.fields import Field, Ground, check_reachable, flood, read_ground
from townlet.world.maps import MapSource, load_map
from townlet.world.names import BED, DESK, FACILITY_KINDS
from townlet.world.size import refuse_towns_too_large
from townlet.world.tables import UNREACHABLE, MapTable, PostTable, Tables, Town

__all__ = ["compile_map", "compile_town", "read_map"]

_SPAWN_TILES = 32
_POSTS_OF_A_HOME = 24


def compile_town(config: TownConfig | None = None, source: MapSource | None = None) -> Town:
    """Compile the town of ``config`` (the default town without one), on ``source`` instead of its map if given.

    Raises:
        MapError: if the map cannot be lived on; names line, row and column.
        ConfigError: if the manifest is wrong; names line and key.
    """
    config = config if config is not None else TownConfig()
    if source is None:
        source = read_map(config)
    refuse_towns_too_large(source)
    affordances = load_affordances(config.affordances, config.text_of(config.affordances))
    ground = read_ground(source)
    check_reachable(source, ground)
    objects = _object_names(ground)
    homes = sum(place.kind == "home" for place in source.places)
    map_table, place_fields = compile_map(source, ground, homes, config.social.chat_reach)
    tables = Tables(
        map=map_table,
        affordances=compile_affordances(affordances, where=Source(label=config.affordances).where),
        posts=_posts(config, source, ground, homes, place_fields),
        schedule=compile_schedule(config.outside.schedule, objects, source.agents),
        rules=compile_rules(config),
    )
    _freeze(tables)
    return Town(
        config=config,
        tables=tables,
        agents=source.agents,
        glyphs=source.rows,
        affordances=tuple(a.id for a in affordances),
        places=tuple(place.name for place in source.places),
        objects=objects,
        homes=homes,
        digest=_digest(tables),
    )


def read_map(config: TownConfig) -> MapSource:
    """The map of a config: shipped, generated or from a file. Raises MapError or ConfigError for a wrong one."""
    if config.map == "generated":
        from townlet.world.generate import generate_map  # pulled in only for towns that need it

        return generate_map(config.generator.agents, config.generator.seed)
    return load_map(config.map, config.text_of(config.map))


def compile_map(source: MapSource, ground: Ground, homes: int, chat_reach: int) -> tuple[MapTable, list[Field]]:
    """The map's arrays, and the field of each place."""
    kinds = [_field(ground, ground.object_kind == kind) for kind in range(len(FACILITY_KINDS))]
    places = [
        _field(ground, (ground.object_place == d) & (ground.object_kind == (BED if d < homes else DESK)), place=d)
        for d in range(len(source.places))
    ]
    beds = np.flatnonzero(ground.object_kind == BED)
    local = _local_fields(source, ground)
    spawn = [_spawn_tiles(field) for field in places[:homes]]
    offsets = sorted(
        (max(abs(dy), abs(dx)), abs(dy) + abs(dx), dy, dx)
        for dy in range(-chat_reach, chat_reach + 1)
        for dx in range(-chat_reach, chat_reach + 1)
        if (dy, dx) != (0, 0)
    )
    table = MapTable(
        walkable=ground.walkable,
        wall=ground.wall,
        object_at=ground.object_at,
        use_object=ground.use_object,
        place_at=ground.place_at,
        object_kind=ground.object_kind,
        object_y=ground.object_y,
        object_x=ground.object_x,
        object_place=ground.object_place,
        kind_distance=_stack([f.distance for f in kinds], -1),
        kind_steps=_stack([f.steps for f in kinds], -1),
        kind_nearest=_stack([f.nearest for f in kinds], -1),
        place_distance=_stack([f.distance for f in places], 0),
        place_steps=_stack([f.steps for f in places], 0),
        slot_home=np.ascontiguousarray(ground.object_place[beds[: source.agents]]),
        slot_bed=beds[: source.agents].astype(np.int16),
        own_local=local[0],
        local_distance=local[1],
        local_steps=local[2],
        place_top=np.array([place.rows[0] - 1 for place in source.places], np.int16),
        place_left=np.array([place.columns[0] - 1 for place in source.places], np.int16),
        place_columns=np.array([place.columns[1] - place.columns[0] + 1 for place in source.places], np.int16),
        spawn_y=_stack([s[0] for s in spawn], 0),
        spawn_x=_stack([s[1] for s in spawn], 0),
        chat_dy=np.array([o[2] for o in offsets], np.int8),
        chat_dx=np.array([o[3] for o in offsets], np.int8),
    )
    return table, places


def _field(ground: Ground, wanted: NDArray[np.bool_], *, place: int | None = None) -> Field:
    """The way to objects: from the tiles that serve them, of a place only those on its own ground.

    A tile outside may serve a bed too; but whoever stops there, because it serves another's, would never arrive.
    """
    serves = ground.use_object
    sources = (serves >= 0) & wanted[serves]
    if place is not None:
        sources &= ground.place_at == place
    return flood(ground.walkable, np.where(sources, serves, -1).astype(np.int16))


def _local_fields(source: MapSource, ground: Ground) -> tuple[NDArray[np.int16], NDArray[np.uint16], NDArray[np.uint8]]:
    """For each bed and desk, the way to it over the ground of its place: which row, distance, steps."""
    owned = np.flatnonzero(ground.object_place >= 0)
    rows = np.full(len(ground.object_kind), -1, np.int16)
    rows[owned] = np.arange(len(owned))
    spans = [(slice(p.rows[0] - 1, p.rows[1]), slice(p.columns[0] - 1, p.columns[1])) for p in source.places]
    tiles = max((ground.walkable[span].size for span in spans), default=1)
    distance = np.full((max(len(owned), 1), tiles), UNREACHABLE, np.uint16)
    steps = np.zeros(distance.shape, np.uint8)
    for row, number in enumerate(owned):
        span = spans[int(ground.object_place[number])]
        inside = np.ascontiguousarray(ground.walkable[span])
        field = flood(inside, np.where(ground.use_object[span] == number, number, -1).astype(np.int16))
        lost = np.argwhere((inside != 0) & (field.distance == UNREACHABLE))
        if len(lost):
            place = source.places[int(ground.object_place[number])]
            kind = FACILITY_KINDS[int(ground.object_kind[number])]
            raise MapError(
                f"on the ground of {place.name!r} there is no way from here to its {kind}",
                where=source.spot(place.rows[0] - 1 + int(lost[0][0]), place.columns[0] - 1 + int(lost[0][1])),
                details=[
                    f"the {kind}: {source.spot(int(ground.object_y[number]), int(ground.object_x[number]))}",
                    "the tiles of a place must be connected, and every bed or desk of it served by one of them",
                ],
            )
        distance[row, : inside.size] = field.distance.ravel()
        steps[row, : inside.size] = field.steps.ravel()
    return rows, distance, steps


def _stack(arrays: list[NDArray[Any]], axis: int) -> NDArray[Any]:
    return np.ascontiguousarray(np.stack(arrays, axis=axis))


def _spawn_tiles(field: Field) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """The tiles nearest to a home's beds, in a fixed order, padded with -1."""
    order = np.argsort(field.distance, axis=None, kind="stable")[:_SPAWN_TILES]
    order = order[field.distance.ravel()[order] != UNREACHABLE]
    tiles = np.full((2, _SPAWN_TILES), -1, np.int16)
    tiles[:, : len(order)] = np.unravel_index(order, field.distance.shape)
    return np.ascontiguousarray(tiles[0]), np.ascontiguousarray(tiles[1])


def _posts(config: TownConfig, source: MapSource, ground: Ground, homes: int, places: list[Field]) -> PostTable:
    place, desk_of, start, end, first = [], [], [], [], [0]
    for d in range(len(source.places)):
        desks = np.flatnonzero((ground.object_place == d) & (ground.object_kind == DESK))
        for desk in desks if d >= homes else ():
            for shift in config.jobs.shifts:
                place.append(d)
                desk_of.append(int(desk))
                start.append(shift.start)
                end.append(shift.end)
        first.append(len(place))
    if len(place) > 30_000:
        raise MapError(f"{len(place)} job posts; at most 30,000 are possible", where=source.where)
    of_home = _posts_of_homes(source, ground, homes, places, first)
    return PostTable(
        place=np.array(place, np.int16),
        desk=np.array(desk_of, np.int16),
        start=np.array(start, np.int32),
        end=np.array(end, np.int32),
        wage=np.full(len(place), config.jobs.wage, np.float32),
        first=np.array(first, np.int16),
        of_home=of_home,
    )


def _posts_of_homes(
    source: MapSource, ground: Ground, homes: int, places: list[Field], first: list[int]
) -> NDArray[np.int16]:
    """The posts that people of each home may be given, int16 ``[D, N]``, -1 padded.

    In a small town all of them. In a large one as many as people live there, near by and for them alone (so that
    nobody is left without one), and some of those that are left over.
    """
    beds = np.flatnonzero(ground.object_kind == BED)[: source.agents]
    people = np.bincount(ground.object_place[beds], minlength=homes)
    posts = first[-1]
    width = max(_POSTS_OF_A_HOME, int(people.max()) + 8)
    of_home = np.full((max(homes, 1), width), -1, np.int16)
    if posts <= width:
        of_home[:, :posts] = np.arange(posts)
        return of_home
    free = {d: list(range(first[d], first[d + 1])) for d in range(homes, len(places))}
    counts = [0] * homes
    for _, home, site in sorted(_ways_to_work(ground, homes, places)):
        while free[site] and counts[home] < people[home]:
            of_home[home, counts[home]] = free[site].pop(0)
            counts[home] += 1
    for _, home, site in sorted(_ways_to_work(ground, homes, places)):
        some = free[site][: width - counts[home]]
        of_home[home, counts[home] : counts[home] + len(some)] = some
        counts[home] += len(some)
    return of_home


def _ways_to_work(ground: Ground, homes: int, places: list[Field]) -> list[tuple[int, int, int]]:
    """(steps, home, site) of each pair."""
    ways = []
    for home in range(homes):
        bed = int(np.flatnonzero((ground.object_kind == BED) & (ground.object_place == home))[0])
        y, x = int(ground.object_y[bed]), int(ground.object_x[bed])
        ways += [(int(places[site].distance[y, x]), home, site) for site in range(homes, len(places))]
    return ways


def _object_names(ground: Ground) -> tuple[str, ...]:
    seen = [0] * len(FACILITY_KINDS)
    names = []
    for kind in ground.object_kind:
        seen[kind] += 1
        names.append(f"{FACILITY_KINDS[kind]} {seen[kind]}")
    return tuple(names)


def _freeze(tables: Tables) -> None:
    for part in (tables.map, tables.affordances, tables.posts, tables.schedule):
        for array in part:
            array.flags.writeable = False


def _digest(tables: Tables) -> str:
    digest = hashlib.sha256()
    for group in (tables.map, tables.affordances, tables.posts, tables.schedule):
        for name in group._fields:
            array: NDArray[Any] = getattr(group, name)
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
            digest.update(array.tobytes())
    digest.update(repr(tables.rules).encode())
    return digest.hexdigest()
