"""The one loop that run, rollout, evaluation and training share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from townlet.api import ObservationBatch
from townlet.envs.protocol import Engine
from townlet.errors import ContractError
from townlet.rng import derive
from townlet.rollout.interrupt import Interruptible
from townlet.rollout.step import Mind, Recorder, Step, Watcher

__all__ = ["EpisodeLimit", "LoopOutcome", "SimulationLoop"]


@dataclass(frozen=True, slots=True)
class EpisodeLimit:
    """Replace the towns by fresh ones at an age. Lives cut by it are truncated, not terminated.

    Attributes:
        ticks: age of the towns at which they are replaced.
        seeds: seeds of the first towns, one a world; those of later episodes are derived from them.
    """

    ticks: int
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.ticks < 1:
            raise ContractError(f"an episode limit must be at least one tick, found {self.ticks}")

    def seeds_of(self, episode: int) -> list[int]:
        """Seeds of the towns of an episode: a function of the first seeds and the number, which counts from 0."""
        if episode == 0:
            return list(self.seeds)
        first = np.array([seed & 0xFFFFFFFFFFFFFFFF for seed in self.seeds], np.uint64)
        derived = derive(first, np.full(len(first), 1_000_003 + episode, np.uint64))
        return [int(seed) >> 1 for seed in derived]


@dataclass(frozen=True, slots=True)
class LoopOutcome:
    """How a run of the loop ended.

    Attributes:
        ticks: ticks done.
        interrupted: whether Ctrl-C ended it early; the tick under way was finished.
    """

    ticks: int
    interrupted: bool


class _Pair:
    """The recorder that keeps nothing: two slots by turns."""

    def __init__(self, engine: Engine) -> None:
        self._slots = [ObservationBatch.empty(engine.spec, engine.rows) for _ in range(2)]

    def current(self) -> ObservationBatch:
        return self._slots[0]

    def following(self) -> ObservationBatch:
        return self._slots[1]

    def record(self, step: Step) -> None:
        del step
        self._slots.reverse()


class SimulationLoop:
    """Observe, decide, step, record; again.

    The towns live in ``engine``, the memory of the minds in ``mind``: a second loop over the same two goes on
    where the first one stopped, and so does the same loop when it is run again.

    A step's observations are those that the last one ended with: they are computed once and not copied.

    Args:
        engine: the towns.
        mind: who decides; started here with the engine's policy seeds if it is not yet.
        explore: whether the policy draws its actions rather than take the best ones.
        recorder: where ticks are kept; None keeps nothing.
        limit: age at which towns are replaced by fresh ones; None: never.
    """

    def __init__(
        self,
        engine: Engine,
        mind: Mind,
        *,
        explore: bool = False,
        recorder: Recorder | None = None,
        limit: EpisodeLimit | None = None,
    ) -> None:
        if limit is not None and len(limit.seeds) != engine.worlds:
            raise ContractError(f"an episode limit needs a seed a world: {engine.worlds}, found {len(limit.seeds)}")
        self.engine = engine
        self.mind = mind
        self.explore = explore
        self.recorder: Recorder = _Pair(engine) if recorder is None else recorder
        self.limit = limit
        self.episode = 0
        """Which episode the towns are in, counted from 0; set it when resuming."""
        self._never = np.zeros(engine.rows, np.bool_)
        self._seen: ObservationBatch | None = None
        if not mind.started:
            mind.start(engine.agents, engine.policy_seeds())

    def steps(self, ticks: int) -> Iterator[Step]:
        """Do ``ticks`` ticks, one each time the iterator is advanced."""
        for _ in range(ticks):
            yield self._step()

    def run(
        self, ticks: int, watchers: Sequence[Watcher] = (), *, until: Callable[[], bool] | None = None
    ) -> LoopOutcome:
        """Do ``ticks`` ticks and show each to every watcher.

        Ctrl-C ends it after the tick under way, and so does ``until`` once it is true.
        """
        done = 0
        with Interruptible() as interrupt:
            for step in self.steps(ticks):
                done += 1
                for watcher in watchers:
                    watcher(step)
                if interrupt.requested or (until is not None and until()):
                    break
        return LoopOutcome(done, interrupt.requested)

    def refresh(self) -> None:
        """Forget what was seen: call it when the engine was reset or loaded behind the loop's back."""
        self._seen = None

    def _step(self) -> Step:
        recorder, engine = self.recorder, self.engine
        seen = recorder.current()
        if self._seen is not seen:  # at the start, and where the recorder began a new block
            engine.observe(into=seen)
        tick = int(engine.tick)
        decision = self.mind.decide(seen, explore=self.explore)
        following = recorder.following()
        result = engine.step(decision.actions, into=following)
        expired = self.limit is not None and engine.tick >= self.limit.ticks
        if expired:
            truncated = seen.active & ~result.terminated
            step = Step(tick, seen, decision, result, truncated, self.mind.values(result.observations))
        else:
            step = Step(tick, seen, decision, result, self._never)
        recorder.record(step)
        self._seen = following
        if expired:
            self._renew()
        return step

    def _renew(self) -> None:
        assert self.limit is not None
        self.episode += 1
        self.engine.reset(self.limit.seeds_of(self.episode))
        self.mind.start(self.engine.agents, self.engine.policy_seeds())
        self._seen = None  # the next tick observes the fresh towns
