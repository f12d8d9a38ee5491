"""What is counted of each agent, tick by tick: the columns of every accumulator, in order.

All columns are sums, so that the column of a day, a world or a run is the sum of its agents' ticks; the key
figures (:mod:`townlet.telemetry.kpis`) are ratios of such sums and nothing else.
"""

from __future__ import annotations

from typing import Final

from townlet.config.rewards import REWARD_PARTS
from townlet.world.names import ACTIONS, EVENTS, EXIT_REASONS, FACILITY_KINDS, GOALS

__all__ = ["LOW_NEED", "MEASURES", "QUEUE_BINS", "SAMPLE_TICKS", "column"]

LOW_NEED: Final = 0.3
"""A day is self-sufficient if no need fell to this or below."""
SAMPLE_TICKS: Final = 10
"""Places and queues are looked at every so many ticks."""
QUEUE_BINS: Final = 8
"""0 to 7 agents at a facility: one using it and six waiting at most."""

MEASURES: Final = (
    "ticks",  # lived
    "hunger",  # sums of the need over the ticks lived
    "energy",
    "hygiene",
    "low_ticks",  # ticks with a need at or below LOW_NEED
    "agent_days",  # slots of days that ended
    "sufficient_days",  # of those, lived whole with every need above LOW_NEED throughout
    "shift_ticks",  # ticks within one's shift
    "on_site_ticks",  # of those, spent at the job's site
    "guarded_ticks",  # ticks whose reward a guard changed
    "clipped_ticks",  # of those, by the bound of a tick
    "decisions",  # ticks in which the agent was asked
    "reward",
    *(f"reward_{part}" for part in REWARD_PARTS),
    *(f"action_{action}" for action in ACTIONS),  # ticks of each primitive action, in either action space
    *(f"goal_{goal}" for goal in GOALS),  # how often each goal was chosen
    *(f"finished_{kind}" for kind in FACILITY_KINDS),  # affordances finished, by kind of facility
    *(f"exit_{reason}" for reason in EXIT_REASONS[1:]),
    *EVENTS,
)

(
    M_TICKS,
    M_HUNGER,
    M_ENERGY,
    M_HYGIENE,
    M_LOW_TICKS,
    M_AGENT_DAYS,
    M_SUFFICIENT_DAYS,
    M_SHIFT_TICKS,
    M_ON_SITE_TICKS,
    M_GUARDED_TICKS,
    M_CLIPPED_TICKS,
    M_DECISIONS,
    M_REWARD,
) = range(13)
M_PARTS: Final = M_REWARD + 1
M_ACTIONS: Final = M_PARTS + len(REWARD_PARTS)
M_GOALS: Final = M_ACTIONS + len(ACTIONS)
M_FINISHED: Final = M_GOALS + len(GOALS)
M_EXITS: Final = M_FINISHED + len(FACILITY_KINDS)
M_EVENTS: Final = M_EXITS + len(EXIT_REASONS) - 1


def column(name: str) -> int:
    """Index of the measure ``name``. Raises ValueError for a name that is not there."""
    return MEASURES.index(name)
