"""Numbers that follow the course of training: step sizes, weights, social reward stages."""

from __future__ import annotations

import math

from townlet.config.rewards import SocialStage
from townlet.config.training import ScheduleConfig, SocialScheduleConfig

__all__ = ["scheduled", "social_stage"]


def scheduled(schedule: ScheduleConfig, update: int, total: int) -> float:
    """The value of ``schedule`` at ``update`` (from 0) of a phase of ``total`` updates.

    The first update has ``start``, the last one of the schedule ``end``; a schedule of one update has ``start``.
    """
    length = schedule.updates if schedule.updates is not None else total
    share = min(1.0, update / (length - 1)) if length > 1 else float(update > 0)
    if schedule.shape == "constant":
        return schedule.start
    if schedule.shape == "cosine":
        share = 0.5 - 0.5 * math.cos(math.pi * share)
    return schedule.start + (schedule.end - schedule.start) * share


def social_stage(schedule: SocialScheduleConfig, cycle: int) -> SocialStage | None:
    """The social reward stage of ``cycle``; None where the schedule leaves the town's own stage alone."""
    stage: SocialStage | None = None
    for step in schedule.steps:
        if step.cycle <= cycle:
            stage = step.stage
    return stage
