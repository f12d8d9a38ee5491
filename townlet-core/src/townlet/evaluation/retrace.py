"""Lives a recording again: the config, the seeds and the recorded actions give the same towns, tick by tick.

So a dataset need not hold where everybody stood: it can be reproduced exactly, and with it every figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from townlet.data import Dataset
from townlet.envs.engine import TownEngine
from townlet.evaluation.plots.towns import Spell, Tie
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
    stage, mind = replayed(dataset)
    engine = stage.engine
    assert isinstance(engine, TownEngine)
    ticks, length = stage.job.ticks, stage.job.config.town.time.day_ticks
    diary = _Diary(engine, agent, max(ticks // length - 1, 0) if day is None else day)

    def told(step: Step) -> None:
        done = step.tick + 1
        if progress is not None and (done % _TOLD_EVERY == 0 or done == ticks):
            progress(done, ticks)

    with stage:
        if stage.run(ticks, watchers=[mind.compare, lambda step: diary.note(step.tick), told]).interrupted:
            raise KeyboardInterrupt
    return Retraced(
        kpis=engine.kpis(),
        walls=engine.tables.map.wall.astype(np.bool_),
        facilities=_facilities(engine),
        ties=_ties(engine),
        day=diary.written(),
    )


class _Diary:
    """Notes one agent's needs and activity on one day."""

    def __init__(self, engine: TownEngine, agent: int, day: int) -> None:
        self._engine, self._agent, self._day = engine, agent, day
        self._length = engine.config.town.time.day_ticks
        self._needs: list[tuple[float, ...]] = []
        self._activities: list[int] = []
        self._shift: list[bool] = []

    def note(self, tick: int) -> None:
        if tick // self._length != self._day:
            return
        agents, a = self._engine.state.agents, self._agent
        self._needs.append(tuple(float(getattr(agents, need)[0, a]) for need in NEEDS))
        self._activities.append(int(agents.activity[0, a]))
        self._shift.append(bool(agents.in_shift[0, a]))

    def written(self) -> Day | None:
        if not self._needs:
            return None
        names = self._engine.town.affordances
        spells, start = [], 0
        for tick in range(1, len(self._activities) + 1):
            if tick == len(self._activities) or self._activities[tick] != self._activities[start]:
                if self._activities[start] >= 0:
                    spells.append(Spell(names[self._activities[start]], start, tick))
                start = tick
        needs = np.array(self._needs)
        worked = np.flatnonzero(self._shift)
        return Day(
            agent=self._engine.agent_names[self._agent],
            number=self._day,
            spells=tuple(spells),
            needs={name: needs[:, i] for i, name in enumerate(NEEDS)},
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
