"""The facts of a town with a given config: what another town may have otherwise behind the same interface."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from townlet.api import TownFacts
from townlet.config.town import TownConfig
from townlet.world.affordances import load_affordances
from townlet.world.compile_town import read_map
from townlet.world.maps import MapSource
from townlet.world.names import FACILITY_KINDS

__all__ = ["town_facts"]

Rule = float | int | str | bool

# Files and what the interface says already: the map and the affordances are here by what they hold.
_ELSEWHERE = ("map", "affordances", "files", "actions", "generator", "time.day_ticks")


def town_facts(town: TownConfig) -> TownFacts:
    """Map, agents, number of facilities, prices and every other rule of the section ``town``.

    Raises:
        MapError: if the map is wrong.
        ConfigError: if map or manifest cannot be read, or the manifest is wrong.
    """
    source = read_map(town)
    tiles = Counter("".join(source.rows))
    facilities = Counter(dict.fromkeys(FACILITY_KINDS, 0))
    for glyph, tile in source.legend.items():
        if tile in FACILITY_KINDS:
            facilities[tile] += tiles[glyph]
    rules = dict(_flat(town.model_dump(mode="json"), ""))
    for affordance in load_affordances(town.affordances, town.text_of(town.affordances)):
        written = affordance.model_dump(mode="json", exclude={"id", "facility"})
        rules.update(_flat(written, f"affordances.{affordance.id}."))
    return TownFacts(
        map=source.name,
        map_digest=_digest(source),
        agents=source.agents,
        height=source.height,
        width=source.width,
        facilities=dict(facilities),
        rules=rules,
    )


def _flat(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Rule]]:
    """Nested keys as one name each; lists as text."""
    for key, entry in value.items():
        name = f"{prefix}{key}"
        if name in _ELSEWHERE:
            continue
        if isinstance(entry, Mapping):
            yield from _flat(entry, f"{name}.")
        elif isinstance(entry, str | int | float):
            yield name, entry
        else:
            yield name, json.dumps(entry, sort_keys=True)


def _digest(source: MapSource) -> str:
    """Of what stands where and whose it is; the names of glyphs and places are left out."""
    tiles = [[source.legend[glyph] for glyph in row] for row in source.rows]
    places = [(place.kind, *place.rows, *place.columns) for place in source.places]
    text = json.dumps([source.agents, tiles, places], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
