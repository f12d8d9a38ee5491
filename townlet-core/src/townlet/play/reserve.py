"""What is kept from training, so that a mind can be tested on what it has never seen.

Reserved by name and by range, not by a hash: changing a price would dodge a hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from townlet.config import TownletConfig
from townlet.errors import UsageError

__all__ = ["RESERVED_MAPS", "RESERVED_RULES", "RESERVED_SEEDS", "refuse_reserved", "reserved", "reserved_rules"]

RESERVED_MAPS = frozenset({"canal", "causeway", "cloister", "outpost", "quarter", "tower"})
"""Maps, by the name in their file: a copy under another path is the same map."""

RESERVED_SEEDS = range(880_000_000, 890_000_000)
"""Seeds of towns."""

RESERVED_RULES: dict[str, tuple[float, float]] = {
    "town.outside.blackouts": (2.5, 4.0),
    "town.outside.water_outages": (2.5, 4.0),
    "town.outside.price_spikes": (2.5, 4.0),
    "town.queues.grace_ticks": (2, 4),
    "town.queues.push_cooldown": (5, 20),
    "town.movement.ghost_after": (9, 12),
}
"""Key of a config to the values, both ends included, that are reserved."""


def reserved(config: TownletConfig, seeds: Iterable[int] = ()) -> list[str]:
    """What in a config, or in the seeds of its towns, is reserved, each in one line; nothing for what is free."""
    found = []
    name = _map_name(config)
    if name in RESERVED_MAPS:
        found.append(f"town.map is {name!r}, which is held out")
    found += reserved_rules(config.town.model_dump(mode="json"))
    if wrong := [seed for seed in seeds if seed in RESERVED_SEEDS]:
        found.append(f"seed {wrong[0]} is held out ({RESERVED_SEEDS.start} to {RESERVED_SEEDS.stop - 1} are)")
    return found


def reserved_rules(town: dict[str, Any]) -> list[str]:
    """Which rules of a town, as nested keys of the section ``town``, are reserved."""
    found = []
    for key, (least, most) in RESERVED_RULES.items():
        value: Any = town
        for part in key.split(".")[1:]:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, int | float) and least <= value <= most:
            found.append(f"{key} is {value:g}, and {least:g} to {most:g} is held out")
    return found


def refuse_reserved(config: TownletConfig, seeds: Sequence[int] = ()) -> None:
    """Refuse to train on what is held out. Raises UsageError that says what, and what to do."""
    if found := reserved(config, seeds):
        raise UsageError(
            f"{found[0]}: minds are tested there, and must not be trained there",
            details=(*found[1:], "train elsewhere; docs/how-to/meet-strangers.md says what is held out"),
        )


def _map_name(config: TownletConfig) -> str:
    from townlet.config.town import SHIPPED_MAPS
    from townlet.world.maps import load_map

    name = config.town.map
    return name if name in SHIPPED_MAPS or name == "generated" else load_map(name).name
