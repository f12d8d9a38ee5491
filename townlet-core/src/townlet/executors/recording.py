"""A recording made in pieces: each is kept when it is whole, so that a recording that was stopped goes on."""

from __future__ import annotations

import io
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from townlet.data import open_dataset
from townlet.data.manifest import MANIFEST_NAME
from townlet.errors import DatasetError, UsageError
from townlet.executors.pieces import pieces_of
from townlet.executors.protocol import Executor, Headway, Watch
from townlet.executors.rehearsal import rehearsed
from townlet.play import Admission, Job, Journal, Outcome, Provenance, Timing, join_datasets
from townlet.registry import logged_run
from townlet.signals import held_back
from townlet.storage import HeldLock, open_regular, read_json, read_model, write_bytes_atomic
from townlet.telemetry.kpis import TownKpis
from townlet.telemetry.measures import MEASURES, QUEUE_BINS
from townlet.world.names import FACILITY_KINDS

__all__ = ["pieces_folder", "record"]

_JOB = "job.json"
_MOST_FIGURES = 1 << 30
"""Bytes of the figures of a piece."""
_DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError, MemoryError, NotImplementedError)
"""What NumPy, zipfile and this module raise over a piece that is not what it should be."""


def pieces_folder(folder: Path) -> Path:
    """Where the pieces of a recording lie until it is whole: beside it."""
    return folder.with_name(f".{folder.name}.pieces")


def record(
    executor: Executor,
    job: Job,
    *,
    towns: int | None = 8,
    admission: Admission | None = None,
    journal: Journal | None = None,
    watch: Watch | None = None,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Record a job on an executor: the bytes that it would have written here.

    Pieces of it are kept as they are done. Where a recording of the same job was stopped, those are not played again.

    Args:
        executor: where it is played.
        job: keeps a dataset.
        towns: in a piece, at most.
        admission: which minds may act.
        journal: where the run is entered.
        watch: told how far it is.
        say: is told how many pieces were there already.

    Raises:
        UsageError: if the job keeps no dataset, or goes on from a snapshot.
        DatasetError: if the folder, or the pieces of another recording for it, are in the way.
        KeyboardInterrupt: if a person stopped it; the pieces that were done are kept.
        TownletError: as :meth:`~townlet.executors.Executor.map`.
    """
    folder = job.keep.folder
    if folder is None or job.start is not None:
        raise UsageError("only a job that keeps a dataset and begins at its first tick can be recorded in pieces")
    journal = Journal() if journal is None else journal
    if (folder / MANIFEST_NAME).exists() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise DatasetError("there is something of this name already; nothing is overwritten", where=str(folder))
    pieces = _Pieces.open(pieces_folder(folder), job, executor.workers, towns)
    started = time.perf_counter()
    try:
        policy = rehearsed(job, admission).to_json()
        with logged_run(journal.runs, journal.kind, job.config, policy, folder=folder, warn=journal.warn) as entry:
            whole = _joined(job, _play(executor, pieces, admission, watch, say), pieces.folder)
            join_datasets(whole, [piece.folder for piece in pieces.all], folder)
            dataset = open_dataset(folder, verify=False)
            entry.dataset(dataset)
            entry.summary = {"ticks": dataset.ticks, "transitions": dataset.transitions, **dataset.metrics}
            pieces.remove()
    except BaseException as error:
        kept = sum(piece.done for piece in pieces.all)
        if kept:
            error.add_note(f"{kept} of {len(pieces.all)} pieces are kept; run the same command again for the others")
        else:
            pieces.remove()
        raise
    finally:
        pieces.release()
    seconds = time.perf_counter() - started
    timing = Timing(seconds, whole.ticks / max(seconds, 1e-9))
    return replace(whole, dataset=folder, dataset_digest=dataset.digest, run=entry.id, timing=timing)


def _joined(job: Job, outcomes: Sequence[Outcome], folder: Path) -> Outcome:
    try:
        return Outcome.join(job, outcomes)
    except ValueError as problem:  # sizes of maps, which no piece can know alone
        raise DatasetError(
            "the pieces of the recording do not fit together", where=str(folder), details=(str(problem),)
        ) from problem


def _play(
    executor: Executor,
    pieces: _Pieces,
    admission: Admission | None,
    watch: Watch | None,
    say: Callable[[str], None] | None,
) -> list[Outcome]:
    """The outcomes of all pieces, in order; those that were done before are read."""
    todo = [piece for piece in pieces.all if not piece.done]
    before = len(pieces.all) - len(todo)
    if before and say is not None:
        say(f"{before} of {len(pieces.all)} pieces were recorded before and are not played again")
    ticks = sum(piece.job.ticks * len(piece.job.seeds) for piece in pieces.all if piece.done)

    def told(headway: Headway) -> None:
        if watch is not None:
            watch(
                replace(
                    headway,
                    done=headway.done + ticks,
                    total=headway.total + ticks,
                    pieces=headway.pieces + before,
                    of=headway.of + before,
                )
            )

    told(Headway(0, sum(piece.job.ticks * len(piece.job.seeds) for piece in todo), 0, len(todo)))
    for piece in todo:  # one that was whole, but not yet noted, when the recording was stopped
        if piece.folder.exists():
            shutil.rmtree(piece.folder)
    for number, outcome in executor.as_done([piece.job for piece in todo], admission=admission, watch=told):
        todo[number].note(outcome)
    return [piece.outcome() for piece in pieces.all]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece: its dataset, and beside it what else came of it."""

    job: Job

    @property
    def folder(self) -> Path:
        assert self.job.keep.folder is not None
        return self.job.keep.folder

    @property
    def done(self) -> bool:
        return self._note.exists()

    @property
    def _note(self) -> Path:
        return self.folder.with_suffix(".json")

    @property
    def _figures(self) -> Path:
        return self.folder.with_suffix(".npz")

    def note(self, outcome: Outcome) -> None:
        """Keep the outcome; from now on the piece is done."""
        kpis = outcome.kpis
        arrays = {each.name: getattr(kpis, each.name) for each in fields(TownKpis)}
        plain = {name: arrays.pop(name) for name in list(arrays) if not isinstance(arrays[name], np.ndarray)}
        memory = io.BytesIO()
        np.savez(memory, players=outcome.players, **arrays)
        with held_back():
            write_bytes_atomic(self._figures, memory.getvalue())
            document = {
                "dataset": outcome.dataset_digest,
                "first_tick": outcome.first_tick,
                "ticks": outcome.ticks,
                "policy": outcome.provenance.to_json(),
                "kpis": plain,
            }
            write_bytes_atomic(self._note, json.dumps(document).encode())

    def outcome(self) -> Outcome:
        """What was noted. Raises DatasetError if it cannot be read, or the dataset is another one."""
        try:
            document = read_json(self._note, error=DatasetError)
            with open_regular(self._figures) as file, np.load(file, allow_pickle=False) as read:
                if sum(entry.file_size for entry in read.zip.infolist()) > _MOST_FIGURES:
                    raise ValueError("its figures are larger than any that are written")
                arrays = dict(read)
            plain = document["kpis"]
            for name in ("agent_names", "kind_names"):
                plain[name] = tuple(plain[name])
            _refuse_misfit(arrays, len(self.job.seeds), len(plain["agent_names"]))
            players = arrays.pop("players")
            found = Outcome(
                job=self.job,
                first_tick=int(document["first_tick"]),
                ticks=int(document["ticks"]),
                provenance=Provenance.from_json(document["policy"]),
                players=players,
                kpis=TownKpis(**plain, **arrays),
                dataset=self.folder,
                dataset_digest=str(document["dataset"]),
            )
        except (*_DAMAGED, EOFError, BadZipFile) as problem:
            raise DatasetError(
                "a piece of the recording cannot be read",
                where=str(self.folder),
                details=(str(problem), f"begin anew without {self.folder.parent}"),
            ) from problem
        if open_dataset(self.folder, verify=False).digest != found.dataset_digest:
            raise DatasetError("a piece of the recording is another one than was noted", where=str(self.folder))
        return found


def _refuse_misfit(arrays: Mapping[str, NDArray[Any]], worlds: int, agents: int) -> None:
    """Refuse figures that :meth:`_Piece.note` would not have written. Raises ValueError or KeyError."""
    wanted = {
        "players": ("i", (worlds, agents)),
        "days": ("f", (None, worlds, len(MEASURES))),
        "agent_sums": ("f", (worlds, agents, len(MEASURES))),
        "heat_map": ("u", (worlds, None, None)),
        "queue_lengths": ("u", (worlds, len(FACILITY_KINDS), QUEUE_BINS)),
    }
    if set(arrays) != set(wanted):
        raise ValueError(f"its figures are {', '.join(sorted(arrays))}")
    for name, (kind, shape) in wanted.items():
        found = arrays[name]
        fits = found.ndim == len(shape) and all(w in (None, n) for w, n in zip(shape, found.shape, strict=True))
        if found.dtype.kind != kind or not fits or not np.isfinite(found).all():
            raise ValueError(f"its figure {name} is {found.dtype} {list(found.shape)}, or holds no numbers")


class _Noted(BaseModel):
    """Which recording the pieces are of, and how many there are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    job: str
    keep: dict[str, Any]
    pieces: int = Field(ge=1, le=1 << 20)


class _Pieces:
    """All pieces of a recording, in a folder that one process holds."""

    def __init__(self, folder: Path, jobs: tuple[Job, ...], lock: HeldLock) -> None:
        self.folder = folder
        keeps = [replace(job.keep, folder=folder / f"{number:05d}") for number, job in enumerate(jobs)]
        self.all = [_Piece(replace(job, keep=keep)) for job, keep in zip(jobs, keeps, strict=True)]
        self._lock = lock

    @classmethod
    def open(cls, folder: Path, job: Job, workers: int, towns: int | None) -> _Pieces:
        """Those of this job: where some are done, cut as they were.

        Raises:
            DatasetError: they are of another job, somebody else is at them, or nothing can be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise DatasetError(f"cannot write here: {problem.strerror}", where=str(folder)) from problem
        lock = HeldLock(folder / "writer.lock", "this is being recorded", where=folder, error=DatasetError)
        try:
            noted = read_model(folder / _JOB, _Noted, error=DatasetError) if (folder / _JOB).exists() else None
            mine = {"job": job.digest, "keep": {**job.keep.to_json(), "folder": None}}
            if noted is None:
                jobs = pieces_of(job, workers=workers, towns=towns)
                write_bytes_atomic(folder / _JOB, json.dumps({**mine, "pieces": len(jobs)}).encode())
            elif {"job": noted.job, "keep": noted.keep} != mine:
                raise DatasetError(
                    "pieces of another recording of this name lie here",
                    where=str(folder),
                    details=("resume that one by its own command, or remove the folder",),
                )
            else:
                jobs = job.split(noted.pieces)
            return cls(folder, jobs, lock)
        except BaseException:
            lock.release()
            raise

    def release(self) -> None:
        """Let another process have them."""
        self._lock.release()

    def remove(self) -> None:
        """They are not needed any more."""
        shutil.rmtree(self.folder, ignore_errors=True)
