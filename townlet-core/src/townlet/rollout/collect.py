"""Gathering experience for a learner: a full buffer, with the value of what really came next."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from townlet.envs.protocol import Engine
from townlet.rollout.buffer import RolloutBuffer
from townlet.rollout.loop import EpisodeLimit, SimulationLoop
from townlet.rollout.step import Mind, Watcher

__all__ = ["Collector", "RolloutStats", "collect"]


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
        truncated: lives that were cut by the episode limit.
        episode: which episode the towns are in now, counted from 0.
        seconds: wall time.
        interrupted: whether Ctrl-C ended it early.
    """

    ticks: int
    agent_steps: int
    reward: float
    decisions: int = 0
    reward_parts: Mapping[str, float] = field(default_factory=dict)
    terminated: int = 0
    truncated: int = 0
    episode: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def steps_per_second(self) -> float:
        """Agent-steps a second of wall time."""
        return self.agent_steps / self.seconds if self.seconds > 0 else 0.0


class Collector:
    """Fills a buffer again and again; each rollout goes on where the last one stopped.

    What an exact resume needs beside the engine's snapshot and the mind's state is :attr:`episode`.

    Args:
        engine: the towns.
        mind: who decides.
        buffer: filled by each :meth:`collect`, for the engine's rows.
        explore: whether the policy draws its actions.
        limit: age at which towns are replaced by fresh ones.
    """

    def __init__(
        self,
        engine: Engine,
        mind: Mind,
        buffer: RolloutBuffer,
        *,
        explore: bool = True,
        limit: EpisodeLimit | None = None,
    ) -> None:
        self.buffer = buffer
        self._loop = SimulationLoop(engine, mind, explore=explore, recorder=buffer, limit=limit)

    @property
    def episode(self) -> int:
        """Which episode the towns are in, counted from 0. Settable, for a resume."""
        return self._loop.episode

    @episode.setter
    def episode(self, number: int) -> None:
        self._loop.episode = number
        self._loop.refresh()

    def collect(self, watchers: tuple[Watcher, ...] = ()) -> RolloutStats:
        """Fill the buffer and say what is in it."""
        started = time.perf_counter()
        buffer, loop = self.buffer, self._loop
        buffer.rewind()
        buffer.state = loop.mind.state_arrays()
        outcome = loop.run(buffer.ticks, watchers)
        buffer.finish(loop.mind.values(buffer.current()))
        arrays = buffer.arrays()
        lived = arrays["active"]
        steps = int(lived.sum())
        parts = np.einsum("tnp,tn->p", arrays["reward_parts"], lived, dtype=np.float64) / max(steps, 1)
        return RolloutStats(
            ticks=outcome.ticks,
            agent_steps=steps,
            decisions=int(arrays["asked"].sum()) if "asked" in arrays else steps,
            reward=float(np.sum(arrays["rewards"], where=lived, dtype=np.float64)) / max(steps, 1),
            reward_parts=dict(zip(loop.engine.reward_part_names, map(float, parts), strict=False)),
            terminated=int(arrays["terminated"].sum()),
            truncated=int(arrays["truncated"].sum()),
            episode=loop.episode,
            seconds=time.perf_counter() - started,
            interrupted=outcome.interrupted,
        )


def collect(
    engine: Engine, mind: Mind, buffer: RolloutBuffer, *, explore: bool = True, limit: EpisodeLimit | None = None
) -> RolloutStats:
    """Fill ``buffer`` once: one :meth:`Collector.collect`. Use a Collector for more than one rollout with a limit."""
    return Collector(engine, mind, buffer, explore=explore, limit=limit).collect()
