"""The names of everything an observation holds, in order. Pure Python: a spec can be built without a world.

All features are float32. Unless a comment says otherwise they lie in [0, 1] and grow with the thing they name;
0 stands for "no" or "none". Offsets (``*_offset``) are what the compiled writer starts its blocks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from townlet.api import ObservationSpec
from townlet.world.names import ACTIONS, FACILITY_KINDS, GOALS, NEEDS, PERSONALITY, PRICES

if TYPE_CHECKING:
    from townlet.config.root import TownletConfig
    from townlet.config.town import ActionSpace

__all__ = [
    "AFFORDANCE_NAMES",
    "KIND_PARTS",
    "TIE_PARTS",
    "TIE_SLOTS",
    "VARIANTS",
    "build_spec",
    "feature_names",
    "map_channels",
]

VARIANTS = ("hybrid", "full", "compact")
"""``hybrid``: four map channels; ``full``: a channel and a path field for each facility kind; ``compact``: no map."""

AFFORDANCE_NAMES = ("sleep", "shower", "cook", "eat", "buy_groceries", "buy_meal", "work", "rest")

POSSESSIONS = (
    "wallet",  # money / (money + 50)
    "rent_unpaid",  # days / 2
    "groceries",  # items / 5, at most 1
    "meals",  # items / 5, at most 1
)

TIME = ("time_sin", "time_cos")  # of the angle of the day, in [-1, 1]

JOB = (
    "has_job",
    "in_shift",
    "on_site",
    "to_shift_start",  # fraction of a day until the next start; 0 without a job and while in shift
    "to_shift_end",  # fraction of a day until the end; 0 out of shift
    "lateness",  # ticks late in this shift / 100, at most 1
    "attendance",  # share of the last days' shifts attended
    "wage",  # per tick, relative to the best paid job
)

ACTIVITY_LEFT = "activity_left"  # share of the activity's duration that remains

QUEUE = (
    "in_queue",
    "queue_place",  # (place + 1) / 6, 1/6 = at the head
    "queue_length",  # waiting / 6, of the queue one stands in
    "push_cooldown",  # ticks / 60
)

UTILITIES = ("power", "water")

KIND_PARTS = (
    "north",  # 1: this step shortens the way; 0.5: it would, but somebody stands there
    "east",
    "south",
    "west",
    "distance",  # d / (d + 8) in steps; 1 = out of reach
    "queue",  # (using + waiting) / 6 at the nearest one
    "usable",  # a `use` there would start at once
    "here",  # `use` from this very tile acts on this kind
)
"""What is known of each facility kind: the nearest object of it; one's own bed, and with a job one's own desk."""

TIE_SLOTS = ("friend1", "friend2", "rival1", "rival2")
TIE_PARTS = (
    "trust",  # [-1, 1]
    "familiarity",  # [-1, 1]
    "rivalry",  # [-1, 1]
    "dy",  # clip(their y - mine, -16, 16) / 16; 0 for an empty slot
    "dx",
)

LAST = (
    "blocked",  # failed tries to move / tries before a ghost step
    "context_reset",  # 1 on the first tick of a life
)


def feature_names(affordances: Sequence[str] = AFFORDANCE_NAMES, actions: ActionSpace = "primitive") -> tuple[str, ...]:
    """All names, in order, for a town with these affordances (names, in the order of the manifest)."""
    return (
        *(f"need_{need}" for need in NEEDS),  # 1 = satisfied
        *POSSESSIONS,
        *TIME,
        *JOB,
        *(f"last_{action}" for action in ACTIONS),
        "last_ok",
        "doing_none",
        *(f"doing_{affordance}" for affordance in affordances),
        ACTIVITY_LEFT,
        *QUEUE,
        *UTILITIES,
        *(f"{kind}_{part}" for kind in FACILITY_KINDS for part in KIND_PARTS),
        *PERSONALITY,  # [-1, 1]
        *(f"{slot}_{part}" for slot in TIE_SLOTS for part in TIE_PARTS),
        *(f"price_{price}" for price in PRICES),  # relative to the usual price, 1 = usual
        *LAST,
        *(f"goal_{goal}" for goal in GOALS if actions == "goals"),  # the goal last chosen, pursued or over
    )


def map_channels(variant: str) -> tuple[str, ...]:
    """The channels of the egocentric map, uint8.

    ``wall`` is 255 where nobody can walk (outside the map too); ``facility`` is ``(kind + 1) * 20``;
    ``agents`` 80 neutral, 160 friend, 240 rival, 0 nobody (oneself is not drawn); ``queue_or_occupied`` is 255
    on a facility in use or closed, ``40 * waiting`` on a free one. ``facility_<kind>`` is 255 on such a
    facility; ``path_<kind>`` is ``255 * 8 // (d + 8)`` of the distance to the nearest one, 0 out of reach.
    """
    if variant == "compact":
        return ()
    if variant == "hybrid":
        return ("wall", "facility", "agents", "queue_or_occupied")
    return (
        "wall",
        *(f"facility_{kind}" for kind in FACILITY_KINDS),
        "agents",
        "queue_or_occupied",
        *(f"path_{kind}" for kind in FACILITY_KINDS),
    )


def build_spec(config: TownletConfig) -> ObservationSpec:
    """What the observations of a town with this config mean."""
    variant, window = config.observation.variant, config.observation.window
    size = 0 if variant == "compact" else window
    return ObservationSpec(
        variant=variant,
        map_channels=map_channels(variant),
        map_height=size,
        map_width=size,
        feature_names=feature_names(actions=config.town.actions),
        action_names=GOALS if config.town.actions == "goals" else ACTIONS,
    )
