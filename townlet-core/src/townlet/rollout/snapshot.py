"""A run on disk: the towns, the memory of the minds, and what both belong to; whole or absent."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from townlet.envs.protocol import Engine
from townlet.errors import ContractError, SnapshotError
from townlet.plugins.provenance import Provenance
from townlet.storage import (
    PartialFolder,
    canonical_bytes,
    canonical_digest,
    map_tensors,
    read_json_document,
    sha256_file,
    write_tensors,
)

__all__ = ["Remembering", "RunSnapshot", "find_snapshot", "read_snapshot", "restore_run", "write_snapshot"]

SCHEMA_VERSION = 1
_HEADER, _TOWN, _MEMORY = "run.json", "town", "policy.safetensors"


class Remembering(Protocol):
    """A mind whose memory can be written and read back; the policy runtime is one."""

    def state_arrays(self) -> Mapping[str, NDArray[Any]]:
        """The memory as named arrays."""
        ...

    def restore(self, agents: int, seeds: Sequence[int], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from such arrays in towns with these policy seeds. Raises ContractError if they do not fit."""
        ...

    def provenance(self) -> Provenance:
        """What is active; its ``fingerprint`` tells whether it is the same policy."""
        ...


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """The header of a snapshot.

    Attributes:
        path: its folder.
        tick: ticks done.
        config: the whole config, JSON-ready.
        seeds: one a world.
        policy: provenance of the policy.
        digest: of the header.
        cast: who plays whom, as the writer said it; empty if it did not.
        explore: whether minds draw their actions.
        memory_digest: SHA-256 of the file of the policy's memory.
    """

    path: Path
    tick: int
    config: Mapping[str, Any]
    seeds: tuple[int, ...]
    policy: Mapping[str, Any]
    memory_digest: str
    digest: str
    cast: Sequence[Mapping[str, Any]] = ()
    explore: bool = False


def write_snapshot(
    folder: Path,
    engine: Engine,
    mind: Remembering,
    *,
    config: Mapping[str, Any],
    seeds: tuple[int, ...],
    cast: Sequence[Mapping[str, Any]] = (),
    explore: bool = False,
) -> Path:
    """Write a snapshot into the new folder ``folder``.

    Args:
        folder: must not be there.
        engine: the towns.
        mind: who decides.
        config: the whole config, JSON-ready.
        seeds: one a town.
        cast: who plays whom, JSON-ready, for whoever opens the minds again.
        explore: whether they draw their actions.

    Raises:
        SnapshotError: if the folder is there already.
    """
    with PartialFolder(folder, error=SnapshotError) as partial:
        (partial.path / _TOWN).mkdir()
        engine.save(partial.path / _TOWN)
        with ThreadPoolExecutor(1) as hasher:
            _, digest, handle = write_tensors(
                partial.path / _MEMORY, {name: [array] for name, array in mind.state_arrays().items()}, {}, hasher
            )
        _synchronise(handle)
        header: dict[str, Any] = {
            "format": "townlet-snapshot",
            "schema_version": SCHEMA_VERSION,
            "tick": int(engine.tick),
            "config": config,
            "seeds": list(seeds),
            "spec": engine.spec.fingerprint(),
            "policy": mind.provenance().to_json(),
            "cast": list(cast),
            "explore": explore,
            "policy_sha256": digest,
        }
        header["digest"] = canonical_digest(header)
        (partial.path / _HEADER).write_bytes(canonical_bytes(header))
        _synchronise(os.open(partial.path / _HEADER, os.O_RDWR))
    return folder


def _synchronise(handle: int) -> None:
    os.fsync(handle)
    os.close(handle)


def find_snapshot(path: Path) -> Path:
    """``path`` if it is a snapshot, else the latest one in the folder ``path``. Raises SnapshotError without one."""
    if (path / _HEADER).is_file():
        return path
    found = sorted(child for child in path.glob("tick-*") if (child / _HEADER).is_file())
    if not found:
        raise SnapshotError(
            "there is no snapshot here",
            where=str(path),
            details=("expected a folder that `townlet run --snapshot-every` wrote, or one that holds such folders",),
        )
    return found[-1]


def read_snapshot(path: Path) -> RunSnapshot:
    """Read the header. Raises SnapshotError for anything that is not a whole snapshot of this layout."""
    header = read_json_document(path / _HEADER, error=SnapshotError)
    if header.get("format") != "townlet-snapshot" or header.get("schema_version") != SCHEMA_VERSION:
        raise SnapshotError(
            "not a snapshot that this version can read",
            where=str(path),
            details=(f"found format {header.get('format')!r}, schema {header.get('schema_version')!r}",),
        )
    try:
        return RunSnapshot(
            path,
            int(header["tick"]),
            dict(header["config"]),
            tuple(int(seed) for seed in header["seeds"]),
            dict(header["policy"]),
            str(header["policy_sha256"]),
            str(header["digest"]),
            tuple(dict(role) for role in header["cast"]),
            bool(header["explore"]),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise SnapshotError("the snapshot's header is damaged", where=str(path / _HEADER)) from problem


def restore_run(snapshot: RunSnapshot, engine: Engine, mind: Remembering) -> None:
    """Put an engine of the same config and a mind of the same policy where the snapshot's were.

    Raises:
        SnapshotError: if the policy is another one, or a file does not fit.
    """
    told = mind.provenance()
    then, now = snapshot.policy.get("fingerprint"), told.fingerprint
    if then != now:
        raise SnapshotError(
            "the snapshot was made with a different policy",
            where=str(snapshot.path),
            details=(
                f"then: {snapshot.policy.get('active')} ({then})",
                f"now:  {told.active} ({now})",
            ),
        )
    if not (snapshot.path / _MEMORY).is_file() or sha256_file(snapshot.path / _MEMORY) != snapshot.memory_digest:
        raise SnapshotError(f"{_MEMORY} is missing or was changed after it was written", where=str(snapshot.path))
    memory = map_tensors(snapshot.path / _MEMORY, error=SnapshotError)
    engine.load(snapshot.path / _TOWN)
    try:
        arrays = {name: np.array(array) for name, array in memory.arrays.items()}
        mind.restore(engine.agents, engine.policy_seeds(), arrays)
    except ContractError as problem:
        raise SnapshotError(
            "the policy's memory does not fit", where=str(snapshot.path), details=(str(problem),)
        ) from problem
