"""The one progress bar: what is being done, how far it is and how long it will take, on stderr, over rich.

On a terminal it is a bar with the newest numbers beneath; elsewhere, and on a dumb terminal, a line now and then.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from townlet.cli.output import console
from townlet.visible import visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress, Task, TaskID

__all__ = ["Bar", "paints", "wrapped"]

_BAR_EVERY, _LINE_EVERY = 0.1, 10.0
_FIRST = 0.01  # of all ticks: so few at first may have waited for a compiler


def paints() -> bool:
    """Whether stderr is a terminal on which something can be painted over."""
    return console().is_terminal and not console().is_dumb_terminal


class Bar:
    """How far some work is. A context; what is told before or after it is not shown.

    Args:
        what: is being done, such as ``cloning``.
        total: how much there is to do; 0 where that is not known yet.
        unit: what is counted, such as ``ticks``; empty to show a share instead of a count.
        quiet: show nothing.
        keep: leave the bar on the screen at the end.
    """

    def __init__(self, what: str, total: float = 0, *, unit: str = "", quiet: bool = False, keep: bool = False) -> None:
        self._what, self._total, self._unit = visible(what), total, unit
        self._quiet, self._keep = quiet, keep
        self._done = self._before = 0.0
        self._told: tuple[str, ...] = ()
        self._stack = ExitStack()
        self._bar: Progress | None = None
        self._parts: dict[str, TaskID] = {}
        self._started = self._paced = time.monotonic()
        self._next = self._started + _LINE_EVERY

    def __enter__(self) -> Self:
        if not self._quiet and paints():
            self._bar = self._stack.enter_context(_painted(self, transient=not self._keep))
            self._parts[""] = self._bar.add_task(self._what, total=self._total or None, left="", count="")
            self._next = 0.0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._paint()
        self._stack.close()
        self._bar = None

    def begin(self, what: str, total: float = 0, *, unit: str = "", done: float = 0) -> None:
        """Another piece of work begins; its time is counted from now. Told in a line of its own without a terminal.

        Args:
            what: is being done.
            total: how much there is to do; 0 where that is not known yet.
            unit: what is counted.
            done: how much of it was done before, in another sitting; the time left is reckoned without it.
        """
        self._what, self._total, self._unit, self._told = visible(what), total, unit, ()
        self.begin_at(done)
        if self._bar is not None:
            self._bar.reset(self._parts[""], description=self._what, total=total or None)
            self._paint()
        elif not self._quiet:
            self._say(self._what)

    def begin_at(self, done: float) -> None:
        """So much was done before this moment, from which time is counted."""
        self._done = self._before = done
        self._started = self._paced = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to show something, so that it is worth to put it in words."""
        return time.monotonic() >= self._next

    def update(self, done: float, total: float | None = None, told: Sequence[str] = (), *, now: bool = False) -> None:
        """So much is done; cheap enough to be called for each tick.

        Args:
            done: of the total.
            total: where it is known by now.
            told: numbers that a person follows, each of which stays on one line.
            now: show it at once.
        """
        if total is not None:
            self._total = total
        first = self._done == self._before and self._paced == self._started
        if first and self._unit.endswith("ticks") and 0 < done - self._before <= _FIRST * self._total:
            self._before, self._paced = done, time.monotonic()  # what is compiled and loaded for it tells no pace
        self._done = done
        if not (now or self.due) or self._quiet:
            return
        clock = time.monotonic()
        self._told = tuple(map(visible, told))
        if self._bar is not None:
            self._next = clock + _BAR_EVERY
            self._paint()
        else:
            self._say("  ".join(filter(None, (f"{self._what} {self.count()}".strip(), self.left(), *self._told))))

    def part(self, name: str, done: float, total: float, told: str) -> None:
        """How far one of those is who share the work; shown on a terminal only."""
        if self._bar is None:
            return
        if name not in self._parts:
            self._parts[name] = self._bar.add_task(f"  {visible(name)}", total=total, left="", count="")
        self._bar.update(self._parts[name], completed=done, total=total, count=visible(told))

    def keep_parts(self, names: Iterable[str]) -> None:
        """Forget the parts of all others."""
        for name in set(self._parts) - {"", *names}:
            if self._bar is not None:
                self._bar.remove_task(self._parts.pop(name))

    def count(self) -> str:
        """How much is done, in words; empty where nothing is known."""
        if not self._total:
            return f"{self._done:,.0f} {self._unit}".strip() if self._done else ""
        if not self._unit:
            return f"{min(self._done / self._total, 1.0):.0%}"
        return f"{self._done:,.0f}/{self._total:,.0f} {self._unit}"

    def left(self) -> str:
        """How long the rest will take; how long it has taken by now where that cannot be known."""
        clock = time.monotonic()
        made = self._done - self._before
        if not self._total or made <= 0:
            return _clock(clock - self._started)
        return f"{_clock((clock - self._paced) / made * max(self._total - self._done, 0))} left"

    def beneath(self) -> tuple[str, ...]:
        """What is told beneath the bar."""
        return self._told

    def _say(self, line: str) -> None:
        self._next = time.monotonic() + _LINE_EVERY
        console().print(line, markup=False, soft_wrap=True)

    def _paint(self) -> None:
        if self._bar is not None:
            self._bar.update(self._parts[""], completed=self._done, total=self._total or None)
            self._bar.refresh()


def wrapped(items: Sequence[str], width: int, *, gap: str = "  ", indent: str = "  ") -> list[str]:
    """Lines of at most ``width`` characters with the items in order, none of which is broken."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(gap) + len(item) <= width:
            lines[-1] += gap + item
        else:
            lines.append(indent + item)
    return lines


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _painted(bar: Bar, *, transient: bool) -> Progress:
    """Rich's, with the count and the time that ``bar`` tells, which hold for slow steps, too."""
    from rich.progress import BarColumn, Progress, ProgressColumn
    from rich.table import Column
    from rich.text import Text

    class Told(ProgressColumn):
        def render(self, task: Task) -> Text:
            if task.id:
                return Text(str(task.fields["count"]), overflow="ellipsis", no_wrap=True)
            return Text("  ".join(filter(None, (bar.count(), bar.left()))), no_wrap=True)

    class Named(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(task.description, overflow="ellipsis", no_wrap=True)

    class Painted(Progress):
        def get_renderables(self) -> Iterable[RenderableType]:
            yield self.make_tasks_table(self.tasks)
            lines = wrapped(bar.beneath(), console().width)
            if lines:
                yield Text("\n".join(lines), style="dim")

    return Painted(
        Named(Column(no_wrap=True, overflow="ellipsis")),
        BarColumn(bar_width=None),
        Told(Column(no_wrap=True, overflow="ellipsis")),
        console=console(),
        transient=transient,
        refresh_per_second=4,
        expand=True,
    )
