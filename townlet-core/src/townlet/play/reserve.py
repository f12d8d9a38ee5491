"""What is kept from training, so that a mind can be tested on what it has never seen.

Rules and seeds are reserved by range, maps by name and by what stands where: a hash of the whole would be dodged by
changing a price, a name by a copy.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from townlet.api import TownFacts
from townlet.checkpoints import is_checkpoint, read_checkpoint
from townlet.config import TownletConfig
from townlet.config.stored import stored_config
from townlet.config.town import TownConfig
from townlet.data import Dataset
from townlet.errors import DatasetError, UsageError
from townlet.observations import town_facts
from townlet.world.compile_town import read_map
from townlet.world.maps import MapSource

__all__ = [
    "RESERVED_MAPS",
    "RESERVED_RULES",
    "RESERVED_SEEDS",
    "refuse_reserved",
    "refuse_recorded_there",
    "refuse_taught_there",
    "reserved",
    "reserved_in",
]

RESERVED_MAPS = frozenset({"canal", "causeway", "cloister", "outpost", "quarter", "tower"})
"""Maps, by the name in their file. A copy is the same map, whatever it is called."""

_SAME_TILES = 0.95
"""A map of the same size is a copy from this share of equal tiles on."""

RESERVED_SEEDS = range(880_000_000, 890_000_000)
"""Seeds of towns."""

RESERVED_RULES: dict[str, tuple[float, float]] = {
    "outside.blackouts": (2.5, 4.0),
    "outside.water_outages": (2.5, 4.0),
    "outside.price_spikes": (2.5, 4.0),
    "queues.grace_ticks": (2, 4),
    "queues.push_cooldown": (5, 20),
    "movement.ghost_after": (9, 12),
}
"""Key of the section ``town`` to the values, both ends included, that are reserved."""


def reserved(town: TownFacts, seeds: Iterable[int] = ()) -> list[str]:
    """What of a town, or of the seeds of some, is reserved, each in one line; nothing for what is free."""
    found = [f"the map {town.map!r} is held out"] if town.map in RESERVED_MAPS else []
    if not found and (original := _digests().get(town.map_digest)):
        found.append(f"the map {town.map!r} is held out: it is a copy of {original!r}")
    for key, (least, most) in RESERVED_RULES.items():
        value = town.rules.get(key)
        if isinstance(value, int | float) and least <= value <= most:
            found.append(f"town.{key} is {value:g}, and {least:g} to {most:g} is held out")
    if wrong := [seed for seed in seeds if seed in RESERVED_SEEDS]:
        found.append(f"seed {wrong[0]} is held out ({RESERVED_SEEDS.start} to {RESERVED_SEEDS.stop - 1} are)")
    return found


def reserved_in(town: TownConfig, seeds: Iterable[int] = ()) -> list[str]:
    """The same of a town whose map can be looked at: a map that is nearly one of the reserved is seen, too."""
    facts = town_facts(town)
    found = reserved(facts, seeds)
    if facts.map not in RESERVED_MAPS and facts.map_digest not in _digests():
        tiles = _tiles(read_map(town))
        for name, theirs in _grids().items():
            same = _share(tiles, theirs)
            if same >= _SAME_TILES:
                found.insert(0, f"the map {facts.map!r} is held out: {same:.0%} of its tiles are those of {name!r}")
    return found


def refuse_reserved(config: TownletConfig, seeds: Iterable[int] = (), *, what: str = "trained") -> None:
    """Refuse to train on what is held out. Raises UsageError that says what, and what to do.

    Args:
        config: of the towns.
        seeds: of the towns.
        what: is to be done there, as a participle.
    """
    if found := reserved_in(config.town, seeds):
        raise UsageError(
            f"{found[0]}: minds are tested there, and must not be {what} there",
            details=(*found[1:], "choose another town; docs/how-to/meet-strangers.md says what is held out"),
        )


def refuse_recorded_there(dataset: Dataset) -> None:
    """Refuse to learn from a recording of towns that are held out.

    A recording that does not say of which town it is (one that was imported) is let pass.

    Raises:
        DatasetError: it is one; with the file that says so.
    """
    manifest, where = dataset.manifest, dataset.path / "manifest.json"
    if not manifest.config:
        return
    config = stored_config(manifest.config, where=where, error=DatasetError)
    seeds = [seed for segment in manifest.segments for seed in segment.seeds]
    if found := reserved_in(config.town, seeds):
        raise DatasetError(
            f"this was recorded where minds are tested: {found[0]}",
            where=str(where),
            details=(*found[1:], "record demonstrations in a town that is not held out"),
        )


def refuse_taught_there(checkpoint: Path, *, who: str, instead: str) -> None:
    """Refuse a checkpoint whose manifest says that it was taught in a town that is held out.

    A checkpoint of another's own kind does not say where it was taught, and is let pass.

    Args:
        checkpoint: its folder.
        who: it is, for people.
        instead: what to do.

    Raises:
        UsageError: it was; with the file that says so.
    """
    facts = read_checkpoint(checkpoint, verify=False).manifest.facts if is_checkpoint(checkpoint) else None
    if facts is not None and (found := reserved(TownFacts.from_json(facts))):
        raise UsageError(
            f"{who} was taught where minds are tested: {found[0]}",
            where=str(checkpoint / "manifest.json"),
            details=(*found[1:], instead),
        )


@cache
def _digests() -> dict[str, str]:
    return {town_facts(TownConfig(map=name)).map_digest: name for name in sorted(RESERVED_MAPS)}


@cache
def _grids() -> dict[str, list[list[str]]]:
    return {name: _tiles(read_map(TownConfig(map=name))) for name in sorted(RESERVED_MAPS)}


def _tiles(source: MapSource) -> list[list[str]]:
    return [[source.legend[glyph] for glyph in row] for row in source.rows]


def _share(mine: list[list[str]], theirs: list[list[str]]) -> float:
    """Share of equal tiles; 0 for maps of other sizes."""
    if [len(row) for row in mine] != [len(row) for row in theirs]:
        return 0.0
    pairs = [pair for a, b in zip(mine, theirs, strict=True) for pair in zip(a, b, strict=True)]
    return sum(a == b for a, b in pairs) / len(pairs)
