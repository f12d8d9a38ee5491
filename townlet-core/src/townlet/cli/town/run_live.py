"""The town drawn in the terminal while it runs; where there is no terminal, once at the end."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Group
from rich.live import Live
from rich.text import Text

from townlet.cli.output import console
from townlet.envs import Engine, TownEngine
from townlet.envs.render import render_ansi
from townlet.errors import ContractError
from townlet.rollout import Step

__all__ = ["LiveView"]

_FRAMES = 20.0
"""Pictures a second at most."""


class LiveView:
    """Draws the first town of an engine; a watcher of the loop.

    Args:
        engine: of towns.
        title: what stands over the picture.
        speed: ticks a second; 0: as fast as they come.
    """

    def __init__(self, engine: Engine, title: str, *, speed: float) -> None:
        if not isinstance(engine, TownEngine):
            raise ContractError(f"only towns can be drawn, found a {type(engine).__name__}")
        self._engine, self._title = engine, title
        self._pause = 1.0 / speed if speed > 0 else 0.0
        self._live: Live | None = None
        self._next_frame = self._next_tick = 0.0
        self._note = ""

    @property
    def draws(self) -> bool:
        """Whether there is a terminal to draw in."""
        return self._live is not None

    def __enter__(self) -> Self:
        if console().is_terminal:
            self._live = Live(console=console(), screen=True, auto_refresh=False)
            self._live.__enter__()
            self.draw()
        self._next_tick = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)
        elif kind is None:
            console().print(
                f"{self._title}, tick {self._engine.tick}: no terminal to draw in, so this is the end of it",
                markup=False,
            )
            console().print(Text(render_ansi(self._engine, colour=False)), soft_wrap=True)

    def show(self, step: Step) -> None:
        """Draw if it is time for a picture, and keep the pace."""
        del step
        if self._live is None:
            return
        now = time.perf_counter()
        if now >= self._next_frame:
            self.draw()
            self._next_frame = now + 1.0 / _FRAMES
        if self._pause:
            self._next_tick = max(self._next_tick + self._pause, now - 1.0)
            if self._next_tick > now:
                time.sleep(self._next_tick - now)

    def draw(self, note: str | None = None) -> None:
        """Draw now. ``note`` stands over the picture until another one is given."""
        if note is not None:
            self._note = note
        if self._live is None:
            return
        day, tick = divmod(int(self._engine.tick), self._engine.config.town.time.day_ticks)
        head = Text(f"{self._title}   day {day}, tick {tick}   Ctrl-C ends it", style="bold")
        picture = Text.from_ansi(render_ansi(self._engine))
        picture.no_wrap = True
        above = [head, Text(self._note)] if self._note else [head]
        self._live.update(Group(*above, picture), refresh=True)  # a low window cuts the end of the picture off
