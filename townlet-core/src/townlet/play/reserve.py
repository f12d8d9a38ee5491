"""What is kept from training, so that a mind can be tested on what it has never seen.

Reserved by name and by range, not by a hash: changing a price would dodge a hash.
"""

from __future__ import annotations

from collections.abc import Iterable

from townlet.api import TownFacts
from townlet.config import TownletConfig
from townlet.errors import UsageError
from townlet.observations import town_facts

__all__ = ["RESERVED_MAPS", "RESERVED_RULES", "RESERVED_SEEDS", "refuse_reserved", "reserved"]

RESERVED_MAPS = frozenset({"canal", "causeway", "cloister", "outpost", "quarter", "tower"})
"""Maps, by the name in their file: a copy under another path is the same map."""

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
    for key, (least, most) in RESERVED_RULES.items():
        value = town.rules.get(key)
        if isinstance(value, int | float) and least <= value <= most:
            found.append(f"town.{key} is {value:g}, and {least:g} to {most:g} is held out")
    if wrong := [seed for seed in seeds if seed in RESERVED_SEEDS]:
        found.append(f"seed {wrong[0]} is held out ({RESERVED_SEEDS.start} to {RESERVED_SEEDS.stop - 1} are)")
    return found


def refuse_reserved(config: TownletConfig) -> None:
    """Refuse to train on what is held out. Raises UsageError that says what, and what to do."""
    if found := reserved(town_facts(config.town)):
        raise UsageError(
            f"{found[0]}: minds are tested there, and must not be trained there",
            details=(*found[1:], "train elsewhere; docs/how-to/meet-strangers.md says what is held out"),
        )
