"""Entering a run in the registry around whatever does it; trouble with the registry never costs the run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from townlet.config import TownletConfig, config_digest
from townlet.data import Dataset
from townlet.errors import RegistryError, TownletError
from townlet.registry.database import FILE_NAME
from townlet.registry.records import RunStatus
from townlet.registry.store import Registry, new_run_id, running_lock
from townlet.storage import HeldLock

__all__ = ["RunEntry", "enter_recovered", "logged_run"]


class RunEntry:
    """The entry of a run that is under way. Without a registry it keeps nothing.

    Attributes:
        id: the run's id, or None.
        status: how it ended; set it before the end, if not ``done``.
        summary: what came of it; fill it before the end.
    """

    def __init__(self, runs: Path | None, warn: Callable[[str], None]) -> None:
        self._runs = runs
        self._warn = warn
        self._lock: HeldLock | None = None
        self.id: str | None = None
        self.status: RunStatus = "done"
        self.summary: dict[str, Any] = {}

    def dataset(self, dataset: Dataset) -> None:
        """Enter a dataset that the run recorded."""
        self._try(lambda registry: registry.add_dataset(dataset, self.id))

    def _begin(self, kind: str, config: TownletConfig, policy: Mapping[str, Any], folder: Path | None) -> None:
        def enter(registry: Registry) -> None:
            name = new_run_id(kind)
            self._lock = _hold(running_lock(registry.folder, name))
            self.id = registry.begin_run(
                kind,
                config_id=config.config_id,
                config_digest=config_digest(config),
                policy=policy,
                folder=folder,
                run_id=name,
            )

        self._try(enter)

    def _end(self) -> None:
        name = self.id
        if name is not None:
            self._try(lambda registry: registry.finish_run(name, self.status, self.summary))
        if self._lock is not None:
            self._lock.release()

    def _try(self, work: Callable[[Registry], object]) -> None:
        if self._runs is None:
            return
        try:
            with Registry(self._runs) as registry:
                work(registry)
        except RegistryError as problem:
            self._warn(f"the run goes on without the registry: {problem}")
            self._runs = None


def _hold(path: Path) -> HeldLock:
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as problem:
        raise RegistryError(f"cannot write here: {problem.strerror}", where=str(path.parent)) from problem
    return HeldLock(path, "this run is under way", error=RegistryError)


@contextmanager
def logged_run(
    runs: Path | None,
    kind: str,
    config: TownletConfig,
    policy: Mapping[str, Any],
    *,
    folder: Path | None = None,
    warn: Callable[[str], None],
) -> Iterator[RunEntry]:
    """Enter a run when the body begins, and how it ended when the body ends.

    Args:
        runs: the runs folder, or None for no registry.
        kind: the command.
        config: of the town.
        policy: provenance.
        folder: where the run's files go.
        warn: is told if the registry cannot be written; the body goes on.
    """
    entry = RunEntry(runs, warn)
    entry._begin(kind, config, policy, folder)
    try:
        yield entry
    except KeyboardInterrupt:
        entry.status = "interrupted"
        raise
    except BaseException:
        entry.status = "failed"
        raise
    finally:
        entry._end()


def enter_recovered(
    runs: Path, recorded_as: Path, dataset: Dataset, *, warn: Callable[[str], None] = warnings.warn
) -> str | None:
    """Enter a recovered dataset for the run that recorded it.

    Args:
        runs: folder of the registry; one without a registry is left as it is.
        recorded_as: the name that the recording would have got.
        dataset: what :func:`townlet.data.recover` made of it.
        warn: is told where the registry cannot be read or written.

    Returns:
        The id of the run, or None where the registry knows none of that name.
    """
    if not (runs / FILE_NAME).is_file():
        return None
    try:
        with Registry(runs, create=False) as registry:
            names = {registry.stored_path(recorded_as), registry.stored_path(dataset.path)}
            run = next((run.id for run in registry.runs(limit=10_000) if run.folder in names), None)
            if run is not None:
                registry.add_dataset(dataset, run)
            return run
    except TownletError as error:
        warn(f"the registry could not record it: {error}")
        return None
