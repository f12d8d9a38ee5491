"""A recording lived again: its towns, with a mind that does what was done."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from townlet.api import ArrayState, Decision, ObservationBatch, PolicyState
from townlet.config import stored_config
from townlet.data import Dataset, TrajectoryBlock
from townlet.errors import DatasetError
from townlet.minds.parts import Part
from townlet.play.cast import Cast
from townlet.play.job import Job
from townlet.play.keep import Keep
from townlet.play.mind_spec import MindSpec
from townlet.play.opening import Troupe
from townlet.play.stage import Stage
from townlet.plugins.provenance import Provenance
from townlet.rollout import Step

__all__ = ["RecordedActions", "replayed"]

_BLOCK = 256
_NAME = "recording"


class RecordedActions:
    """Does at each tick what all rows of a recording did, possessed ones included.

    Args:
        dataset: a recording of whole towns; its first segment is played.
        rows: which of its rows; all of them without.
    """

    def __init__(self, dataset: Dataset, rows: slice = slice(None)) -> None:
        self._dataset, self._rows = dataset, rows
        self._block: TrajectoryBlock | None = None
        self._first = 0

    def initial_state(self, rows: int, seed: int) -> ArrayState:
        """The number of the tick, in each row."""
        del seed
        return ArrayState({"tick": np.zeros(rows, np.int64)})

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """The recorded actions of the next tick.

        Raises:
            DatasetError: if another version of the town recorded it, so that something else is seen now.
        """
        del explore
        ticks: NDArray[np.int64] = state.arrays()["tick"]
        tick = int(ticks[0])
        block, t = self.recorded(tick)
        seen, then = observations, block.active[t, self._rows]
        if not (np.array_equal(seen.active, then) and np.array_equal(seen.features, block.features[t, self._rows])):
            raise self._diverging(tick)
        return Decision(np.ascontiguousarray(block.actions[t, self._rows]), ArrayState({"tick": ticks + 1}))

    def compare(self, step: Step) -> None:
        """A watcher: refuse a tick that did not bring what was recorded.

        Raises:
            DatasetError: if another version of the town recorded it, so that the same actions lead elsewhere.
        """
        block, t = self.recorded(step.tick)
        if not np.array_equal(step.result.rewards, block.rewards[t, self._rows]):
            raise self._diverging(step.tick)

    def fingerprint(self) -> str:
        """The recording's digest."""
        return f"recording:{self._dataset.digest}"

    def close(self) -> None:
        """Nothing is held."""

    def recorded(self, tick: int) -> tuple[TrajectoryBlock, int]:
        """The block that holds a tick, with all rows of the recording, and the tick's number in it."""
        if self._block is None or not self._first <= tick < self._first + self._block.ticks:
            self._first = tick // _BLOCK * _BLOCK
            self._block = self._dataset.read(self._first, min(self._first + _BLOCK, self._dataset.ticks))
        return self._block, tick - self._first

    def _diverging(self, tick: int) -> DatasetError:
        return DatasetError(
            f"replaying the recording diverges at tick {tick}",
            where=str(self._dataset.path),
            details=("it was recorded by another version of the town; record it again",),
        )


def replayed(dataset: Dataset, *, world: int | None = None, keep: Keep = Keep.NOTHING) -> tuple[Stage, RecordedActions]:
    """The towns of a recording at their first tick, and the mind that does what was done in its first segment.

    Args:
        dataset: a recording of whole towns from their first tick.
        world: number of one of its towns; all of them without.
        keep: what the stage's job keeps.

    Raises:
        DatasetError: if it does not begin at tick 0, or is not a recording of whole towns.
    """
    manifest = dataset.manifest
    if manifest.layout != "worlds" or not manifest.segments or manifest.segments[0].first_tick != 0:
        raise DatasetError("only a recording of whole towns from tick 0 can be replayed", where=str(dataset.path))
    seeds, agents = manifest.segments[0].seeds, manifest.agents
    rows = slice(None) if world is None else slice(world * agents, (world + 1) * agents)
    mind = RecordedActions(dataset, rows)
    cast = Cast.of(MindSpec(requested=_NAME, backend=_NAME))
    config = stored_config(manifest.config, where=dataset.path, error=DatasetError)
    chosen = seeds if world is None else seeds[world : world + 1]
    job = Job(config, cast, chosen, manifest.segments[0].ticks, keep=keep)
    told = Provenance(requested=str(manifest.policy.get("requested", _NAME)), active=_NAME)
    return Stage(job, troupe=Troupe(cast, (Part(mind, told),))), mind
