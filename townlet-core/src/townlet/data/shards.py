"""One shard: the file of a block of ticks, written once and checked before it is read."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

import numpy as np

from townlet.api import ObservationSpec
from townlet.data.block import TrajectoryBlock, array_shapes, dtype_of
from townlet.data.manifest import DatasetManifest, ShardEntry
from townlet.errors import DatasetError
from townlet.storage import map_tensors, member_path, read_tensor_header, sha256_file, write_tensors

__all__ = ["check_actions", "check_digest", "check_header", "open_shard", "shard_name", "write_shard"]


def shard_name(index: int) -> str:
    """``shard-00007.safetensors``."""
    return f"shard-{index:05d}.safetensors"


def write_shard(
    folder: Path,
    index: int,
    segment: int,
    blocks: Sequence[TrajectoryBlock],
    fingerprint: str,
    hasher: Executor,
    *,
    file_name: str | None = None,
) -> tuple[ShardEntry, int]:
    """Write blocks that follow each other as one shard. Raises OSError, with the file removed.

    The file has the name of a shard, or ``file_name`` for the time being.

    Returns:
        Its entry in the manifest, and the open descriptor that is still to be synchronised and closed.
    """
    name = shard_name(index)
    size, digest, handle = write_tensors(
        folder / (file_name or name),
        {array: [getattr(block, array) for block in blocks] for array in blocks[0].arrays()},
        {"format": "townlet-shard", "index": str(index), "observation_fingerprint": fingerprint},
        hasher,
    )
    entry = ShardEntry(
        name=name,
        segment=segment,
        ticks=sum(block.ticks for block in blocks),
        size=size,
        sha256=digest,
        transitions=sum(int(np.count_nonzero(block.active)) for block in blocks),
    )
    return entry, handle


def check_header(folder: Path, index: int, manifest: DatasetManifest, spec: ObservationSpec) -> None:
    """Check a shard's name, size and header against the manifest, without reading its arrays.

    Raises:
        DatasetError: naming the file and the first thing that does not fit.
    """
    entry = manifest.shards[index]
    path = member_path(folder, entry.name, error=DatasetError)
    found = path.stat().st_size
    if found != entry.size:
        raise DatasetError(
            f"{entry.name} has {found} bytes instead of {entry.size}: it was cut or changed", where=str(path)
        )
    infos, metadata, _ = read_tensor_header(path, error=DatasetError)
    if metadata.get("index") != str(index):
        raise DatasetError(
            f"{entry.name} holds shard {metadata.get('index')!r}, not {index}: it was renamed", where=str(path)
        )
    if metadata.get("observation_fingerprint") != manifest.observation_fingerprint:
        raise DatasetError(f"{entry.name} was recorded with another observation spec", where=str(path))
    shapes = array_shapes(spec, len(manifest.reward_parts), logits=manifest.logits)
    if set(infos) != set(shapes):
        odd = ", ".join(sorted(set(infos) ^ set(shapes)))
        raise DatasetError(f"{entry.name} has missing or unknown arrays: {odd}", where=str(path))
    for name, trailing in shapes.items():
        want = (entry.ticks, manifest.rows, *trailing)
        info = infos[name]
        if info.shape != want or info.dtype != np.dtype(dtype_of(name)):
            raise DatasetError(
                f"{entry.name}: {name} is {info.dtype} {list(info.shape)}, not {np.dtype(dtype_of(name))} {list(want)}",
                where=str(path),
            )


def check_digest(folder: Path, entry: ShardEntry) -> None:
    """Read a shard through and compare its SHA-256. Raises DatasetError naming the file."""
    path = member_path(folder, entry.name, error=DatasetError)
    try:
        found = sha256_file(path)
    except OSError as problem:
        raise DatasetError(f"{entry.name} cannot be read: {problem.strerror}", where=str(path)) from problem
    if found != entry.sha256:
        raise DatasetError(
            f"{entry.name} is damaged: its digest is not the one in the manifest",
            where=str(path),
            details=(f"SHA-256 {found}", f"manifest {entry.sha256}"),
        )


def check_actions(folder: Path, entry: ShardEntry, actions: int) -> None:
    """Refuse a shard with an action outside ``0..K - 1``, which a forger could have signed. Raises DatasetError."""
    taken = open_shard(folder, entry).actions
    if taken.size and (int(taken.min()) < 0 or int(taken.max()) >= actions):
        raise DatasetError(f"{entry.name} holds an action outside 0..{actions - 1}", where=str(folder / entry.name))


def open_shard(folder: Path, entry: ShardEntry) -> TrajectoryBlock:
    """The arrays of a checked shard as read-only views of a memory map."""
    opened = map_tensors(member_path(folder, entry.name, error=DatasetError), error=DatasetError)
    return TrajectoryBlock.from_arrays(opened.arrays)
