"""What jobs take before they are played: agent-steps, time and the memory of their results."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from townlet.errors import UsageError
from townlet.observations import build_spec
from townlet.play.job import Job
from townlet.rollout.memory import rollout_bytes
from townlet.storage import machine_bytes
from townlet.world.compile_town import read_map
from townlet.world.names import FACILITY_KINDS

__all__ = ["Effort", "LongWorkWarning", "note_long_work", "refuse_endless", "refuse_endless_recording"]

STEPS_A_SECOND = 1e6
"""Agent-steps of a core in a second with rules for minds, which no mind exceeds by much; networks take longer."""

LONGEST_SECONDS = 365.25 * 86_400
"""What nobody waits for."""

NOTED_SECONDS = 3_600.0
"""From how long on it is told before the first town."""

_MEASURES_BYTES = 1 << 9
"""Of an agent: the sums of what is measured."""

_UNITS = ((365.25 * 86_400, "years"), (86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"))


_FEWER = "ask for fewer towns or days:  --seeds 32 --days 5  is what most comparisons need"
_SHORTER = ("record fewer towns or days, such as  --worlds 16 --days 5", "or write to another disk:  --out DIR")


class LongWorkWarning(UserWarning):
    """What long work takes, said before it."""


@dataclass(frozen=True, slots=True)
class Effort:
    """An estimate.

    Attributes:
        towns: of all jobs together.
        days: of a town's life; the longest of all.
        steps: agent-steps.
        seconds: at the least, on so many cores as were given.
        memory: bytes of the results, which are held until the last town is done.
    """

    towns: int
    days: float
    steps: float
    seconds: float
    memory: int

    @classmethod
    def of(cls, jobs: Sequence[Job], *, workers: int = 1) -> Self:
        """The estimate of some jobs. Raises MapError for a map that cannot be read."""
        towns, days, steps, memory = 0, 0.0, 0.0, 0
        sizes: dict[str, tuple[int, int]] = {}
        for job in jobs:
            town = job.config.town
            key = job.config.config_id
            if key not in sizes:
                source = read_map(town)
                sizes[key] = source.agents, source.height * source.width
            agents, tiles = sizes[key]
            count = len(job.seeds)
            towns += count
            days = max(days, job.ticks / town.time.day_ticks)
            steps += float(count) * job.ticks * agents
            memory += count * (4 * tiles + 32 * len(FACILITY_KINDS) + _MEASURES_BYTES * agents)
        return cls(towns, days, steps, steps / (STEPS_A_SECOND * max(workers, 1)), memory)

    def words(self) -> str:
        """Such as ``100,000 towns of 1e+06 days are 8e+14 agent-steps, which take 25 years or more``."""
        towns = "1 town" if self.towns == 1 else f"{self.towns:,} towns"
        return (
            f"{towns} of {self.days:,g} days are {self.steps:.1e} agent-steps, which take {_time(self.seconds)} or more"
        )


def _bytes(size: int) -> str:
    return f"{size / 2**30:,.1f} GiB" if size >= 1 << 30 else f"{size / 2**20:,.1f} MiB"


def _time(seconds: float) -> str:
    for unit, name in _UNITS:
        if seconds >= unit:
            count = f"{seconds / unit:,.0f}"
            return f"{count} {name.removesuffix('s') if count == '1' else name}"
    return f"{seconds:,.0f} seconds"


def refuse_endless(jobs: Sequence[Job], *, workers: int = 1) -> None:
    """Refuse jobs that take more than a year, or results that take more memory than there is.

    What takes more than an hour is told before the first town, with a :class:`LongWorkWarning`.

    Args:
        jobs: all that are to be played.
        workers: how many play at once.

    Raises:
        UsageError: with what they take, and what to lower.
    """
    effort, there = Effort.of(jobs, workers=workers), machine_bytes()
    _refuse_years(effort, _FEWER)
    if there is not None and effort.memory > there:
        raise UsageError(
            f"the results of {effort.towns:,} towns take {effort.memory / 2**30:,.1f} GiB of memory; "
            f"this machine has {there / 2**30:,.1f} GiB",
            details=("ask for fewer towns, or split them with  --set evaluation.first_seed=N",),
        )
    _note_hours(effort)


def note_long_work(job: Job) -> None:
    """Tell what a job takes that takes more than an hour, before its first tick, with a :class:`LongWorkWarning`."""
    _note_hours(Effort.of([job]))


def refuse_endless_recording(job: Job, folder: Path, *, workers: int = 1, instead: Sequence[str] = _SHORTER) -> None:
    """Refuse a recording that takes more than a year, or more room than its disk has.

    What takes more than an hour is told before the first tick, with a :class:`LongWorkWarning`.

    Args:
        job: what is to be recorded.
        folder: where it goes; it need not be there.
        workers: how many record at once.
        instead: what to do about it: to record less, and to write elsewhere.

    Raises:
        UsageError: with what it takes, and what to lower.
    """
    effort = Effort.of([job], workers=workers)
    _refuse_years(effort, instead[0])
    place = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    spec, free = build_spec(job.config), shutil.disk_usage(place).free
    size = rollout_bytes(spec, job.ticks, round(effort.steps / job.ticks))
    if size > free:
        raise UsageError(
            f"this recording takes {_bytes(size)}; {_bytes(free)} are free on its disk",
            where=str(folder),
            details=instead,
        )
    _note_hours(effort)


def _refuse_years(effort: Effort, instead: str) -> None:
    if effort.seconds > LONGEST_SECONDS:
        raise UsageError(effort.words(), details=(instead,))


def _note_hours(effort: Effort) -> None:
    if effort.seconds > NOTED_SECONDS:
        warnings.warn(effort.words(), LongWorkWarning, stacklevel=3)
