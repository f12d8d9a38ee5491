"""Reading a dataset: verified, shard by shard, with bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from townlet.api import ObservationSpec
from townlet.data.block import TrajectoryBlock
from townlet.data.manifest import MANIFEST_NAME, DatasetManifest, read_manifest
from townlet.data.shards import check_actions, check_digest, check_header, open_shard
from townlet.data.thoughts import RecordedThought, check_thoughts, read_thoughts
from townlet.errors import DatasetError
from townlet.markup import card, facts, folded, table
from townlet.storage import member_path

__all__ = ["Dataset", "open_dataset"]


class Dataset:
    """A dataset on disk. Open one with :func:`open_dataset`.

    The digest of a shard is checked before its first byte is handed out, once in the life of this object, and
    that of the next shard meanwhile on another thread. At most two shards are mapped at a time.

    Attributes:
        path: its folder.
        manifest: what it says about itself.
        digest: of the manifest, and with it of everything.
        spec: what the observations mean.
    """

    def __init__(self, path: Path, manifest: DatasetManifest, digest: str, *, verify: bool) -> None:
        self.path = path
        self.manifest = manifest
        self.digest = digest
        self.spec: ObservationSpec = manifest.spec()
        self._unverified = set(range(len(manifest.shards))) if verify else set()

    @property
    def metrics(self) -> Mapping[str, float]:
        """Baselines: what the recorded policy reached."""
        return self.manifest.metrics

    def _repr_html_(self) -> str:
        """For Jupyter: what it holds, and how to watch it."""
        told = self.manifest
        watch = f"townlet.viewer.show({str(self.path)!r})" if told.layout == "worlds" else ""
        return card(
            f"dataset {self.path.name}",
            facts(
                [
                    ("town", told.config.get("name")),
                    ("played by", told.policy.get("active")),
                    ("towns", told.worlds),
                    ("agents a town", told.agents),
                    ("ticks", f"{self.ticks:,}"),
                    ("transitions", f"{self.transitions:,}"),
                    ("recorded", told.created),
                    ("cut short", None if told.complete else told.interruption or "yes"),
                    ("digest", self.digest[:16]),
                    ("folder", self.path),
                    ("to watch it", watch),
                ]
            ),
            folded("what the recorded policy reached", table(("figure", "value"), sorted(self.metrics.items()))),
        )

    @property
    def rows(self) -> int:
        """``N``."""
        return self.manifest.rows

    @property
    def ticks(self) -> int:
        """Ticks of all segments together."""
        return self.manifest.ticks

    @property
    def transitions(self) -> int:
        """Active transitions."""
        return self.manifest.transitions

    def verify(self) -> None:
        """Read everything through and compare every digest. Raises DatasetError naming the first bad file."""
        for index in sorted(self._unverified):
            self._check(index)
        if self.manifest.thoughts is not None:
            name = self.manifest.thoughts.name
            check_thoughts(member_path(self.path, name, error=DatasetError), self.manifest.thoughts)

    def thoughts(self) -> Iterator[RecordedThought]:
        """What minds said, in the order of ticks: plans with their reasons, and why there was none.

        Raises:
            DatasetError: if the file was changed after it was written.
        """
        return read_thoughts(self.path, self.manifest.thoughts)

    def blocks(self, max_ticks: int | None = None) -> Iterator[TrajectoryBlock]:
        """All ticks in order, as read-only views of the shards' memory maps.

        Args:
            max_ticks: cut the shards into blocks of at most this many ticks.

        Raises:
            DatasetError: a damaged shard, before any of its ticks is yielded.
        """
        for _, block in self.shard_blocks():
            step = max_ticks or block.ticks
            for start in range(0, block.ticks, step):
                yield block if step >= block.ticks else block.ticks_between(start, start + step)

    def shard_blocks(self) -> Iterator[tuple[int, TrajectoryBlock]]:
        """Index and arrays of each shard, in order, the digest of the next one being checked meanwhile."""
        count = len(self.manifest.shards)
        if not self._unverified:
            yield from ((index, self.shard(index)) for index in range(count))
            return
        with ThreadPoolExecutor(1, "townlet-verify") as checker:
            ahead: Future[None] = checker.submit(self._check, 0)
            for index in range(count):
                ahead.result()
                if index + 1 < count:
                    ahead = checker.submit(self._check, index + 1)
                yield index, open_shard(self.path, self.manifest.shards[index])

    def shard(self, index: int) -> TrajectoryBlock:
        """The arrays of one shard, as read-only views. Raises DatasetError if it is damaged."""
        self._check(index)
        return open_shard(self.path, self.manifest.shards[index])

    def read(self, start: int, stop: int) -> TrajectoryBlock:
        """Ticks ``start`` to ``stop``, counted from the first of the dataset, copied into memory.

        Raises:
            DatasetError: if the range is empty or outside, or a shard is damaged.
        """
        if not 0 <= start < stop <= self.ticks:
            raise DatasetError(f"ticks {start} to {stop} are not within 0 to {self.ticks}", where=str(self.path))
        pieces, first = [], 0
        for index, entry in enumerate(self.manifest.shards):
            low, high = max(start - first, 0), min(stop - first, entry.ticks)
            if low < high:
                pieces.append(self.shard(index).ticks_between(low, high))
            first += entry.ticks
        return TrajectoryBlock(**{n: np.concatenate([getattr(p, n) for p in pieces]) for n in pieces[0].arrays()})

    def _check(self, index: int) -> None:
        if index in self._unverified:
            check_digest(self.path, self.manifest.shards[index])
            check_actions(self.path, self.manifest.shards[index], self.spec.action_count)
            self._unverified.discard(index)


def open_dataset(path: str | Path, *, verify: bool = True, spec: ObservationSpec | None = None) -> Dataset:
    """Open a dataset: the manifest, and name, size and header of every shard are checked at once.

    Args:
        path: its folder.
        verify: check the digest of each shard too, before its first use. ``Dataset.verify()`` does it at once.
        spec: refuse the dataset unless its observations mean this.

    Raises:
        DatasetError: with the name of the file and the reason.
    """
    folder = Path(path)
    if folder.name == MANIFEST_NAME:
        folder = folder.parent
    manifest, digest = read_manifest(folder)
    dataset = Dataset(folder, manifest, digest, verify=verify)
    if spec is not None and (difference := spec.first_difference(dataset.spec)):
        raise DatasetError(
            f"the dataset was recorded with different observations: {difference}",
            where=str(folder),
            details=("'here' is this town, 'there' the dataset; record it again with this town's config",),
        )
    listed = {entry.name for entry in manifest.shards}
    foreign = sorted(p.name for p in folder.glob("*.safetensors") if p.name not in listed)
    for index in range(len(manifest.shards)):
        try:
            check_header(folder, index, manifest, dataset.spec)
        except DatasetError as problem:
            if foreign:
                raise DatasetError(
                    problem.summary,
                    where=problem.where,
                    details=(*problem.details, f"the manifest does not list: {', '.join(foreign)}"),
                ) from None
            raise
    if foreign:
        raise DatasetError(f"{foreign[0]} is not listed in the manifest", where=str(folder))
    return dataset
