"""Executors as the command line asks for them, and what their workers are doing, on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from townlet.cli.output import counted
from townlet.cli.progress import Bar, paints
from townlet.config.execution import ExecutionConfig
from townlet.executors import Executor, Headway, Watch, open_executor

__all__ = ["asked_execution", "asked_executor", "workers_watched"]

_SHOWN = 16


def asked_execution(execution: ExecutionConfig, executor: str | None, workers: int | None) -> ExecutionConfig:
    """The config's section, with ``--executor`` and ``--workers`` laid over it."""
    changes = {"executor": executor, "workers": workers}
    return execution.model_copy(update={name: value for name, value in changes.items() if value is not None})


@contextmanager
def asked_executor(
    execution: ExecutionConfig, *, threads: int = 1, say: Callable[[str], None]
) -> Iterator[Executor | None]:
    """The executor, ended at the end; None where everything happens in this process anyway."""
    if execution.executor == "local" and (execution.workers or 1) == 1 and execution.address is None:
        yield None
        return
    with open_executor(execution, threads=threads, say=say) as opened:
        yield opened


@contextmanager
def workers_watched(title: str, *, quiet: bool) -> Iterator[Watch | None]:
    """A bar for the whole and one for each worker where there is a terminal; else a line now and then."""
    if quiet:
        yield None
        return
    with Bar(title, unit="town-ticks") as bar:
        yield _Watched(bar)


class _Watched:
    """A bar for the whole and one for each worker; without a terminal, a line that names them."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._began = False

    def __call__(self, headway: Headway) -> None:
        if not self._began and headway.pieces:  # they were recorded in an earlier sitting
            self._bar.begin_at(headway.done)
        self._began = True
        workers = headway.workers[:_SHOWN]
        told = [f"{headway.pieces}/{headway.of} pieces"]
        if headway.lost:
            told.append(f"{counted(headway.lost, 'worker')} lost")
        if not paints():
            told += [f"{worker.name}: {worker.doing}" for worker in workers]
        self._bar.update(headway.done, headway.total, told)
        self._bar.keep_parts(worker.name for worker in workers)
        share = headway.total / max(headway.of, 1)
        for worker in workers:
            self._bar.part(worker.name, worker.done, share, f"{worker.doing}, {counted(worker.finished, 'piece')} done")
