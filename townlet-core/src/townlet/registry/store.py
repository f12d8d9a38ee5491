"""The registry: what was run, recorded, trained and evaluated in a folder of runs."""

from __future__ import annotations

import getpass
import json
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Row
from typing import Any, Self

from townlet.checkpoints import Checkpoint
from townlet.data import Dataset
from townlet.errors import RegistryError
from townlet.registry.cells import record_of
from townlet.registry.database import FILE_NAME, Database
from townlet.registry.records import CheckpointRecord, DatasetRecord, EvaluationRecord, RunRecord, RunStatus
from townlet.storage import holder_of

__all__ = ["Registry", "json_text", "new_run_id", "running_lock", "somebody", "timestamp"]


def timestamp() -> str:
    """The time, UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def somebody() -> str:
    """The name of the person at the keyboard, or ``unknown``."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def new_run_id(kind: str) -> str:
    """A name for a run of the command ``kind`` that starts now."""
    return f"{kind}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def running_lock(runs: Path, run_id: str) -> Path:
    """The lock that a run holds for as long as its process lives; one without a holder is of a run that was killed."""
    return runs / ".running" / f"{run_id}.lock"


class Registry:
    """A folder of runs and the SQLite file in it. Several processes may use one at once. A context that closes.

    Args:
        folder: the runs folder; the file is ``registry.sqlite`` in it.
        create: whether to make it where it is missing.

    Raises:
        RegistryError: from here and every method, if the file cannot be read or written.
    """

    def __init__(self, folder: str | Path, *, create: bool = True) -> None:
        self.folder = Path(folder)
        self.database = Database(self.folder / FILE_NAME, create=create)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Paths inside the runs folder are kept relative to it, so that the whole folder can be moved.

    def stored_path(self, path: str | Path) -> str:
        """How a path is kept."""
        full = Path(path).absolute().resolve()
        base = self.folder.absolute().resolve()
        return full.relative_to(base).as_posix() if full.is_relative_to(base) else str(full)

    def real_path(self, stored: str) -> Path:
        """Where a kept path is now."""
        return self.folder / stored

    def begin_run(
        self,
        kind: str,
        *,
        config_id: str,
        config_digest: str,
        policy: Mapping[str, Any],
        folder: str | Path | None = None,
        run_id: str | None = None,
    ) -> str:
        """Enter a run that starts now; its id."""
        name = run_id or new_run_id(kind)
        with self.database.writing():
            if self.database.rows("SELECT 1 FROM runs WHERE id = ?", (name,)):
                raise RegistryError(f"there is a run {name!r} already", where=str(self.folder))
            self.database.write(
                "INSERT INTO runs VALUES (?, ?, ?, NULL, 'running', ?, ?, ?, ?, '{}')",
                (
                    name,
                    kind,
                    timestamp(),
                    config_id,
                    config_digest,
                    json_text(policy),
                    None if folder is None else self.stored_path(folder),
                ),
            )
        return name

    def finish_run(self, run_id: str, status: RunStatus = "done", summary: Mapping[str, Any] | None = None) -> None:
        """Enter how a run ended."""
        with self.database.writing():
            self.run(run_id)
            self.database.write(
                "UPDATE runs SET finished = ?, status = ?, summary = ? WHERE id = ?",
                (timestamp(), status, json_text(summary or {}), run_id),
            )

    def runs(self, *, kind: str | None = None, limit: int = 100) -> list[RunRecord]:
        """The latest runs, newest first."""
        found = self.database.rows(
            "SELECT * FROM runs WHERE ? IS NULL OR kind = ? ORDER BY started DESC, rowid DESC LIMIT ?",
            (kind, kind, limit),
        )
        return [self._run(row) for row in found]

    def run(self, run_id: str) -> RunRecord:
        """A run by its id, or by the beginning of it if only one begins so."""
        rows = self.database.rows(
            "SELECT * FROM runs WHERE id = ? OR substr(id, 1, length(?)) = ? ORDER BY id = ? DESC, id LIMIT 4",
            (run_id, run_id, run_id, run_id),
        )
        if not rows or not run_id:
            raise RegistryError(f"there is no run {run_id!r}", where=str(self.folder), details=("townlet runs list",))
        if len(rows) > 1 and rows[0]["id"] != run_id:
            names = [str(row["id"]) for row in rows]
            shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            raise RegistryError(f"several runs begin with {run_id!r}", where=str(self.folder), details=(shown,))
        return self._run(rows[0])

    def _run(self, row: Row) -> RunRecord:
        found = record_of(RunRecord, row, table="runs", file=self.database.path, written=("policy", "summary"))
        lock = running_lock(self.folder, found.id)
        if found.status == "running" and lock.exists() and holder_of(lock) is None:
            return replace(found, status="killed")
        return found

    def add_dataset(self, dataset: Dataset, run: str | None = None) -> DatasetRecord:
        """Enter a dataset; entering it again updates its path."""
        manifest = dataset.manifest
        with self.database.writing():
            self.database.write(
                "INSERT INTO datasets VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (digest) DO UPDATE SET path = excluded.path",
                (
                    dataset.digest,
                    self.stored_path(dataset.path),
                    timestamp(),
                    run,
                    manifest.config_id,
                    manifest.transitions,
                    json_text(manifest.policy),
                    json_text(manifest.metrics),
                ),
            )
        return next(found for found in self.datasets() if found.digest == dataset.digest)

    def datasets(self, *, run: str | None = None) -> list[DatasetRecord]:
        """All datasets, or those of a run, newest first."""
        rows = self.database.rows(
            "SELECT * FROM datasets WHERE ? IS NULL OR run = ? ORDER BY registered DESC, rowid DESC", (run, run)
        )
        file = self.database.path
        return [
            record_of(DatasetRecord, row, table="datasets", file=file, written=("policy", "metrics")) for row in rows
        ]

    def add_checkpoint(
        self, checkpoint: Checkpoint, run: str | None = None, *, objections: Sequence[str] = ()
    ) -> CheckpointRecord:
        """Enter a checkpoint; entering it again updates its path, and its objections where there are some.

        Args:
            checkpoint: opened and checked.
            run: the run that wrote it.
            objections: of the gates of its own training, in words; they stay.
        """
        with self.database.writing():
            self.insert_checkpoint(checkpoint, run)
            if objections:
                self.database.write(
                    "UPDATE checkpoints SET objections = ? WHERE digest = ?",
                    (json.dumps(list(objections)), checkpoint.digest),
                )
        return self.checkpoint(checkpoint.digest)

    def insert_checkpoint(self, checkpoint: Checkpoint, run: str | None = None) -> None:
        """The same inside a transaction of the caller."""
        manifest = checkpoint.manifest
        self.database.write(
            "INSERT INTO checkpoints (digest, path, registered, run, backend, config_digest, parent, metrics)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (digest) DO UPDATE SET path = excluded.path",
            (
                checkpoint.digest,
                self.stored_path(checkpoint.path),
                timestamp(),
                run,
                manifest.backend,
                manifest.config_digest,
                manifest.parent,
                json_text(manifest.metrics),
            ),
        )

    def checkpoints(self, *, run: str | None = None) -> list[CheckpointRecord]:
        """All checkpoints, or those of a run, newest first."""
        rows = self.database.rows(
            "SELECT * FROM checkpoints WHERE ? IS NULL OR run = ? ORDER BY registered DESC, rowid DESC", (run, run)
        )
        return [self._checkpoint(row) for row in rows]

    def checkpoint(self, digest: str) -> CheckpointRecord:
        """A checkpoint by its digest."""
        rows = self.database.rows("SELECT * FROM checkpoints WHERE digest = ?", (digest,))
        if not rows:
            raise RegistryError(f"no checkpoint {digest[:12]} is registered", where=str(self.folder))
        return self._checkpoint(rows[0])

    def add_evaluation(
        self,
        policy: str,
        *,
        metrics: Mapping[str, float],
        settings: Mapping[str, Any] | None = None,
        checkpoint: Checkpoint | None = None,
        run: str | None = None,
        passed: bool | None = None,
        by: str | None = None,
        gate: Mapping[str, Any] | None = None,
    ) -> EvaluationRecord:
        """Enter an evaluation, what the gate said of it, and the checkpoint that was evaluated if there is one."""
        with self.database.writing():
            if checkpoint is not None:
                self.insert_checkpoint(checkpoint, run)
            number = self.database.write(
                "INSERT INTO evaluations (at, policy, checkpoint, run, passed, settings, metrics, by, gate)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    timestamp(),
                    policy,
                    None if checkpoint is None else checkpoint.digest,
                    run,
                    None if passed is None else int(passed),
                    json_text(settings or {}),
                    json_text(metrics),
                    by or somebody(),
                    json_text(gate or {}),
                ),
            )
        return next(found for found in self.evaluations() if found.id == number)

    def evaluations(
        self, *, checkpoint: str | None = None, run: str | None = None, by_hand: bool = False
    ) -> list[EvaluationRecord]:
        """Evaluations, newest first: of a checkpoint (digest), of a run, or only those that belong to no run."""
        rows = self.database.rows(
            "SELECT * FROM evaluations WHERE (? IS NULL OR checkpoint = ?) AND (? IS NULL OR run = ?)"
            " AND (NOT ? OR run IS NULL) ORDER BY id DESC",
            (checkpoint, checkpoint, run, run, by_hand),
        )
        return [self._evaluation(row) for row in rows]

    def _checkpoint(self, row: Row) -> CheckpointRecord:
        written = ("metrics", "objections")
        return record_of(CheckpointRecord, row, table="checkpoints", file=self.database.path, written=written)

    def _evaluation(self, row: Row) -> EvaluationRecord:
        written = ("settings", "metrics", "gate")
        return record_of(EvaluationRecord, row, table="evaluations", file=self.database.path, written=written)


def json_text(value: Mapping[str, Any]) -> str:
    """A value as the registry keeps it: JSON, a number that is not finite as null."""
    try:
        return json.dumps(_finite(value), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as problem:
        raise RegistryError(f"the registry cannot store this: {problem}") from problem


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
