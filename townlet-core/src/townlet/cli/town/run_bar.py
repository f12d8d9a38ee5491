"""How far a run is: a bar where there is a terminal, now and then a line where there is none."""

from __future__ import annotations

import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from townlet.cli.output import console
from townlet.rollout import Step

__all__ = ["TicksBar"]

_BAR_EVERY, _LINE_EVERY = 0.1, 10.0


class TicksBar:
    """A watcher of the loop.

    Args:
        ticks: how many there will be.
        worlds: towns stepped together.
    """

    def __init__(self, ticks: int, worlds: int) -> None:
        self._ticks, self._worlds = ticks, worlds
        self._done = 0
        self._stack = ExitStack()
        self._bar: Bar | None = None
        self._task = TaskID(0)
        self._started = self._next = 0.0

    def __enter__(self) -> Self:
        if console().is_terminal:
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.completed:>7,}/{task.total:,} ticks  {task.fields[speed]:>8,.0f} ticks/s"),
                TimeRemainingColumn(),
                console=console(),
                transient=True,
                auto_refresh=False,
            )
            self._stack.enter_context(self._bar)
            self._task = self._bar.add_task("running", total=self._ticks, speed=0.0)
        self._started = time.perf_counter()
        self._next = self._started + (_BAR_EVERY if self._bar else _LINE_EVERY)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def advance(self, step: Step) -> None:
        """Count a tick; show it if it is time to."""
        del step
        self._done += 1
        now = time.perf_counter()
        if now < self._next:
            return
        speed = self._done * self._worlds / (now - self._started)
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done, speed=speed, refresh=True)
            self._next = now + _BAR_EVERY
        else:
            console().print(f"{self._done:,}/{self._ticks:,} ticks, {speed:,.0f} ticks/s")
            self._next = now + _LINE_EVERY
