"""Executors as the command line asks for them, and what their workers are doing, on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from townlet.cli.output import console, counted
from townlet.config.execution import ExecutionConfig
from townlet.executors import Executor, Headway, Watch, open_executor

__all__ = ["asked_execution", "asked_executor", "workers_watched"]

_SHOWN = 16
_LINE_EVERY = 10.0


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
    if not console().is_terminal:
        yield _Lines(title)
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
        console=console(),
        transient=True,
    )
    with bar:
        yield _Bars(bar, title)


class _Bars:
    def __init__(self, bar: Progress, title: str) -> None:
        self._bar = bar
        self._whole = bar.add_task(title, total=None, told="starting workers")
        self._workers: dict[str, TaskID] = {}

    def __call__(self, headway: Headway) -> None:
        told = f"{headway.pieces}/{headway.of} pieces"
        if headway.lost:
            told += f", {counted(headway.lost, 'worker')} lost"
        self._bar.update(self._whole, completed=headway.done, total=headway.total, told=told)
        there = {worker.name: worker for worker in headway.workers[:_SHOWN]}
        for name in set(self._workers) - set(there):
            self._bar.remove_task(self._workers.pop(name))
        for name, worker in there.items():
            if name not in self._workers:
                self._workers[name] = self._bar.add_task(f"  {name}", total=headway.total, told="")
            told = f"{worker.doing}, {counted(worker.finished, 'piece')} done"
            share = headway.total / max(headway.of, 1)
            self._bar.update(self._workers[name], completed=worker.done, total=share, told=told)


class _Lines:
    def __init__(self, title: str) -> None:
        self._title = title
        self._next = time.monotonic() + _LINE_EVERY

    def __call__(self, headway: Headway) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LINE_EVERY
        share = headway.done / max(headway.total, 1)
        workers = "; ".join(f"{worker.name}: {worker.doing}" for worker in headway.workers[:_SHOWN])
        console().print(
            f"{self._title}: {share:.0%}, {headway.pieces}/{headway.of} pieces  ({workers})",
            markup=False,
            soft_wrap=True,
        )
