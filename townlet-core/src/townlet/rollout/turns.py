"""Groups of towns that take turns: some live through a tick in a thread while the mind decides for the others.

Who waits for whom changes nothing: a group's tick depends on its own towns and on the decision for it, and a decision
on what its rows see and remember.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from types import TracebackType
from typing import Self

import numpy as np

from townlet.api import ArrayState, Decision, ObservationBatch
from townlet.rollout.interrupt import Interruptible
from townlet.rollout.loop import LoopOutcome, SimulationLoop
from townlet.rollout.step import Mind, Step, Watcher

__all__ = ["WORTH_A_THREAD", "Side", "TakingTurns"]

WORTH_A_THREAD = 256
"""Rows of a side from which a thread pays: a tick of fewer is shorter than two threads take to change places."""


class Side:
    """Groups of towns that are decided for together, in one call where ``mind`` and ``slots`` are given.

    Args:
        loops: of the groups, in the order of their rows.
        mind: decides for all rows of the side at once, as the minds of the loops would one after the other; it is
            started for as many rows. None: each loop's own mind decides for its rows.
        slots: where the observations of all rows of the side lie, tick by tick: each loop's recorder writes into its
            part of them.
    """

    def __init__(
        self, loops: Sequence[SimulationLoop], mind: Mind | None = None, slots: Sequence[ObservationBatch] = ()
    ) -> None:
        self.loops = tuple(loops)
        self._mind = mind
        self._slots = tuple(slots)
        edges = [0]
        for loop in self.loops:
            edges.append(edges[-1] + loop.engine.rows)
        self._parts = [slice(*edge) for edge in pairwise(edges)]
        self._under_way: Future[list[Step]] | None = None

    @property
    def rows(self) -> int:
        """Of all its loops."""
        return int(self._parts[-1].stop)

    def begin(self) -> None:
        """Let the joint mind remember what the minds of the loops do."""
        if self._mind is not None:
            kept = [loop.mind.state_arrays() for loop in self.loops]
            self._mind.remember({name: np.concatenate([each[name] for each in kept]) for name in kept[0]})

    def end(self) -> None:
        """Give what was remembered back."""
        if self._mind is not None:
            arrays = self._mind.state_arrays()
            for loop, part in zip(self.loops, self._parts, strict=True):
                loop.mind.remember({name: array[part] for name, array in arrays.items()})

    def decide(self, tick: int) -> list[tuple[ObservationBatch, Decision]]:
        """What each loop's rows see and what was decided for them, on tick ``tick`` of this rollout."""
        spent, began = self.loops[0].spent, time.perf_counter()
        seen = [loop.look() for loop in self.loops]
        looked = time.perf_counter()
        spent.town += looked - began
        if self._mind is None:
            told = [loop.mind.decide(shown, explore=loop.explore) for loop, shown in zip(self.loops, seen, strict=True)]
        else:
            joint = self._mind.decide(self._slots[tick], explore=self.loops[0].explore)
            told = [_part_of(joint, part) for part in self._parts]
        spent.deciding += time.perf_counter() - looked
        return list(zip(seen, told, strict=True))

    def leave(self, pool: ThreadPoolExecutor | None, decided: Sequence[tuple[ObservationBatch, Decision]]) -> None:
        """Let the towns live through the tick in the thread of ``pool``, or at once where there is none."""
        if pool is not None:
            self._under_way = pool.submit(self._live, decided)
            return
        began = time.perf_counter()
        self._under_way = Future()
        self._under_way.set_result(self._live(decided))
        self.loops[0].spent.town += time.perf_counter() - began

    def _live(self, decided: Sequence[tuple[ObservationBatch, Decision]]) -> list[Step]:
        return [loop.live(seen, decision) for loop, (seen, decision) in zip(self.loops, decided, strict=True)]

    def meet(self, watchers: Sequence[Sequence[Watcher]]) -> None:
        """Wait for the tick under way, if there is one; record it and show it."""
        under_way, self._under_way = self._under_way, None
        if under_way is None:
            return
        began = time.perf_counter()
        steps = under_way.result()
        self.loops[0].spent.town += time.perf_counter() - began
        for step, loop, shown in zip(steps, self.loops, watchers, strict=True):
            loop.keep(step)
            for watcher in shown:
                watcher(step)

    def abandon(self) -> None:
        """Wait until no thread is at the towns any more, whatever came of it."""
        if self._under_way is not None:
            self._under_way.exception()
            self._under_way = None


class TakingTurns:
    """Runs the loops of several sides tick by tick. A context: it owns the thread in which towns live.

    Args:
        sides: two, or more; of one the mind decides for all, and then all live.
        least_rows: with fewer rows on a side its tick is over before a thread has woken up, and towns live in the
            thread of the caller.
    """

    def __init__(self, sides: Sequence[Side], *, least_rows: int = WORTH_A_THREAD) -> None:
        self._sides = tuple(sides)
        self._threaded = min(side.rows for side in self._sides) >= least_rows
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the thread."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def run(self, ticks: int, watchers: Sequence[Sequence[Watcher]]) -> LoopOutcome:
        """Do ``ticks`` ticks of all loops and show each loop's to its watchers.

        Ctrl-C ends it after the tick under way of each side: all loops have done the same number then.

        Args:
            ticks: how many.
            watchers: of each loop, side after side.
        """
        if self._threaded and self._pool is None:
            self._pool = ThreadPoolExecutor(1, "turn")
        left = iter(watchers)
        shown = [[next(left) for _ in side.loops] for side in self._sides]
        done = 0
        try:
            with Interruptible() as interrupt:
                for side in self._sides:
                    side.begin()
                while done < ticks and not interrupt.requested:
                    for side, mine in zip(self._sides, shown, strict=True):
                        side.meet(mine)
                        side.leave(self._pool, side.decide(done))
                    done += 1
                for side, mine in zip(self._sides, shown, strict=True):
                    side.meet(mine)
                    side.end()
                return LoopOutcome(done, interrupt.requested)
        finally:
            for side in self._sides:
                side.abandon()


_NOTHING = ArrayState()


def _part_of(decision: Decision, rows: slice) -> Decision:
    """The decision for some of the rows. The memory stays with the joint mind.

    Parts of arrays that were checked fit as they did, and there is one for each group on every tick: they are not
    checked again.
    """
    part = object.__new__(Decision)
    put = object.__setattr__  # past the frozen class's own
    put(part, "actions", decision.actions[rows])
    put(part, "state", _NOTHING)
    put(part, "log_probs", None if decision.log_probs is None else decision.log_probs[rows])
    put(part, "values", None if decision.values is None else decision.values[rows])
    put(part, "logits", None if decision.logits is None else decision.logits[rows])
    put(part, "thoughts", ())
    return part
