"""Lives a recording again: the config, the seeds and the recorded actions give the same towns, tick by tick.

So a dataset need not hold where everybody stood: it can be reproduced exactly, and with it every figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from townlet.config import stored_config
from townlet.data import Dataset
from townlet.envs.engine import TownEngine
from townlet.errors import DatasetError
from townlet.evaluation.plots.towns import Spell, Tie
from townlet.play import Frames, Keep, perform
from townlet.play.replaying import replayed
from townlet.rollout import Step
from townlet.telemetry.kpis import TownKpis
from townlet.world.names import FACILITY_KINDS, NEEDS

__all__ = ["Day", "Retraced", "retrace"]

_TOLD_EVERY = 256


@dataclass(frozen=True, slots=True)
class Day:
    """One agent's day: needs to float64 ``[T]``, what it did, and its shift (ticks of the day) or None."""

    agent: str
    number: int
    spells: tuple[Spell, ...]
    needs: dict[str, NDArray[np.float64]]
    shift: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Retraced:
    """What a recording was, lived again.

    Attributes:
        kpis: everything that was measured of all its towns.
        walls: bool ``[H, W]``, where nobody can stand.
        facilities: kind to the middle of its objects, (row, column), one entry an object.
        ties: ties of the first town at the end.
        day: the day of one agent of the first town.
    """

    kpis: TownKpis
    walls: NDArray[np.bool_]
    facilities: tuple[tuple[str, float, float], ...]
    ties: tuple[Tie, ...]
    day: Day | None


def retrace(
    dataset: Dataset, *, agent: int = 0, day: int | None = None, progress: Callable[[int, int], None] | None = None
) -> Retraced:
    """Live the first segment of ``dataset`` again.

    Args:
        dataset: a recording of whole towns from their first tick.
        agent: slot whose day is kept.
        day: number of that day; the last whole one by default.
        progress: told ticks done and ticks in all.

    Raises:
        DatasetError: if it does not begin at tick 0, is not a recording of towns, or another version of the town
            recorded it, so that the same actions do not lead to the same rewards.
    """
    manifest = dataset.manifest
    length = stored_config(manifest.config, where=dataset.path, error=DatasetError).town.time.day_ticks
    ticks = manifest.segments[0].ticks if manifest.segments else 0
    shown = max(ticks // length - 1, 0) if day is None else day
    lived = shown * length < ticks
    between = (shown * length, min((shown + 1) * length, ticks) - 1)
    stage, mind = replayed(dataset, keep=Keep.frames(between=between) if lived else Keep.NOTHING)

    def told(step: Step) -> None:
        done = step.tick + 1
        if progress is not None and (done % _TOLD_EVERY == 0 or done == ticks):
            progress(done, ticks)

    with stage:
        outcome = perform(stage, watchers=[mind.compare, told])
        if outcome.interrupted:
            raise KeyboardInterrupt
        engine = stage.engine
        assert isinstance(engine, TownEngine)
        return Retraced(
            kpis=outcome.kpis,
            walls=engine.tables.map.wall.astype(np.bool_),
            facilities=_facilities(engine),
            ties=_ties(engine),
            day=None if outcome.frames is None else _day(outcome.frames, agent, shown),
        )


def _day(frames: Frames, agent: int, number: int) -> Day:
    """The day of one agent of the first town, from the frames of its ticks."""
    mine = frames.agent(frames.agents[agent])
    activity: list[int] = mine["activity"].tolist()
    spells, start = [], 0
    for tick in range(1, len(activity) + 1):
        if tick == len(activity) or activity[tick] != activity[start]:
            if activity[start] >= 0:
                spells.append(Spell(frames.affordances[activity[start]], start, tick))
            start = tick
    worked = np.flatnonzero(mine["in_shift"])
    return Day(
        agent=frames.agents[agent],
        number=number,
        spells=tuple(spells),
        needs={name: mine[name].astype(np.float64) for name in NEEDS},
        shift=(int(worked[0]), int(worked[-1]) + 1) if len(worked) else None,
    )


def _facilities(engine: TownEngine) -> tuple[tuple[str, float, float], ...]:
    ground = engine.tables.map
    return tuple(
        (FACILITY_KINDS[int(kind)], float(y), float(x))
        for kind, y, x in zip(ground.object_kind, ground.object_y, ground.object_x, strict=True)
    )


def _ties(engine: TownEngine) -> tuple[Tie, ...]:
    ties = engine.state.ties
    found = []
    for a in range(engine.agents):
        for t in range(ties.other.shape[2]):
            other = int(ties.other[0, a, t])
            if other >= 0:
                numbers = (float(getattr(ties, name)[0, a, t]) for name in ("trust", "familiarity", "rivalry"))
                found.append(Tie(a, other, *numbers))
    return tuple(found)
