"""Reading the counters out into key figures."""

from __future__ import annotations

import numpy as np

from townlet.telemetry.accumulate import Counters
from townlet.telemetry.kpis import TownKpis
from townlet.telemetry.measures import column
from townlet.world.names import FACILITY_KINDS

__all__ = ["read_kpis"]


def read_kpis(
    counters: Counters, *, agent_names: tuple[str, ...], day_ticks: int, ticks: int, seconds: float
) -> TownKpis:
    """A copy of what was counted. Self-sufficiency of a run shorter than a day is that of the part lived."""
    ended = int(counters.days_ended[0])
    kept = min(ended, len(counters.days))
    order = [day % len(counters.days) for day in range(ended - kept, ended)]
    today = counters.today.copy()
    if ended == 0 and ticks > 0:
        today[:, :, column("agent_days")] = 1.0
        today[:, :, column("sufficient_days")] = counters.sufficient
    days = counters.days[order]
    if ticks > ended * day_ticks:
        days = np.concatenate([days, today.sum(1)[None]])
    return TownKpis(
        agent_names=agent_names,
        kind_names=FACILITY_KINDS,
        day_ticks=day_ticks,
        ticks=ticks,
        seconds=seconds,
        first_day=ended - kept,
        days=days,
        agent_sums=counters.before + today,
        heat_map=counters.heat.copy(),
        queue_lengths=counters.queues.copy(),
    )
