"""Turns steps into recorded trajectories, block after block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol

from numpy.typing import NDArray

from townlet.api import ObservationBatch, ObservationSpec, Thought
from townlet.rollout.buffer import RolloutBuffer
from townlet.rollout.step import Step

__all__ = ["BlockWriter", "TrajectoryService", "block_ticks"]

_BLOCK_BYTES = 65 << 20
"""A little more than the writer of datasets gathers for one file: such a block goes to the disk without a copy."""


class BlockWriter(Protocol):
    """Keeps blocks of ticks; a writer of datasets is one."""

    def append(self, block: Mapping[str, NDArray[Any]], /) -> None:
        """Keep arrays ``[T, N, ...]`` by name. They are written over once this returns."""
        ...


def block_ticks(spec: ObservationSpec, rows: int, reward_parts: int = 0, *, logits: bool = False) -> int:
    """Ticks that a block of some 65 MiB holds: at least 16, at most 1024."""
    channels, height, width = spec.map_shape
    row = channels * height * width + 4 * spec.feature_count + spec.action_count + 4 * reward_parts + 28
    row += 4 * spec.action_count if logits else 0
    return max(16, min(1024, -(-_BLOCK_BYTES // (row * max(rows, 1)))))


class TrajectoryService:
    """A recorder for the loop that hands each full block of ticks to a writer. Memory stays at one block.

    Args:
        writer: where blocks go; opening and closing it is its owner's affair.
        spec: what the observations mean.
        rows: ``N``.
        reward_parts: ``P``.
        logits: whether what minds weighed is kept, too.
        ticks: ticks of a block; by default as many as fill some 65 MiB.
        secure: is called after each tick with what gives the arrays of the ticks that are not handed on yet; a writer
            of datasets puts them on the disk now and then, so that a kill costs little.
        think: is told the thoughts of each tick that has some; a writer of datasets keeps them.
    """

    def __init__(
        self,
        writer: BlockWriter,
        spec: ObservationSpec,
        rows: int,
        *,
        reward_parts: int = 0,
        logits: bool = False,
        ticks: int | None = None,
        think: Callable[[int, Sequence[Thought]], None] | None = None,
        secure: Callable[[Callable[[], Mapping[str, NDArray[Any]]]], None] | None = None,
    ) -> None:
        self._writer, self._think, self._secure = writer, think, secure
        length = ticks or block_ticks(spec, rows, reward_parts, logits=logits)
        self._buffer = RolloutBuffer(spec, length, rows, reward_parts=reward_parts, logits=logits)
        self.ticks = 0
        """Ticks recorded so far, those not yet handed on included."""

    def current(self) -> ObservationBatch:
        """Where the observations of the tick to come lie."""
        return self._buffer.current()

    def following(self) -> ObservationBatch:
        """Where the observations after it go."""
        return self._buffer.following()

    def record(self, step: Step) -> None:
        """Keep a step; a full block goes to the writer."""
        self._buffer.record(step)
        if step.decision.thoughts and self._think is not None:
            self._think(step.tick, step.decision.thoughts)
        self.ticks += 1
        if self._buffer.full:
            self.flush()
        if self._secure is not None:
            self._secure(self._buffer.arrays)

    def flush(self) -> None:
        """Hand on what is there, a short block too."""
        if self._buffer.length:
            self._writer.append(self._buffer.arrays())
            self._buffer.rewind()

    def __enter__(self) -> TrajectoryService:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, KeyboardInterrupt):
            self.flush()
