"""``Frames``: how the towns of a job were from tick to tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from townlet.envs.protocol import Engine
from townlet.errors import ContractError, UsageError
from townlet.storage import machine_bytes
from townlet.suggestions import nearest

if TYPE_CHECKING:
    from townlet.envs.engine import TownEngine
    from townlet.play.job import Job
    from townlet.rollout import Step

__all__ = ["FrameLog", "Frames"]


@dataclass(frozen=True, slots=True)
class Frames:
    """States of some towns: a frame is how they are at a tick, before what is done on it.

    Attributes:
        ticks: of the frames: int64 ``[F]``; the last may be that after the last action.
        columns: arrays ``[F, W, A]`` of agents, ``[F, W, O]`` of facility objects and ``[F, W, n]`` of the town, by
            name; :data:`townlet.envs.frames.FRAME_COLUMNS` says what they mean. ``action`` is what was chosen at the
            frame's tick, -1 where nothing was yet.
        agents: names of the slots.
        actions: names of the numbers in ``action``.
        affordances: names of the numbers in ``activity``.
        objects: names of the facility objects.
    """

    ticks: NDArray[np.int64]
    columns: Mapping[str, NDArray[Any]]
    agents: tuple[str, ...]
    actions: tuple[str, ...]
    affordances: tuple[str, ...]
    objects: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ticks)

    def __getitem__(self, column: str) -> NDArray[Any]:
        """The column of that name. Raises UsageError for an unknown one."""
        if column not in self.columns:
            raise UsageError(f"a frame has no column {column!r}", details=_hint(column, tuple(self.columns)))
        return self.columns[column]

    def agent(self, name: str, *, world: int = 0) -> dict[str, NDArray[Any]]:
        """What the frames say of one agent: the columns of agents, ``[F]`` each.

        Raises:
            UsageError: if nobody in the towns has that name, or there is no such town.
        """
        worlds = self.columns["present"].shape[1]
        if name not in self.agents:
            raise UsageError(f"no agent in this town is called {name!r}", details=_hint(name, self.agents))
        if not 0 <= world < worlds:
            raise UsageError(f"there is no town {world}: towns are 0 to {worlds - 1}")
        from townlet.envs.frames import FRAME_COLUMNS

        slot = self.agents.index(name)
        mine = [column for column, told in FRAME_COLUMNS.items() if told.per == "agent"]
        return {column: self.columns[column][:, world, slot] for column in (*mine, "action")}

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Frames of several groups of towns at the same ticks, as those of all of them. Raises ContractError if not."""
        first = parts[0]
        if any(not np.array_equal(part.ticks, first.ticks) for part in parts):
            raise ContractError("frames of other ticks cannot be joined")
        whole = {name: np.concatenate([part.columns[name] for part in parts], axis=1) for name in first.columns}
        return replace(first, columns=whole)


class FrameLog:
    """Takes frames while a job is played: :meth:`note` is a watcher.

    Args:
        engine: the towns, at their first tick to come.
        job: says which frames are kept.

    Raises:
        ContractError: if the engine is not one of towns.
        UsageError: if the job has no frame to keep, or the frames take more memory than this machine has.
    """

    def __init__(self, engine: Engine, job: Job) -> None:
        from townlet.envs.engine import TownEngine

        if not isinstance(engine, TownEngine):
            raise ContractError(f"only towns have frames, found a {type(engine).__name__}")
        self._engine: TownEngine = engine
        begin, end = int(engine.tick), int(engine.tick) + job.ticks
        self._kept = job.keep.kept(begin, end)
        if not self._kept:
            raise UsageError(
                f"the job has no frame to keep: it goes from tick {begin} to {end}",
                details=(f"found every={job.keep.every}, between={job.keep.between}",),
            )
        first = self._read()
        _refuse_what_does_not_fit(len(self._kept), sum(array.nbytes for array in first.values()))
        room = len(self._kept)
        self._columns = {name: np.empty((room, *array.shape), array.dtype) for name, array in first.items()}
        self._taken = 0
        self._take(begin)

    def note(self, step: Step) -> None:
        """Keep what was done at the last frame, and the next frame where it is one to keep."""
        if step.tick in self._kept:
            actions = step.decision.actions.reshape(self._engine.worlds, -1)
            self._columns["action"][self._taken - 1] = actions
        self._take(step.tick + 1)

    def _take(self, tick: int) -> None:
        if tick in self._kept:
            for name, array in self._read().items():
                self._columns[name][self._taken] = array
            self._taken += 1

    def _read(self) -> dict[str, NDArray[Any]]:
        from townlet.envs.frames import read_frame

        frame = read_frame(self._engine)
        frame["action"] = np.full((self._engine.worlds, self._engine.agents), -1, np.int16)
        return frame

    def frames(self) -> Frames:
        """What was taken so far."""
        engine = self._engine
        return Frames(
            ticks=np.array(self._kept[: self._taken], np.int64),
            columns={name: column[: self._taken] for name, column in self._columns.items()},
            agents=engine.agent_names,
            actions=engine.spec.action_names,
            affordances=engine.town.affordances,
            objects=engine.town.objects,
        )


def _refuse_what_does_not_fit(frames: int, size: int) -> None:
    there = machine_bytes()
    if there is not None and frames * size > there:
        raise UsageError(
            f"{frames:,} frames take {frames * size / 2**30:,.1f} GiB of memory; this machine has "
            f"{there / 2**30:,.1f} GiB",
            details=("keep fewer:  Keep.frames(every=10),  Keep.frames(between=(0, 1000)),  or fewer towns",),
        )


def _hint(name: str, known: Sequence[str]) -> tuple[str, ...]:
    near = nearest(name, known)
    return (*((f"did you mean {near!r}?",) if near else ()), f"there are: {', '.join(known)}")
