"""Exact snapshots of an engine: a folder with the arrays of its worlds, accounts and counters, and a header.

The folder is written beside its place and renamed when it is whole. Nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from townlet.config.root import config_digest
from townlet.errors import SnapshotError
from townlet.world.state import state_fields

if TYPE_CHECKING:
    from townlet.envs.engine import TownEngine

__all__ = ["SNAPSHOT_VERSION", "load_engine", "save_engine"]

SNAPSHOT_VERSION = 1
_HEADER, _ARRAYS = "engine.json", "engine.safetensors"


def _arrays(engine: TownEngine) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, _, array in state_fields(engine.state):
        yield f"world.{name}", array
    groups: dict[str, NamedTuple] = {"rewards": engine.memory, "counters": engine.counters}
    for group, part in groups.items():
        for name in part._fields:
            yield f"{group}.{name}", getattr(part, name)


def save_engine(engine: TownEngine, path: Path) -> None:
    """Write everything that the future depends on into the folder ``path``, replacing a snapshot there."""
    path = Path(path)
    data = save({name: np.ascontiguousarray(array) for name, array in _arrays(engine)})
    header = {
        "format": "townlet engine snapshot",
        "version": SNAPSHOT_VERSION,
        "town": engine.town.digest,
        "config": config_digest(engine.config),
        "spec": engine.spec.fingerprint(),
        "seeds": list(engine.seeds),
        "ticks": engine.tick,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    fresh = path.with_name(path.name + ".part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    (fresh / _ARRAYS).write_bytes(data)
    (fresh / _HEADER).write_text(json.dumps(header, indent=1), encoding="utf-8")
    if path.exists():
        if not (path / _HEADER).is_file() and any(path.iterdir()):
            shutil.rmtree(fresh)
            raise SnapshotError("the folder holds something that is not a snapshot", where=str(path))
        shutil.rmtree(path)
    fresh.rename(path)


def load_engine(engine: TownEngine, path: Path) -> None:
    """Put ``engine`` where the snapshot was. Raises SnapshotError, with nothing changed, if it does not fit."""
    path = Path(path)
    header, data = _read(path)
    expected = {
        "format": "townlet engine snapshot",
        "version": SNAPSHOT_VERSION,
        "town": engine.town.digest,
        "spec": engine.spec.fingerprint(),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    for key, want in expected.items():
        if header.get(key) != want:
            raise SnapshotError(
                f"the snapshot has another {key} than this engine" if key != "sha256" else "the snapshot is damaged",
                where=str(path),
                details=[f"found {header.get(key)!r}, expected {want!r}"],
            )
    try:
        arrays = load(data)
    except SafetensorError as error:
        raise SnapshotError("the snapshot is damaged", where=str(path), details=[str(error)]) from error
    mine = dict(_arrays(engine))
    for name, array in mine.items():
        found = arrays.get(name)
        if found is None or found.shape != array.shape or found.dtype != array.dtype:
            shape = "nothing" if found is None else f"{found.dtype} {list(found.shape)}"
            raise SnapshotError(
                f"the snapshot does not fit at {name}",
                where=str(path),
                details=[f"found {shape}, expected {array.dtype} {list(array.shape)}"],
            )
    for name, array in mine.items():
        array[...] = arrays[name]
    engine.restored(tuple(int(seed) for seed in header["seeds"]), int(header["ticks"]))


def _read(path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        header = json.loads((path / _HEADER).read_text(encoding="utf-8"))
        data = (path / _ARRAYS).read_bytes()
    except (OSError, ValueError) as error:
        raise SnapshotError("the snapshot cannot be read", where=str(path), details=[str(error)]) from error
    if not isinstance(header, dict):
        raise SnapshotError("the snapshot's header is not an object", where=str(path))
    return header, data
