"""Jobs on workers, whatever crew they are of."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from townlet.data import open_dataset
from townlet.errors import DatasetError, ExecutorError
from townlet.executors.crew import Crew, Hand
from townlet.executors.facts import backends_of
from townlet.executors.files import write_folder
from townlet.executors.foreman import Call, Foreman
from townlet.executors.here import InProcess
from townlet.executors.protocol import Resident, Stages, Watch
from townlet.executors.worker import Piece, Played, end_residents, play_piece, step_resident
from townlet.play import Admission, Job, Outcome
from townlet.storage import PartialFolder

__all__ = ["OnWorkers"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_NOTE = "played by workers that were let to differ from the process that asked (execution.mismatch: warn)"


class OnWorkers:
    """An executor over a crew.

    Args:
        crew: who works; ended with the executor.
        foreman: who gives them work.
        threads: that step the towns of a job.
        noted: whether workers may differ, which the provenance of all that is made then says.
    """

    def __init__(self, crew: Crew, foreman: Foreman, *, threads: int = 1, noted: bool = False) -> None:
        self._crew = crew
        self._foreman = foreman
        self._threads = threads
        self._notes = (_NOTE,) if noted else ()

    @property
    def workers(self) -> int:
        """How many there are to be."""
        return self._foreman.size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def map(
        self, jobs: Sequence[Job], *, admission: Admission | None = None, watch: Watch | None = None
    ) -> Iterator[Outcome]:
        """The outcomes, in the order of the jobs."""
        return _in_order(self.as_done(jobs, admission=admission, watch=watch))

    def as_done(
        self, jobs: Sequence[Job], *, admission: Admission | None = None, watch: Watch | None = None
    ) -> Iterator[tuple[int, Outcome]]:
        """The outcomes as they come, numbered. Slow minds are asked by this process alone, so their towns live here."""
        slow = [number for number, job in enumerate(jobs) if job.cast.slow]
        away = [number for number, job in enumerate(jobs) if not job.cast.slow]
        total = sum(job.ticks * len(job.seeds) for job in jobs)
        done = sum(jobs[number].ticks * len(jobs[number].seeds) for number in away)
        chosen = [jobs[number] for number in away]
        if chosen:
            share = watch if watch is None or not slow else _part_of(watch, 0, 0, total, len(jobs))
            for number, outcome in self._away(chosen, admission, share):
                yield away[number], outcome
        if slow:
            share = None if watch is None else _part_of(watch, done, len(away), total, len(jobs))
            here = InProcess(threads=self._threads).map(
                [jobs[number] for number in slow], admission=admission, watch=share
            )
            yield from zip(slow, here, strict=True)

    def _away(
        self, jobs: Sequence[Job], admission: Admission | None, watch: Watch | None
    ) -> Iterator[tuple[int, Outcome]]:
        door = admission or Admission()
        wanted = {stored.digest: stored for job in jobs for stored in job.stored}
        shared = {
            digest: self._crew.share(replace(stored, path=door.stored.get(digest, stored.path)).read())
            for digest, stored in wanted.items()
        }
        calls = [self._call(number, job, door, shared) for number, job in enumerate(jobs)]
        backends = backends_of(job.cast for job in jobs)
        for number, played, _ in self._foreman.run(calls, backends=backends, watch=watch):
            outcome = _brought_home(played, jobs[number])
            del played  # else it would lie in memory beside the next one
            yield number, outcome

    def apply(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """The function of each item, in their order."""
        calls = [Call(function, _given(item), f"item {number}") for number, item in enumerate(items)]
        return _in_order((number, value) for number, value, _ in self._foreman.run(calls))

    def stages(self, make: Callable[[Any], Resident], specs: Sequence[Any]) -> Stages:
        """Residents on the workers."""
        return _Residing(self._crew, self._foreman, make, specs)

    def close(self) -> None:
        """End the workers."""
        self._foreman.close()

    def _call(self, number: int, job: Job, door: Admission, shared: Mapping[str, Any]) -> Call:
        if job.keep.what == "dataset" and job.keep.folder is not None and job.keep.folder.exists():
            _refuse_existing(job.keep.folder)
        piece = Piece(
            job=job.to_json(),
            threads=self._threads,
            selection=door.selection,
            untrained=door.untrained,
            notes=self._notes,
        )
        arguments = (piece, *(shared[stored.digest] for stored in job.stored))
        return Call(play_piece, lambda _: arguments, f"piece {number}", job.ticks * len(job.seeds))


class _Residing:
    """Residents, each at home on the worker of its number and known by its state after its last step."""

    def __init__(self, crew: Crew, foreman: Foreman, make: Callable[[Any], Resident], specs: Sequence[Any]) -> None:
        self._crew, self._foreman, self._make = crew, foreman, make
        self._specs = list(specs)
        self._keys = [uuid.uuid4().hex for _ in specs]
        self._states: list[Mapping[str, bytes] | None] = [None] * len(specs)
        self._old: list[str] = []
        self._steps = 0
        self._homes: list[Hand | None] = [None] * len(specs)

    def step(self, common: Any, own: Sequence[Any]) -> list[Any]:
        shared = self._crew.share(common)
        at = tuple(self._homes)
        calls = [
            Call(
                step_resident,
                self._arguments(number, at[number], shared, mine),
                f"group {number}",
                place=number % self._foreman.size,
            )
            for number, mine in enumerate(own)
        ]
        found: list[Any] = [None] * len(calls)
        after = list(self._states)
        homes = list(self._homes)
        self._homes = [None] * len(self._specs)  # whoever was interrupted in the middle begins again from the states
        for number, (result, state), hand in self._foreman.run(calls):
            found[number], after[number], homes[number] = result, state, hand
        self._states, self._homes, self._steps = after, homes, self._steps + 1
        return found

    def states(self) -> list[Mapping[str, bytes]]:
        if any(state is None for state in self._states):
            raise ExecutorError("residents have no state before their first step")
        return [state for state in self._states if state is not None]

    def restore(self, states: Sequence[Mapping[str, bytes]]) -> None:
        self._states = list(states)
        self._homes = [None] * len(self._specs)
        self._old += self._keys
        self._keys = [uuid.uuid4().hex for _ in self._specs]  # whoever lives there under the old name is another

    def close(self) -> None:
        """Those that are still somewhere end."""
        places = self._foreman.staffed()
        keys = tuple(self._old + self._keys)
        calls = [Call(end_residents, lambda _: (keys,), "closing", place=place) for place in places]
        if places == tuple(range(len(places))):
            for _ in self._foreman.run(calls):
                pass

    def _arguments(self, number: int, home: Hand | None, common: Any, own: Any) -> Callable[[Hand], Sequence[Any]]:
        def given(hand: Hand) -> Sequence[Any]:
            state = None if home is hand else self._states[number]
            return (self._keys[number], self._steps, self._make, self._specs[number], state, common, own)

        return given


def _part_of(watch: Watch, done: int, pieces: int, total: int, of: int) -> Watch:
    """Tells of a part of the work as of the whole, of which so much was done before."""
    return lambda told: watch(replace(told, done=done + told.done, total=total, pieces=pieces + told.pieces, of=of))


def _given(item: Any) -> Callable[[Hand], Sequence[Any]]:
    return lambda _: (item,)


def _in_order(numbered: Iterator[tuple[int, Result]]) -> Iterator[Result]:
    early: dict[int, Result] = {}
    due = 0
    for number, value in numbered:
        early[number] = value
        while due in early:
            yield early.pop(due)
            due += 1


def _brought_home(played: Played, job: Job) -> Outcome:
    """The outcome as if it had been played here: its dataset lies where the job says."""
    outcome = replace(played.outcome, job=job)
    folder = job.keep.folder
    if played.files is None or folder is None:
        return outcome
    partial = PartialFolder(folder, error=DatasetError)
    try:
        write_folder(partial.path, played.files)
    except OSError as problem:
        partial.abandon()
        raise DatasetError(f"cannot write here: {problem.strerror}", where=str(folder)) from problem
    except BaseException:
        partial.abandon()
        raise
    partial.commit()
    return replace(outcome, dataset=folder, dataset_digest=open_dataset(folder, verify=False).digest)


def _refuse_existing(folder: Path) -> None:
    if not folder.is_dir() or any(folder.iterdir()):
        raise DatasetError("there is something of this name already; nothing is overwritten", where=str(folder))
