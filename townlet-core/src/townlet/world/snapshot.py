"""Snapshots: the whole state of ``W`` worlds in one safetensors file and back, exact, versioned, without pickle.

The file's metadata says the version, the town's digest, names of the town, and a SHA-256 of all arrays. A file that
is cut short, changed, of another version or of another town is refused, and so is one whose state cannot be true.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from townlet.errors import SnapshotError
from townlet.storage import write_bytes_atomic
from townlet.world import invariants
from townlet.world.start import copy_state, empty_state
from townlet.world.state import WorldState, state_fields
from townlet.world.tables import Town

__all__ = ["SNAPSHOT_VERSION", "load_extra", "load_state", "save_state"]

SNAPSHOT_VERSION = 1
_PREFIX = "state."
_EXTRA = "extra."


def save_state(
    state: WorldState, town: Town, path: str | Path, *, extra: Mapping[str, NDArray[Any]] | None = None
) -> None:
    """Write ``state`` to ``path``: whole or not at all.

    Args:
        state: of any number of worlds.
        town: the town it is a state of.
        path: file to write; replaced if it exists.
        extra: further arrays to keep beside it, by name (accumulators of others); see :func:`load_extra`.

    Raises:
        SnapshotError: if the file cannot be written.
    """
    path = Path(path)
    arrays = {_PREFIX + name: np.ascontiguousarray(array) for name, _, array in state_fields(state)}
    for name, array in (extra or {}).items():
        arrays[_EXTRA + name] = np.ascontiguousarray(array)
    metadata = {
        "format": "townlet-snapshot",
        "version": str(SNAPSHOT_VERSION),
        "town": town.digest,
        "map": town.config.map,
        "worlds": str(len(state.clock.tick)),
        "ticks": json.dumps([int(state.clock.tick.min()), int(state.clock.tick.max())]),
        "sha256": _digest(arrays),
    }
    try:
        write_bytes_atomic(path, save(arrays, metadata))
    except OSError as error:
        raise SnapshotError("the snapshot cannot be written", where=str(path), details=[str(error)]) from error


def load_state(path: str | Path, town: Town, *, into: WorldState | None = None) -> WorldState:
    """Read a state of ``town`` and check it.

    Args:
        path: file written by :func:`save_state`.
        town: must be the town (map, affordances, rules) that the state was saved of.
        into: a state of as many worlds to copy it into, in place; a new one without it.

    Raises:
        SnapshotError: naming the file and the reason, if it is not a whole, unchanged snapshot of this version and
            town, or its state breaks an invariant.
    """
    arrays = _read(path, town)
    worlds = len(arrays.get(_PREFIX + "clock.tick", ()))
    if worlds < 1:
        raise SnapshotError("the snapshot holds no world", where=str(path))
    state = empty_state(town, worlds)
    expected = {_PREFIX + name for name, _, _ in state_fields(state)}
    found = {name for name in arrays if name.startswith(_PREFIX)}
    if expected != found:
        odd = sorted(name.removeprefix(_PREFIX) for name in expected ^ found)
        raise SnapshotError("the snapshot's arrays are not those of a state", where=str(path), details=[", ".join(odd)])
    for name, spec, array in state_fields(state):
        stored = arrays[_PREFIX + name]
        if stored.shape != array.shape or stored.dtype != spec.dtype:
            raise SnapshotError(
                f"the snapshot's {name} does not fit the town",
                where=str(path),
                details=[f"found {stored.dtype} {stored.shape}, expected {spec.dtype} {array.shape}"],
            )
        array[...] = stored
    problems = invariants.check(state, town.tables)
    if problems:
        raise SnapshotError("the snapshot's state cannot be true", where=str(path), details=problems[:10])
    if into is None:
        return state
    if len(into.clock.tick) != worlds:
        raise SnapshotError(
            f"the snapshot holds {worlds} worlds and not {len(into.clock.tick)}",
            where=str(path),
            details=["load it with as many worlds as it was saved with"],
        )
    copy_state(state, into)
    return into


def load_extra(path: str | Path, town: Town) -> dict[str, NDArray[Any]]:
    """The ``extra`` arrays of a snapshot, by name. Raises SnapshotError as :func:`load_state` does."""
    arrays = _read(path, town)
    return {name.removeprefix(_EXTRA): array for name, array in arrays.items() if name.startswith(_EXTRA)}


def _read(path: str | Path, town: Town) -> dict[str, NDArray[Any]]:
    where = str(path)
    try:
        with safe_open(where, framework="np") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != "townlet-snapshot":
                raise SnapshotError("this file is not a Townlet snapshot", where=where)
            if metadata.get("version") != str(SNAPSHOT_VERSION):
                raise SnapshotError(
                    f"the snapshot has version {metadata.get('version')!r}",
                    where=where,
                    details=[f"this Townlet reads version {SNAPSHOT_VERSION}; use the one that wrote it"],
                )
            if metadata.get("town") != town.digest:
                raise SnapshotError(
                    "the snapshot is of another town",
                    where=where,
                    details=[
                        f"found: map {metadata.get('map')!r}, digest {str(metadata.get('town'))[:12]}",
                        f"expected: map {town.config.map!r}, digest {town.digest[:12]}",
                        "load it with the config (map, affordances, rules) that it was saved with",
                    ],
                )
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (OSError, SafetensorError, ValueError) as error:
        raise SnapshotError(
            "the snapshot cannot be read: missing, cut short or not a snapshot", where=where, details=[str(error)]
        ) from error
    if _digest(arrays) != metadata.get("sha256"):
        raise SnapshotError(
            "the snapshot was changed after it was written", where=where, details=["its SHA-256 does not fit"]
        )
    return arrays


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
