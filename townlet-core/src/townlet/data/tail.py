"""The ticks of a recording that fill no shard yet, kept on the disk now and then in case it is killed.

Where a shard ends depends on its size alone, so that the same towns always give the same bytes; slow towns take hours
to fill one. A tail is the shard to come as far as it is known: a file of its own, entered in the shard log, gone when
the shard itself is on the disk. Two names take turns, so that one of them is whole at any moment.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from townlet.data.block import TrajectoryBlock
from townlet.data.manifest import SegmentEntry
from townlet.data.shard_log import ShardLog
from townlet.data.shards import write_shard

__all__ = ["SECURED_SECONDS", "Tail"]

SECURED_SECONDS = 20.0
"""Most of a recording that a kill can cost: the ticks of so many seconds, and those of the one tick under way."""


class Tail:
    """Of one recording.

    Args:
        folder: that is written.
        log: its shard log.
        fingerprint: of the observation spec.
        hasher: as for :func:`~townlet.data.shards.write_shard`.
        every: seconds between two tails, and between a shard and the first tail after it.
    """

    def __init__(self, folder: Path, log: ShardLog, fingerprint: str, hasher: Executor, every: float) -> None:
        self._folder, self._log, self._every = folder, log, every
        self._fingerprint, self._hasher = fingerprint, hasher
        self._due = time.monotonic() + every
        self._turn = 0

    @property
    def due(self) -> bool:
        """Whether what is not on the disk is older than it may be."""
        return time.monotonic() >= self._due

    def keep(self, index: int, begun: SegmentEntry, segment: int, blocks: Sequence[TrajectoryBlock]) -> None:
        """Write what there is of shard ``index``. A disk that is full, or fails, stops the shard itself, not this."""
        self._turn = 1 - self._turn
        name = f"tail-{index:05d}-{self._turn}.safetensors"
        try:
            (self._folder / name).unlink(missing_ok=True)
            entry, handle = write_shard(
                self._folder, index, segment, blocks, self._fingerprint, self._hasher, file_name=name
            )
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError:
            with contextlib.suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)
        else:
            self._log.tail(name, entry, begun)
        self.postpone()

    def postpone(self) -> None:
        """Everything is on its way to the disk now."""
        self._due = time.monotonic() + self._every

    def forget(self, index: int | None = None) -> None:
        """Remove the tails of shard ``index``, which is on the disk; of all shards where None."""
        with contextlib.suppress(OSError):
            for file in self._folder.glob("tail-*.safetensors" if index is None else f"tail-{index:05d}-*.safetensors"):
                file.unlink(missing_ok=True)
