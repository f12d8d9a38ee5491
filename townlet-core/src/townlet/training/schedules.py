"""Numbers that follow the course of training: step sizes, weights, social reward stages, seeds of towns."""

from __future__ import annotations

import math

import numpy as np

from townlet.config.training import ScheduleConfig, SocialScheduleConfig, SocialStage
from townlet.rng import derive

__all__ = ["scheduled", "social_stage", "town_seeds"]

_PURPOSES = ("demonstrations", "rollout", "update", "cloning", "exploration")


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


def town_seeds(seed: int, purpose: str, count: int, generation: int = 0) -> tuple[int, ...]:
    """Seeds for ``count`` towns, a function of the arguments alone.

    Training draws from 2**52 up to 2**53, evaluation counts from small numbers, so no town is in both.

    Args:
        seed: the seed of the config.
        purpose: one of ``demonstrations``, ``rollout``, ``update``, ``cloning``, ``exploration``.
        count: how many.
        generation: how often towns of this purpose have been replaced by fresh ones.
    """
    key = np.asarray([seed & 0xFFFFFFFFFFFFFFFF], np.uint64)
    key = derive(key, np.asarray([_PURPOSES.index(purpose) + 1], np.uint64))
    key = derive(key, np.asarray([generation], np.uint64))
    drawn = derive(np.repeat(key, count), np.arange(count, dtype=np.uint64))
    return tuple(int(value) for value in (drawn >> np.uint64(12)) | np.uint64(1 << 52))
