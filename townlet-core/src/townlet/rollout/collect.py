"""Gathering experience for a learner: a full buffer, with the value of what really came next."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import BoolArray
from townlet.envs.protocol import Engine
from townlet.rollout.buffer import RolloutBuffer
from townlet.rollout.loop import LoopOutcome, SimulationLoop
from townlet.rollout.step import Mind, Watcher

__all__ = ["Collector", "RolloutStats"]


@dataclass(frozen=True, slots=True)
class RolloutStats:
    """What a rollout held.

    Attributes:
        ticks: ticks recorded; fewer than the buffer holds only after Ctrl-C.
        agent_steps: rows that somebody lived in, summed over the ticks.
        decisions: rows that were asked, summed over the ticks.
        reward: mean reward of those, per agent and tick.
        reward_parts: the same of each part of the reward, by name.
        terminated: lives that ended.
        seconds: wall time.
        deciding_seconds: wall time spent waiting for the mind.
        town_seconds: wall time spent waiting for the towns.
        interrupted: whether Ctrl-C ended it early.
    """

    ticks: int
    agent_steps: int
    reward: float
    decisions: int = 0
    reward_parts: Mapping[str, float] = field(default_factory=dict)
    terminated: int = 0
    seconds: float = 0.0
    deciding_seconds: float = 0.0
    town_seconds: float = 0.0
    interrupted: bool = False


class Collector:
    """Fills a buffer again and again; each rollout goes on where the last one stopped.

    Args:
        engine: the towns.
        mind: who decides.
        buffer: filled by each :meth:`collect`, for the engine's rows.
        explore: whether the policy draws its actions.
        rows: bool ``[N]``, the rows that the learner plays, which the statistics are of; all without. Settable.
        state: gives the learner's memory of all rows before a rollout; the mind's own without.
    """

    def __init__(
        self,
        engine: Engine,
        mind: Mind,
        buffer: RolloutBuffer,
        *,
        explore: bool = True,
        rows: BoolArray | None = None,
        state: Callable[[], Mapping[str, NDArray[Any]]] | None = None,
    ) -> None:
        self.buffer = buffer
        self.rows = rows
        self._state = mind.state_arrays if state is None else state
        self.loop = SimulationLoop(engine, mind, explore=explore, recorder=buffer)
        """Fills the buffer; whoever runs it calls :meth:`begin` before and :meth:`finish` after."""
        self._began = 0.0
        self._spent = (0.0, 0.0)

    def refresh(self) -> None:
        """Forget what was seen: call it when the engine was reset or loaded."""
        self.loop.refresh()

    def collect(self, watchers: tuple[Watcher, ...] = ()) -> RolloutStats:
        """Fill the buffer and say what is in it."""
        self.begin()
        return self.finish(self.loop.run(self.buffer.ticks, watchers))

    def begin(self) -> None:
        """Get ready to fill the buffer from its first tick."""
        self._began = time.perf_counter()
        self._spent = (self.loop.spent.deciding, self.loop.spent.town)
        self.buffer.rewind()
        self.buffer.state = self._state()

    def finish(self, outcome: LoopOutcome) -> RolloutStats:
        """Value what follows the last tick, and say what is in the buffer."""
        buffer, loop, spent = self.buffer, self.loop, self.loop.spent
        valuing = time.perf_counter()
        buffer.finish(loop.mind.values(buffer.current()))
        spent.deciding += time.perf_counter() - valuing
        arrays = buffer.arrays()
        mine = True if self.rows is None else self.rows
        lived = arrays["active"] & mine
        steps = int(lived.sum())
        parts = np.einsum("tnp,tn->p", arrays["reward_parts"], lived, dtype=np.float64) / max(steps, 1)
        return RolloutStats(
            ticks=outcome.ticks,
            agent_steps=steps,
            decisions=int((arrays["asked"] & mine).sum()) if "asked" in arrays else steps,
            reward=float(np.sum(arrays["rewards"], where=lived, dtype=np.float64)) / max(steps, 1),
            reward_parts=dict(zip(loop.engine.reward_part_names, map(float, parts), strict=False)),
            terminated=int((arrays["terminated"] & mine).sum()),
            seconds=time.perf_counter() - self._began,
            deciding_seconds=spent.deciding - self._spent[0],
            town_seconds=spent.town - self._spent[1],
            interrupted=outcome.interrupted,
        )
