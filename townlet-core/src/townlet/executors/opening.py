"""From a section ``execution`` to an executor."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from townlet.config.execution import ExecutionConfig
from townlet.errors import ExecutorError
from townlet.executors.crew import Crew
from townlet.executors.elsewhere import OnWorkers
from townlet.executors.foreman import Foreman
from townlet.executors.here import InProcess
from townlet.executors.protocol import Executor
from townlet.suggestions import nearest

__all__ = ["EXECUTORS", "open_executor", "refuse_unknown_executor"]

EXECUTORS = ("local", "ray")
"""The names of executors."""


def refuse_unknown_executor(name: str) -> None:
    """Raise ExecutorError for a name that no executor has, with the nearest."""
    if name not in EXECUTORS:
        near = nearest(name, EXECUTORS)
        hint = (f"did you mean {near!r}?",) if near else ()
        raise ExecutorError(
            f"there is no executor {name!r}",
            where="execution.executor",
            details=(*hint, f"executors: {', '.join(EXECUTORS)}"),
        )


def open_executor(
    execution: ExecutionConfig | None = None, *, threads: int = 1, say: Callable[[str], None] = warnings.warn
) -> Executor:
    """The executor that a config describes; a context, which ends what it started.

    Args:
        execution: which one; without, this process alone.
        threads: that step the towns of a job; with Ray, also the CPUs that a worker takes.
        say: is told what a person should know, such as a worker that was lost.

    Raises:
        ExecutorError: for another name, or if the cluster cannot be used.
    """
    wanted = ExecutionConfig() if execution is None else execution
    refuse_unknown_executor(wanted.executor)
    crew: Crew
    if wanted.executor == "ray":
        from townlet.executors.clusters import RayCrew

        crew = ray = RayCrew(address=wanted.address, workers=wanted.workers, cpus=threads)
        workers = ray.workers
    elif wanted.address is not None:
        raise ExecutorError(
            "only the executor 'ray' has an address",
            where="execution.address",
            details=("say  --executor ray  as well",),
        )
    elif (wanted.workers or 1) == 1:
        return InProcess(threads=threads)
    else:
        from townlet.executors.processes import ProcessCrew

        crew, workers = ProcessCrew(), wanted.workers or 1
    foreman = Foreman(crew, workers, mismatch=wanted.mismatch, start_seconds=wanted.start_seconds, say=say)
    return OnWorkers(crew, foreman, threads=threads, noted=wanted.mismatch == "warn")
