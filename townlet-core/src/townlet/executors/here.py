"""``local`` without workers: everything happens in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

from townlet.executors.protocol import Headway, Resident, Stages, Watch
from townlet.play import Admission, Job, Outcome, Stage, Troupe, perform
from townlet.play.stage import town_spec
from townlet.rollout import Step, Watcher
from townlet.storage import canonical_digest

__all__ = ["InProcess"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class InProcess:
    """Plays one job after the other, here.

    Args:
        threads: that step the towns of a job.
    """

    workers = 1

    def __init__(self, *, threads: int = 1) -> None:
        self.threads = threads

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def map(
        self, jobs: Sequence[Job], *, admission: Admission | None = None, watch: Watch | None = None
    ) -> Iterator[Outcome]:
        """The outcomes, in the order of the jobs. Jobs one after the other with the same minds share them."""
        door = replace(admission or Admission(), on_missing="error")
        total = sum(job.ticks * len(job.seeds) for job in jobs)
        done, minds, named = 0, None, ""
        try:
            for number, job in enumerate(jobs):
                name = canonical_digest([job.config.model_dump(mode="json"), job.cast.to_json()])
                if minds is None or name != named:
                    if minds is not None:
                        minds.close()
                    spec, seed, town = town_spec(job.config), job.config.seed, job.config.town
                    minds, named = Troupe.open(job.cast, spec, admission=door, seed=seed, town=town), name
                watchers = [] if watch is None else [_telling(watch, job, done, total, number, len(jobs))]
                with Stage(job, troupe=minds, threads=self.threads) as stage:
                    outcome = perform(stage, watchers=watchers)
                if outcome.failure is not None:
                    raise outcome.failure
                if outcome.interrupted:
                    raise KeyboardInterrupt
                done += job.ticks * len(job.seeds)
                yield outcome
        finally:
            if minds is not None:
                minds.close()

    def as_done(
        self, jobs: Sequence[Job], *, admission: Admission | None = None, watch: Watch | None = None
    ) -> Iterator[tuple[int, Outcome]]:
        """As :meth:`map`, numbered."""
        return enumerate(self.map(jobs, admission=admission, watch=watch))

    def apply(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """The function of each item."""
        return map(function, items)

    def stages(self, make: Callable[[Any], Resident], specs: Sequence[Any]) -> Stages:
        """Residents in this process."""
        return _Here([make(spec) for spec in specs])

    def close(self) -> None:
        """Nothing is held."""


class _Here:
    def __init__(self, residents: Sequence[Resident]) -> None:
        self._residents = residents

    def step(self, common: Any, own: Sequence[Any]) -> list[Any]:
        return [resident.step(common, mine) for resident, mine in zip(self._residents, own, strict=True)]

    def states(self) -> list[Mapping[str, bytes]]:
        return [resident.state() for resident in self._residents]

    def restore(self, states: Sequence[Mapping[str, bytes]]) -> None:
        for resident, state in zip(self._residents, states, strict=True):
            resident.restore(state)

    def close(self) -> None:
        for resident in self._residents:
            resident.close()


def _telling(watch: Watch, job: Job, before: int, total: int, number: int, of: int) -> Watcher:
    """Tells four times a day of the town, and at the end."""
    every, towns = max(job.config.town.time.day_ticks // 4, 1), len(job.seeds)
    ticks = 0

    def told(step: Step) -> None:
        nonlocal ticks
        del step
        ticks += 1
        if ticks % every == 0 or ticks == job.ticks:
            watch(Headway(before + ticks * towns, total, number + (ticks == job.ticks), of))

    return told
