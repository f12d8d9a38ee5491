"""Exact snapshots of an engine: a folder with its worlds, accounts and counters in one file, and a header.

The folder is written beside its place and renamed when it is whole. Nothing is pickled.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from townlet.api import ObservationSpec
from townlet.config.root import TownletConfig, config_digest
from townlet.errors import SnapshotError
from townlet.rewards.state import RewardState
from townlet.storage import read_json
from townlet.telemetry.accumulate import Counters
from townlet.world.snapshot import load_extra, load_state, save_state
from townlet.world.start import copy_state
from townlet.world.state import WorldState
from townlet.world.tables import Town

__all__ = ["SNAPSHOT_VERSION", "SavableEngine", "load_engine", "save_engine"]

SNAPSHOT_VERSION = 1
_FORMAT = "townlet engine snapshot"
_HEADER, _WORLDS = "engine.json", "worlds.safetensors"


class SavableEngine(Protocol):
    """What of an engine a snapshot holds, and how it is put back."""

    config: TownletConfig
    spec: ObservationSpec
    town: Town
    seeds: tuple[int, ...]
    worlds: int
    state: WorldState
    memory: RewardState
    counters: Counters

    @property
    def tick(self) -> int:
        """Ticks since the last reset."""
        ...

    def restored(self, seeds: tuple[int, ...], ticks: int) -> None:
        """Told when the arrays hold another run: its seeds and its ticks."""
        ...


def _arrays(engine: SavableEngine) -> Iterator[tuple[str, NDArray[Any]]]:
    """What the engine itself remembers beside the worlds, by name."""
    groups: dict[str, NamedTuple] = {"rewards": engine.memory, "counters": engine.counters}
    for group, part in groups.items():
        for name in part._fields:
            yield f"{group}.{name}", getattr(part, name)


def save_engine(engine: SavableEngine, path: Path) -> None:
    """Write everything that the future depends on into the folder ``path``, replacing a snapshot there."""
    path = Path(path)
    if path.exists() and not (path / _HEADER).is_file() and any(path.iterdir()):
        raise SnapshotError("the folder holds something that is not a snapshot", where=str(path))
    header = {
        "format": _FORMAT,
        "version": SNAPSHOT_VERSION,
        "spec": engine.spec.fingerprint(),
        "config": config_digest(engine.config),
    }
    extra = dict(_arrays(engine))
    extra["engine.seeds"] = np.array(engine.seeds, np.uint64)
    extra["engine.ticks"] = np.array([engine.tick], np.int64)
    fresh = path.with_name(path.name + ".part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    save_state(engine.state, engine.town, fresh / _WORLDS, extra=extra)
    (fresh / _HEADER).write_text(json.dumps(header, indent=1) + "\n", encoding="utf-8")
    if path.exists():
        shutil.rmtree(path)
    fresh.rename(path)


def load_engine(engine: SavableEngine, path: Path) -> None:
    """Put ``engine`` where the snapshot was. Raises SnapshotError, with nothing changed, if it does not fit."""
    path = Path(path)
    header = _read_header(path)
    expected = {"format": _FORMAT, "version": SNAPSHOT_VERSION, "spec": engine.spec.fingerprint()}
    for key, want in expected.items():
        if header.get(key) != want:
            raise SnapshotError(
                f"the snapshot has a different {key} from this engine",
                where=str(path),
                details=[f"found {header.get(key)!r}, expected {want!r}"],
            )
    state = load_state(path / _WORLDS, engine.town)
    extra = load_extra(path / _WORLDS, engine.town)
    worlds = len(state.clock.tick)
    if worlds != engine.worlds:
        raise SnapshotError(
            "the snapshot has a different number of worlds from this engine",
            where=str(path),
            details=[f"found {worlds}, expected {engine.worlds}"],
        )
    mine = dict(_arrays(engine))
    for name, array in [*mine.items(), ("engine.seeds", np.zeros(worlds, np.uint64)), ("engine.ticks", _ONE_TICK)]:
        found = extra.get(name)
        if found is None or found.shape != array.shape or found.dtype != array.dtype:
            shape = "nothing" if found is None else f"{found.dtype} {list(found.shape)}"
            raise SnapshotError(
                f"the snapshot does not fit at {name}",
                where=str(path),
                details=[f"found {shape}, expected {array.dtype} {list(array.shape)}"],
            )
    copy_state(state, engine.state)
    for name, array in mine.items():
        array[...] = extra[name]
    engine.restored(tuple(int(seed) for seed in extra["engine.seeds"]), int(extra["engine.ticks"][0]))


_ONE_TICK = np.zeros(1, np.int64)


def _read_header(path: Path) -> dict[str, Any]:
    header = read_json(path / _HEADER, error=SnapshotError)
    if not isinstance(header, dict):
        raise SnapshotError("the snapshot's header is not an object", where=str(path))
    return header
