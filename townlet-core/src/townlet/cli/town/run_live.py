"""The town drawn in the terminal while it runs; where nothing can be painted, lines now and then and one picture."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from rich.live import Live
from rich.text import Text

from townlet.cli.output import console
from townlet.cli.progress import paints
from townlet.cli.town.keys import END, Keys, open_keys
from townlet.cli.town.screen import Look, compose
from townlet.envs import Engine, TownEngine
from townlet.envs.render import render_ansi
from townlet.envs.scene import read_scene
from townlet.errors import ContractError
from townlet.rollout import Step
from townlet.rollout.interrupt import end_is_asked

__all__ = ["LiveView"]

_FRAMES = 20.0
"""Pictures a second at most."""
_LOOK_AGAIN = 0.1
"""Seconds between two looks at the window's size while the town stands still."""
_SPEEDS = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 0.0)
"""Ticks a second; 0 is as fast as they come."""
_SCROLL = {"up": (-4, 0), "down": (4, 0), "left": (0, -8), "right": (0, 8)}

_KEYS = ("? help", "q quit", "space pause", ". step", "-+ speed", "n/p follow", "o free", "arrows scroll")
_HELP = """
  space     pause, or go on
  .         one tick, then pause
  + and -   faster, slower
  n and p   follow the next person, the one before
  o         follow nobody
  arrows    scroll the map
  ?         this help
  q         end the run; the summary follows
  Ctrl-C    the same, with exit code 130

  Capital letters on the map are people: green, or red where a need is
  at 30 or lower. Small letters are facilities: blue, yellow in use, red
  closed. @ is you, > whom you follow. food, rest, wash: 100 is satisfied,
  0 is not at all.
"""


class LiveView:
    """Draws the first town of an engine, and obeys the keys; a watcher of the loop.

    Args:
        engine: of towns.
        title: what stands over the picture.
        speed: ticks a second; 0: as fast as they come.
        mine: name of the agent that a person plays; the keys are the pilot's then.
    """

    def __init__(self, engine: Engine, title: str, *, speed: float, mine: str | None = None) -> None:
        if not isinstance(engine, TownEngine):
            raise ContractError(f"only towns can be drawn, found a {type(engine).__name__}")
        self._engine, self._title, self._speed = engine, title, speed
        slot = None if mine is None else engine.agent_names.index(mine)
        self._look = Look(follow=slot, mine=slot, keys=() if mine else _KEYS, help=_HELP)
        self._live: Live | None = None
        self._keys: Keys | None = None
        self._stack = ExitStack()
        self._next_frame = self._next_tick = 0.0
        self._size = (0, 0)
        self._paused = self._one_more = self._left = self._ended = False

    @property
    def draws(self) -> bool:
        """Whether there is a terminal to draw in."""
        return self._live is not None

    def has_left(self) -> bool:
        """Whether the person ended the run with ``q``."""
        return self._left

    def __enter__(self) -> Self:
        if paints():
            self._live = self._stack.enter_context(Live(console=console(), screen=True, auto_refresh=False))
            if self._look.mine is None and sys.stdin is not None and sys.stdin.isatty():
                self._keys = self._stack.enter_context(open_keys(sys.stdin))
            self.draw()
        self._next_tick = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        drawn = self.draws
        self._stack.close()
        self._live = None
        if not drawn and kind is None:
            console().print(
                f"{self._title}, tick {self._engine.tick}: no terminal to draw in, so this is the end of it",
                markup=False,
            )
            console().print(Text(render_ansi(self._engine, colour=False)), soft_wrap=True)

    def show(self, step: Step) -> None:
        """Draw if it is time for a picture, obey the keys, and keep the pace."""
        del step
        if self._live is None:
            self._say_where_it_is()
            return
        if self._one_more or time.perf_counter() >= self._next_frame:
            self.draw()
        self._one_more = False
        self._obey(self._key(0.0))
        if self._speed:
            now = time.perf_counter()
            self._next_tick = max(self._next_tick + 1.0 / self._speed, now - 1.0)
            while (rest := self._next_tick - time.perf_counter()) > 0 and not self._goes_on_at_once():
                self._obey(self._key(min(rest, _LOOK_AGAIN)))
        while self._paused and not (self._one_more or self._goes_on_at_once()):
            self.redraw_if_resized()
            self._obey(self._key(_LOOK_AGAIN))

    def draw(self, note: str | None = None) -> None:
        """Draw now. ``note`` stands over the picture until another one is given."""
        if note is not None:
            self._look.note = note
        if self._live is None:
            return
        self._next_frame = time.perf_counter() + 1.0 / _FRAMES
        self._size = console().size
        width, height = self._size
        speed = f"{self._speed:g} ticks/s" if self._speed else "full speed"
        self._look.status = f"tick {int(self._engine.tick)}"
        if self._look.mine is None:
            self._look.status += f" · {'PAUSED' if self._paused else speed}"
        else:
            self._look.status += f" · you are {self._engine.agent_names[self._look.mine]}"
        scene = read_scene(self._engine.town, self._engine.state, self._engine.agent_names, 0)
        self._live.update(compose(scene, self._look, self._title, width=width, height=height), refresh=True)

    def redraw_if_resized(self) -> None:
        """Draw again if the window has another size than the picture."""
        if self._live is not None and console().size != self._size:
            self.draw()

    def look(self, key: str) -> bool:
        """Obey a key that only changes what is looked at; whether it is one."""
        people = self._engine.agent_names
        if key in ("n", "p"):
            first = -1 if key == "n" else 0
            at = first if self._look.follow is None else self._look.follow
            self._look.follow = (at + (1 if key == "n" else -1)) % len(people)
        elif key == "o":
            self._look.follow = None
        elif key in ("?", "escape"):
            self._look.helping = key == "?" and not self._look.helping
        else:
            return False
        self.draw()
        return True

    def say_keys(self, keys: tuple[str, ...], help_text: str) -> None:
        """Other keys than the view's own are obeyed, by whoever reads them."""
        self._look.keys, self._look.help = keys, help_text

    def _say_where_it_is(self) -> None:
        now = time.perf_counter()
        if now >= self._next_frame:
            if self._next_frame:
                console().print(f"{self._title}, tick {int(self._engine.tick):,}", markup=False)
            self._next_frame = now + 10.0

    def _goes_on_at_once(self) -> bool:
        return self._left or self._ended or end_is_asked()

    def _key(self, seconds: float) -> str | None:
        if self._keys is not None and not self._ended:
            return self._keys.wait(seconds)
        if seconds:
            time.sleep(seconds)
        return None

    def _obey(self, key: str | None) -> None:
        if key is None:
            return
        if key == END:
            import signal

            self._ended = True
            signal.raise_signal(signal.SIGINT)
        elif key == "q":
            self._left = True
        elif key == " ":
            self._paused = not self._paused
            self._next_tick = time.perf_counter()
        elif key == ".":
            self._one_more, self._paused = self._paused, True
        elif key in ("+", "=", "-"):
            at = min(range(len(_SPEEDS)), key=lambda n: abs((_SPEEDS[n] or 1e9) - (self._speed or 1e9)))
            self._speed = _SPEEDS[max(min(at + (-1 if key == "-" else 1), len(_SPEEDS) - 1), 0)]
            self._next_tick = time.perf_counter()
        elif key in _SCROLL:
            dy, dx = _SCROLL[key]
            height, width = self._engine.town.tables.map.wall.shape
            self._look.follow = None
            self._look.y = max(min(self._look.y + dy, height - 1), 0)
            self._look.x = max(min(self._look.x + dx, width - 1), 0)
        elif self.look(key):
            return
        self.draw()
