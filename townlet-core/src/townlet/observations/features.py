"""The one table of what agents see: every feature with its range, unit, scale and meaning, in order.

The compiled writer takes its places and scales from here, as do specs, minds and documentation. All features are
float32; 0 stands for "no" or "none" where nothing else is said. What depends on the town's affordances and action space
comes last, so that the places of everything else are the same in all towns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from townlet.api import FLAG, ActionSpace, Affordance, Code, Feature, Transform
from townlet.world.names import ACTIONS, FACILITY_KINDS, GOALS, NEEDS, PERSONALITY, PRICES
from townlet.world.state import QUEUE_PLACES

__all__ = ["KIND_PARTS", "TIE_PARTS", "TIE_SLOTS", "feature_names", "scale", "town_features"]

DAY = 1000
"""A day's ticks where only places and fixed scales are asked for."""

KIND_PARTS = ("north", "east", "south", "west", "distance", "queue", "usable", "here")
"""What an agent sees of each facility kind: the nearest object of it, but its own bed and, with a job, its own desk."""

_TIES = {"friend1": "best friend", "friend2": "second friend", "rival1": "worst rival", "rival2": "second rival"}
TIE_SLOTS = tuple(_TIES)
TIE_PARTS = ("trust", "familiarity", "rivalry", "dy", "dx")

_STEP = (Code(0, "no"), Code(0.5, "yes, but somebody stands there"), Code(1, "yes"))
_DIRECTIONS = KIND_PARTS[:4]


@lru_cache(maxsize=32)
def town_features(
    affordances: tuple[Affordance, ...] = (),
    day_ticks: int = DAY,
    action_space: ActionSpace = "primitive",
    *,
    last_goal: bool = True,
) -> tuple[Feature, ...]:
    """All features of a town, in order.

    Args:
        affordances: what can be done there, in the order of the manifest.
        day_ticks: length of its day.
        action_space: what minds decide there.
        last_goal: where they choose goals, the one chosen last is a feature.
    """
    shown = last_goal and action_space == "goals"
    return (
        *(_share(f"need_{need}", f"How satisfied {need} is; 1 is fully satisfied.") for need in NEEDS),
        *_possessions(),
        *_time(day_ticks),
        *_job(day_ticks),
        *(_flag(f"last_{action}", f"The last action was {action!r}.") for action in ACTIONS),
        _flag("last_ok", "The last action had its effect."),
        _share("activity_left", "Share of the current activity that remains."),
        *_queue(),
        _flag("power", "There is power."),
        _flag("water", "There is water."),
        *(feature for kind in FACILITY_KINDS for feature in _kind(kind)),
        *(_signed(trait, f"Personality: {trait}.") for trait in PERSONALITY),
        *(feature for slot in TIE_SLOTS for feature in _tie(slot)),
        *(_price(price) for price in PRICES),
        _share("blocked", "Failed moves in a row, as a share of those after which the agent tries to slip past."),
        _flag("context_reset", "The first tick of a life."),
        _flag("doing_none", "The agent is free: no activity is under way."),
        *(
            _flag(f"doing_{a.name}", f"The agent is in the middle of {a.name!r} at a {a.facility}.")
            for a in affordances
        ),
        *(_flag(f"goal_{goal}", f"The goal last chosen was {goal!r}.") for goal in GOALS if shown),
    )


def feature_names(affordances: Sequence[Affordance] = (), action_space: ActionSpace = "primitive") -> tuple[str, ...]:
    """The names of :func:`town_features`."""
    return tuple(feature.name for feature in town_features(tuple(affordances), DAY, action_space))


def scale(name: str) -> float:
    """The scale of a feature whose scale is the same in all towns, in the feature's unit."""
    return next(feature.transform.scale for feature in town_features() if feature.name == name)


def _flag(name: str, description: str) -> Feature:
    return Feature(name, description=description, codes=FLAG)


def _share(name: str, description: str) -> Feature:
    return Feature(name, unit="share", description=description)


def _signed(name: str, description: str) -> Feature:
    return Feature(name, low=-1.0, description=description)


def _scaled(name: str, size: float, unit: str, description: str, *, low: float = 0.0) -> Feature:
    return Feature(name, low=low, unit=unit, transform=Transform("scaled", float(size)), description=description)


def _possessions() -> Iterator[Feature]:
    yield Feature("wallet", unit="coins", transform=Transform("saturating", 50.0), description="Money in the wallet.")
    yield _share("rent_unpaid", "Days of unpaid rent, as a share of those after which the agent is evicted.")
    yield _scaled("groceries", 5, "items", "Groceries carried.")
    yield _scaled("meals", 5, "items", "Meals carried.")


def _time(day_ticks: int) -> Iterator[Feature]:
    for name, kind in (("time_sin", "sine"), ("time_cos", "cosine")):
        transform = Transform("sine" if kind == "sine" else "cosine", float(day_ticks))
        yield Feature(name, low=-1.0, unit="ticks", transform=transform, description=f"Time of day, its {kind}.")


def _job(day_ticks: int) -> Iterator[Feature]:
    yield _flag("has_job", "The agent has a job.")
    yield _flag("in_shift", "The agent's shift is on.")
    yield _flag("on_site", "The agent is at its place of work.")
    yield _scaled("to_shift_start", day_ticks, "ticks", "Until the next shift; 0 without a job and during a shift.")
    yield _scaled("to_shift_end", day_ticks, "ticks", "Until the shift is over; 0 outside of it.")
    yield _scaled("lateness", 100, "ticks", "How late the agent came, or is, for this shift.")
    yield _share("attendance", "Share of the last days' shifts attended.")
    yield _share("wage", "Wage per tick, as a share of that of the best paid job.")


def _queue() -> Iterator[Feature]:
    yield _flag("in_queue", "The agent stands in a queue.")
    yield _scaled("queue_place", QUEUE_PLACES, "places", "The agent's place in it, 1 at its head; 0 out of a queue.")
    yield _scaled("queue_length", QUEUE_PLACES, "agents", "How many stand in that queue.")
    yield _share("push_cooldown", "Share of the time left before the agent may push in again.")


def _kind(kind: str) -> Iterator[Feature]:
    whose = {"bed": "the agent's own bed", "desk": "the agent's own desk (without a job: the nearest)"}.get(
        kind, f"the nearest {kind}"
    )
    for direction in _DIRECTIONS:
        yield Feature(f"{kind}_{direction}", description=f"Whether a step {direction} leads to {whose}.", codes=_STEP)
    yield Feature(
        f"{kind}_distance",
        unit="steps",
        transform=Transform("saturating", 8.0),
        description=f"Distance to {whose}; infinite if there is none or no way to it.",
    )
    yield _scaled(f"{kind}_queue", QUEUE_PLACES, "agents", f"How many use {whose} or wait for it.")
    yield _flag(f"{kind}_usable", f"Using {whose} would start something at once.")
    yield _flag(f"{kind}_here", f"Using from this tile acts on {whose}.")


def _tie(slot: str) -> Iterator[Feature]:
    who = _TIES[slot]
    for part in TIE_PARTS[:3]:
        yield _signed(f"{slot}_{part}", f"The agent's {part} towards the {who}; 0 if there is none.")
    for part, way in (("dy", "south"), ("dx", "east")):
        yield _scaled(f"{slot}_{part}", 16, "tiles", f"How far {way} the {who} is; 0 if there is none.", low=-1.0)


def _price(price: str) -> Feature:
    return Feature(
        f"price_{price}", high=10.0, unit="usual prices", description=f"Price of {price} relative to the usual one."
    )
