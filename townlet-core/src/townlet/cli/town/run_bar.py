"""How far a run is."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from townlet.cli.progress import Bar
from townlet.rollout import Step

__all__ = ["TicksBar"]


class TicksBar:
    """A watcher of the loop.

    Args:
        what: is being done.
        ticks: how many there will be.
        worlds: towns stepped together.
        quiet: show nothing.
    """

    def __init__(self, what: str, ticks: int, worlds: int, *, quiet: bool = False) -> None:
        self._worlds = worlds
        self._done = 0
        self._bar = Bar(what, ticks, unit="ticks", quiet=quiet)
        self._started = 0.0

    def __enter__(self) -> Self:
        self._bar.__enter__()
        self._started = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.__exit__(kind, error, trace)

    def advance(self, step: Step) -> None:
        """Count a tick; show it if it is time to."""
        del step
        self._done += 1
        if self._bar.due:
            speed = self._done * self._worlds / (time.perf_counter() - self._started)
            self._bar.update(self._done, told=(f"{speed:,.0f} town-ticks/s",))
