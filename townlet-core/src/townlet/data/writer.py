"""Writing a dataset: shards as the ticks come, the manifest last, the folder's name when all is on the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

from townlet.api import ObservationSpec, Thought
from townlet.data.assembly import RecordingHead, assembled
from townlet.data.block import TrajectoryBlock, array_shapes
from townlet.data.fit import refuse_misfit
from townlet.data.manifest import DatasetManifest, DatasetOrigin, SegmentEntry, ShardEntry, write_manifest
from townlet.data.shard_log import ShardLog
from townlet.data.shards import shard_name, write_shard
from townlet.data.statistics import Totals
from townlet.data.tail import SECURED_SECONDS, Tail
from townlet.data.thoughts import RecordedThought, ThoughtLog, ThoughtsEntry, by_rows
from townlet.errors import DatasetError
from townlet.signals import held_back
from townlet.storage import PartialFolder, find_partials

__all__ = ["DatasetWriter"]

SHARD_BYTES = 24 << 20  # below the blocks that a recorder hands over, so that those are written without a copy


class DatasetWriter:
    """Writes one dataset; a context that closes at the end, or leaves nothing behind after an exception.

    The name is taken at the beginning: a second writer of the same one is refused at once. Until :meth:`close` the
    folder has a temporary name beside its final one, and what has reached the disk by then can be recovered after a
    kill: :func:`~townlet.data.recovery.recover`. If the disk fills up, what was
    whole by then is kept under the final name, marked ``complete: false``, and the error says so.

    Args:
        path: the dataset's folder; must not exist, or be empty.
        spec: what the observations mean.
        origin: config, policy, seeds and names, kept in the manifest.
        layout: see :class:`~townlet.data.DatasetManifest`.
        derived_from: the dataset this one is cut from, and how.
        shard_bytes: a shard is written when at least this much has come.
        secured_seconds: what has come is put on the disk at least this often, whatever it amounts to, so that a kill
            costs the ticks of so many seconds at most. The dataset is the same whatever it is.

    Raises:
        DatasetError: the folder is there already, is being written, or cannot be made.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        spec: ObservationSpec,
        origin: DatasetOrigin,
        layout: str = "worlds",
        derived_from: Mapping[str, Any] | None = None,
        shard_bytes: int = SHARD_BYTES,
        secured_seconds: float = SECURED_SECONDS,
    ) -> None:
        self.stale = tuple(p.path for p in find_partials(Path(path).absolute().parent, Path(path).name) if not p.alive)
        self._folder = PartialFolder(Path(path), error=DatasetError)
        self._spec = spec
        self._fingerprint = spec.fingerprint()
        self._origin = origin
        self._subject = RecordingHead(spec, origin, layout, derived_from)
        self._shard_bytes = shard_bytes
        self._shapes = array_shapes(spec, len(origin.reward_parts), logits=origin.logits)
        self._rows = 0
        self._pending: list[TrajectoryBlock] = []
        self._pending_bytes = 0
        self._segments = [SegmentEntry(first_tick=origin.first_tick, ticks=0, seeds=origin.seeds)]
        self._written: list[tuple[ShardEntry, Totals, Future[None]]] = []
        self._hasher = ThreadPoolExecutor(1, "townlet-hash")
        self._syncer = ThreadPoolExecutor(1, "townlet-sync")
        self._log = ShardLog(self._folder.path, self._subject)
        self._tail = Tail(self._folder.path, self._log, self._fingerprint, self._hasher, secured_seconds)
        self._thoughts = ThoughtLog(self._folder.path)
        self._open = True

    @property
    def path(self) -> Path:
        """Where the dataset is once it is closed."""
        return self._folder.target

    @property
    def open(self) -> bool:
        """Whether ticks can be appended; false after :meth:`close`, :meth:`abort` and a write that failed."""
        return self._open

    @property
    def ticks(self) -> int:
        """Ticks appended so far."""
        whole = sum(entry.ticks for entry, _, _ in self._written)
        return whole + sum(block.ticks for block in self._pending)

    def append(self, block: TrajectoryBlock | Mapping[str, NDArray[Any]]) -> None:
        """Add ticks that follow those before. The arrays are the caller's again when this returns.

        Raises:
            DatasetError: arrays that do not fit the spec or the blocks before, or a write that failed: the
                writer is closed then, and what was whole is kept.
            ContractError: a wrong dtype.
        """
        self._refuse_closed()
        if not isinstance(block, TrajectoryBlock):
            block = TrajectoryBlock.from_arrays(block)
        if not block.ticks:
            return
        refuse_misfit(
            block,
            rows=self._rows,
            agents=self._origin.agents,
            worlds=len(self._segments[-1].seeds),
            shapes=self._shapes,
            actions=self._spec.action_count,
            where=str(self.path),
        )
        self._rows = block.rows
        size = block.nbytes
        if self._pending_bytes + size >= self._shard_bytes:
            self._write([*self._pending, block])
        else:
            self._pending.append(block.copy())
            self._pending_bytes += size
            self.secure()

    def secure(self, following: Callable[[], Mapping[str, NDArray[Any]]] | None = None) -> None:
        """Put on the disk what a kill would cost, where it is time to; cheap enough to be called for each tick.

        Args:
            following: gives arrays of ticks that are to be appended later, as :meth:`append` takes them; they are kept
                against a kill until then.
        """
        if not (self._open and self._tail.due):
            return
        more = None if following is None else TrajectoryBlock.from_arrays(following())
        blocks = [*self._pending, *([more] if more is not None and more.ticks else [])]
        if not blocks:
            self._tail.postpone()
            return
        segment = len(self._segments) - 1
        begun = self._segments[segment].model_copy(update={"ticks": 0})
        self._tail.keep(len(self._written), begun, segment, blocks)

    def think(self, tick: int, thoughts: Sequence[Thought]) -> None:
        """Keep what minds said on a tick, which is, or will be, appended.

        Raises:
            DatasetError: a write that failed, as for :meth:`append`.
        """
        self.keep(RecordedThought.of(each, tick, self._origin.agents, self._spec) for each in by_rows(thoughts))

    def keep(self, thoughts: Iterator[RecordedThought]) -> None:
        """Keep thoughts as they were recorded, by ticks. Raises as :meth:`think`."""
        self._refuse_closed()
        try:
            self._thoughts.write(thoughts)
        except OSError as problem:
            raise self._salvage(problem) from problem

    def new_segment(self, seeds: Sequence[int], first_tick: int = 0) -> None:
        """What follows does not continue what came before: other towns, or a gap in time."""
        self._refuse_closed()
        if self._pending:
            self._write(self._pending)
        entry = SegmentEntry(first_tick=first_tick, ticks=0, seeds=tuple(seeds))
        if any(written.segment == len(self._segments) - 1 for written, _, _ in self._written):
            self._segments.append(entry)
        else:
            self._segments[-1] = entry

    def close(
        self,
        metrics: Mapping[str, float] | None = None,
        *,
        interruption: str | None = None,
        ledger: Sequence[Mapping[str, Any]] = (),
    ) -> DatasetManifest:
        """Write the rest and the manifest, and give the folder its name.

        Args:
            metrics: baselines beside those that are computed from the arrays, such as the towns' KPIs.
            interruption: why the recording is shorter than it was meant to be.
            ledger: what slow minds were asked and what it took, one a mind.

        Raises:
            DatasetError: nothing was recorded (no folder is left), or a write failed.
            KeyboardInterrupt: asked for meanwhile; the dataset is whole by then.
        """
        with held_back():
            return self._close(metrics or {}, interruption, ledger)

    def _close(
        self, metrics: Mapping[str, float], interruption: str | None, ledger: Sequence[Mapping[str, Any]]
    ) -> DatasetManifest:
        self._refuse_closed()
        if self._pending:
            self._write(self._pending)
        try:
            for _, _, synced in self._written:
                synced.result()
        except OSError as problem:
            raise self._salvage(problem) from problem
        if not self._written:
            self.abort()
            raise DatasetError("nothing was recorded, so there is no dataset", where=str(self.path))
        try:
            thoughts = self._thoughts.close(before=self._segments[0].first_tick + self.ticks)
            manifest = self._manifest(self._written, metrics, interruption, thoughts, ledger)
            self._write_manifest(manifest)
        except OSError as problem:
            raise self._salvage(problem) from problem
        self._shut()
        self._folder.commit()
        return manifest

    def abort(self) -> None:
        """Leave nothing behind. Does nothing after :meth:`close`."""
        if self._open:
            self._shut()
            self._folder.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
        elif self._open:
            self.close()

    def _refuse_closed(self) -> None:
        if not self._open:
            raise DatasetError("this dataset is already closed", where=str(self.path))

    def _write(self, blocks: Sequence[TrajectoryBlock]) -> None:
        totals = Totals.zero(self._spec.action_count, len(self._origin.reward_parts))
        for block in blocks:
            totals.add_block(block)
        segment = len(self._segments) - 1
        try:
            entry, handle = write_shard(
                self._folder.path, len(self._written), segment, blocks, self._fingerprint, self._hasher
            )
        except OSError as problem:
            raise self._salvage(problem) from problem
        self._pending, self._pending_bytes = [], 0
        self._segments[segment] = self._segments[segment].model_copy(
            update={"ticks": self._segments[segment].ticks + entry.ticks}
        )
        begun = self._segments[segment].model_copy(update={"ticks": 0})
        index = len(self._written)

        def whole() -> None:
            self._log.shard(entry, begun)
            self._tail.forget(index)

        self._written.append((entry, totals, self._syncer.submit(_sync_and_close, handle, whole)))
        self._tail.postpone()

    def _manifest(
        self,
        written: Sequence[tuple[ShardEntry, Totals, Future[None]]],
        metrics: Mapping[str, float],
        interruption: str | None,
        thoughts: ThoughtsEntry | None = None,
        ledger: Sequence[Mapping[str, Any]] = (),
    ) -> DatasetManifest:
        return assembled(
            self._subject,
            [(entry, totals) for entry, totals, _ in written],
            self._segments,
            rows=self._rows,
            metrics=metrics,
            interruption=interruption,
            thoughts=thoughts,
            ledger=ledger,
        )

    def _write_manifest(self, manifest: DatasetManifest) -> None:
        self._tail.forget()
        write_manifest(self._folder.path, manifest)
        self._log.remove()

    def _salvage(self, problem: OSError) -> DatasetError:
        """After a failed write: keep the shards that are whole, drop the rest, and say what happened."""
        reason = problem.strerror or str(problem)
        self._thoughts.abandon()
        whole: list[tuple[ShardEntry, Totals, Future[None]]] = []
        for written in self._written:
            if written[2].exception() is not None:
                break
            whole.append(written)
        for index in range(len(whole), len(self._written) + 1):
            (self._folder.path / shard_name(index)).unlink(missing_ok=True)
        while whole:
            try:
                self._write_manifest(self._manifest(whole, {}, f"a write failed: {reason}"))
                break
            except OSError:
                entry, _, _ = whole.pop()
                (self._folder.path / entry.name).unlink(missing_ok=True)
        self._shut()
        ticks = sum(entry.ticks for entry, _, _ in whole)
        if not whole:
            self._folder.abandon()
            return DatasetError(f"cannot write the dataset: {reason}; nothing was kept", where=str(self.path))
        self._folder.commit()
        return DatasetError(
            f"cannot write the dataset: {reason}",
            where=str(self.path),
            details=(f"the first {ticks} ticks are complete and kept there, marked as incomplete",),
        )

    def _shut(self) -> None:
        self._open = False
        self._pending = []
        self._thoughts.shut()
        self._hasher.shutdown()
        self._syncer.shutdown()


def _sync_and_close(handle: int, enter: Callable[[], None]) -> None:
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    enter()  # the log lists only what is on the disk
