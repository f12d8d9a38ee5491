"""The one loop that run, rollout, evaluation and training share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from townlet.api import Decision, ObservationBatch
from townlet.envs.protocol import Engine
from townlet.rollout.interrupt import Interruptible
from townlet.rollout.step import Mind, Recorder, Step, Watcher

__all__ = ["LoopOutcome", "SimulationLoop", "Spent"]


@dataclass(frozen=True, slots=True)
class LoopOutcome:
    """How a run of the loop ended.

    Attributes:
        ticks: ticks done.
        interrupted: whether Ctrl-C ended it early; the tick under way was finished.
        stopped: whether ``until`` ended it.
    """

    ticks: int
    interrupted: bool
    stopped: bool = False


@dataclass(slots=True)
class Spent:
    """What a loop waited for since it was made, wall time, seconds.

    Attributes:
        deciding: for the mind.
        town: for the towns; not while somebody else was decided for meanwhile.
    """

    deciding: float = 0.0
    town: float = 0.0


class _Pair:
    """The recorder that keeps nothing: two slots by turns."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._slots: list[ObservationBatch] = []

    def current(self) -> ObservationBatch:
        if not self._slots:  # made when first needed: most loops are given a recorder
            self._slots = [ObservationBatch.empty(self._engine.spec, self._engine.rows) for _ in range(2)]
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

    Attributes:
        spent: what it waited for.
    """

    def __init__(
        self,
        engine: Engine,
        mind: Mind,
        *,
        explore: bool = False,
        recorder: Recorder | None = None,
    ) -> None:
        self.engine = engine
        self.mind = mind
        self.explore = explore
        self.recorder: Recorder = _Pair(engine) if recorder is None else recorder
        self.spent = Spent()
        self._seen: ObservationBatch | None = None
        self._following: ObservationBatch | None = None
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
        done, stopped = 0, False
        with Interruptible() as interrupt:
            for step in self.steps(ticks):
                done += 1
                for watcher in watchers:
                    watcher(step)
                stopped = until is not None and until()
                if interrupt.requested or stopped:
                    break
        return LoopOutcome(done, interrupt.requested, stopped)

    def refresh(self) -> None:
        """Forget what was seen: call it when the engine was reset or loaded behind the loop's back."""
        self._seen = None

    def look(self) -> ObservationBatch:
        """What the rows see before the tick to come, where the recorder wants it."""
        seen = self.recorder.current()
        if self._seen is not seen:  # at the start, and where the recorder began a new block
            self.engine.observe(into=seen)
            self._seen = seen
        return seen

    def live(self, seen: ObservationBatch, decision: Decision) -> Step:
        """The tick that follows a decision on ``seen``. May run in a thread; nothing is recorded yet."""
        tick = int(self.engine.tick)
        self._following = following = self.recorder.following()
        return Step(tick, seen, decision, self.engine.step(decision.actions, into=following))

    def keep(self, step: Step) -> None:
        """Record what :meth:`live` gave."""
        self.recorder.record(step)
        self._seen = self._following

    def _step(self) -> Step:
        began = time.perf_counter()
        seen = self.look()
        looked = time.perf_counter()
        decision = self.mind.decide(seen, explore=self.explore)
        decided = time.perf_counter()
        step = self.live(seen, decision)
        lived = time.perf_counter()
        self.spent.deciding += decided - looked
        self.spent.town += lived - decided + looked - began
        self.keep(step)
        return step
