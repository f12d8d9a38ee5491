"""What an executor is: somewhere that jobs can be played, with the same bytes as here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from townlet.play import Admission, Job, Outcome

__all__ = ["Executor", "Headway", "Resident", "Stages", "Watch", "WorkerHeadway"]

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class WorkerHeadway:
    """What one worker is doing.

    Attributes:
        name: what it is called: its number, and its node where there are several.
        doing: ``starting``, ``compiling``, ``waiting``, or what it works at, such as ``piece 3``.
        done: town-ticks of the piece under way.
        finished: pieces that it has finished.
    """

    name: str
    doing: str
    done: int
    finished: int


@dataclass(frozen=True, slots=True)
class Headway:
    """How far some work is.

    Attributes:
        done: town-ticks, those of pieces under way included where workers tell them.
        total: town-ticks of all of it.
        pieces: pieces that are done; of ``of`` pieces.
        of: number of pieces.
        workers: what each worker is doing.
        lost: workers that were lost so far; what they were at was done again.
    """

    done: int
    total: int
    pieces: int
    of: int
    workers: tuple[WorkerHeadway, ...] = ()
    lost: int = 0


Watch = Callable[[Headway], None]
"""Told how far work is, now and then."""


class Resident(Protocol):
    """Something that lives on a worker from call to call, such as a group of towns in training."""

    def step(self, common: Any, own: Any) -> Any:
        """Do the next piece of work.

        Args:
            common: what every resident is told, such as the weights; it is sent once a worker.
            own: what only this one is told.
        """
        ...

    def state(self) -> Mapping[str, bytes]:
        """All that the next steps depend on, as named byte strings."""
        ...

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Go on from what :meth:`state` gave, of this or of another one made alike."""
        ...

    def close(self) -> None:
        """Give up what is held."""
        ...


class Stages(Protocol):
    """Residents on the workers of an executor. A lost worker's are made again, where they stood, on another one."""

    def step(self, common: Any, own: Sequence[Any]) -> list[Any]:
        """One step of each resident, side by side; results in their order.

        Raises:
            ExecutorError: if a resident was lost too often.
        """
        ...

    def states(self) -> list[Mapping[str, bytes]]:
        """The state of each, after its last step."""
        ...

    def restore(self, states: Sequence[Mapping[str, bytes]]) -> None:
        """Put each where a state says."""
        ...

    def close(self) -> None:
        """End them."""
        ...


class Executor(Protocol):
    """Plays jobs, here or elsewhere. A context: what it started ends with it.

    Randomness belongs to the seeds of a job, never to a worker: an outcome is the same bytes wherever it was played, on
    however many workers, and whether or not some of them were lost meanwhile.
    """

    @property
    def workers(self) -> int:
        """How many jobs are played at once."""
        ...

    def map(
        self, jobs: Sequence[Job], *, admission: Admission | None = None, watch: Watch | None = None
    ) -> Iterator[Outcome]:
        """The outcomes of jobs, in their order, each as soon as it and those before it are there.

        A dataset that a job keeps lies where the job says, in a folder of this machine, when its outcome is given. A
        mind that fails half-way is raised. A backend that is missing is an error: no stub stands in.

        Args:
            jobs: what is played; a job that goes on from a snapshot takes it along.
            admission: which minds may act; its ``on_missing`` is not asked.
            watch: told how far it is.

        Raises:
            ExecutorError: if workers cannot be had, differ from this process, or were lost too often.
            TownletError: as :func:`townlet.play.play`.
            KeyboardInterrupt: if a person stopped it; the work under way is given up.
        """
        ...

    def as_done(
        self, jobs: Sequence[Job], *, admission: Admission | None = None, watch: Watch | None = None
    ) -> Iterator[tuple[int, Outcome]]:
        """As :meth:`map`, each as soon as it is there, with the number of its job."""
        ...

    def apply(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """``function`` of each item, in their order.

        Args:
            function: of a module that workers have, too; its result depends on the item alone.
            items: values that can be pickled.

        Raises:
            ExecutorError: as :meth:`map`; and whatever the function raises.
        """
        ...

    def stages(self, make: Callable[[Any], Resident], specs: Sequence[Any]) -> Stages:
        """Residents that live from step to step, one for each spec.

        Args:
            make: of a module that workers have, too.
            specs: values that can be pickled.
        """
        ...

    def close(self) -> None:
        """End what was started. May be called twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
