"""One tick as the loop saw it, and the two things the loop is made of: who decides, and where ticks are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from townlet.api import Decision, FloatArray, ObservationBatch
from townlet.envs.protocol import StepResult

__all__ = ["Mind", "Recorder", "Step", "Watcher"]


@dataclass(frozen=True, slots=True)
class Step:
    """One tick of all rows. Its arrays are the simulation's own: they hold until the next tick, copy what you keep.

    Attributes:
        tick: number of the tick, counted from the start of the towns.
        observations: what the policy saw when it chose; ``N`` rows.
        decision: what it chose.
        result: what the engine made of it; ``result.observations`` is what came next.
    """

    tick: int
    observations: ObservationBatch
    decision: Decision
    result: StepResult


Watcher = Callable[[Step], None]
"""Is shown each step. It raises only to stop the run."""


class Mind(Protocol):
    """Who decides for all rows; :class:`townlet.minds.runtime.PolicyRuntime` is the one."""

    @property
    def started(self) -> bool:
        """Whether :meth:`start` has been called."""
        ...

    def start(self, agents: int, seeds: Sequence[int]) -> None:
        """Begin ``len(seeds)`` towns of ``agents`` slots; each seed is that of a town's policy stream."""
        ...

    def decide(self, observations: ObservationBatch, *, explore: bool = False) -> Decision:
        """Choose an action for each row."""
        ...

    def values(self, observations: ObservationBatch) -> FloatArray | None:
        """The value of observations, float32 ``[N]``, without acting on them; None if the policy gives none."""
        ...

    def state_arrays(self) -> Mapping[str, NDArray[Any]]:
        """The memory of who decides before the next tick: named arrays ``[N, ...]``, never written into."""
        ...

    def remember(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Replace that memory by other arrays of the same names, dtypes and rows."""
        ...


class Recorder(Protocol):
    """Where the loop keeps ticks: it hands out the arrays that observations are written into."""

    def current(self) -> ObservationBatch:
        """Where the observations of the tick to come lie, or are to be written at the start."""
        ...

    def following(self) -> ObservationBatch:
        """Where the observations after that tick are to be written; never the same arrays as ``current``."""
        ...

    def record(self, step: Step) -> None:
        """Keep a step. After it ``current`` is what ``following`` was, or the first slot of a new block."""
        ...
