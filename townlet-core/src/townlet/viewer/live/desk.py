"""What people at the windows ask of the town: to wait, to go faster, to be somebody in it.

Requests come from the server's thread as JSON and are answered in the town's, between two ticks or while a person
who plays somebody thinks. Nothing here is trusted: what is not a valid request is dropped, with a word to who sent it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from townlet.api import BoolArray, ObservationBatch, Words
from townlet.errors import TownletError
from townlet.play import Stage
from townlet.rollout import end_is_asked

__all__ = ["BrowserPilot", "Desk", "Request", "read_request"]

_POLL = 0.05
_MOST_TICKS_PER_SECOND = 10_000.0
_LARGEST = 1e9
"""Of the numbers in a request; NaN and infinity are not within."""
_AUTO_TICKS = 50


@dataclass(frozen=True, slots=True)
class Request:
    """What a window asks.

    Attributes:
        window: its number.
        do: ``pause``, ``resume``, ``speed``, ``step``, ``possess``, ``release``, ``act`` or ``auto``.
        agent: a name, for ``possess``.
        number: ticks a second (0: all there are) for ``speed``, how many for ``step``, which action for ``act``, for
            how many ticks the agent's own mind shall act for ``auto``.
    """

    window: int
    do: str
    agent: str = ""
    number: float = 0.0


_DOES = frozenset(("pause", "resume", "speed", "step", "possess", "release", "act", "auto"))


def read_request(window: int, message: Mapping[str, Any]) -> Request | None:
    """A request from JSON, or None if it is not valid."""
    do, agent, number = message.get("do"), message.get("agent", ""), message.get("number", 0)
    fine = isinstance(number, int | float) and not isinstance(number, bool) and abs(number) <= _LARGEST
    if not isinstance(do, str) or do not in _DOES or not isinstance(agent, str) or not fine:
        return None
    if do == "speed" and not 0 <= number <= _MOST_TICKS_PER_SECOND:
        return None
    return Request(window, do, agent, float(number))


class Desk:
    """Takes requests, and keeps the pace that they ask for. All but :meth:`take` belongs to the town's thread.

    Args:
        stage: the town.
        speed: ticks a second; 0 for all there are.
        show: brings what is new to the windows.
        say: tells one window something in words.
    """

    def __init__(self, stage: Stage, speed: float, show: Callable[[], None], say: Callable[[int, str], None]) -> None:
        self.paused = False
        self.speed = speed
        self.pilots: dict[str, BrowserPilot] = {}
        self.waits_for: dict[str, Any] | None = None
        """The choice that a person has to make now: agent, tick, window, words, choices, suggestion."""
        self._stage, self._show, self._say = stage, show, say
        self._steps = 0
        self._due = 0.0
        self._lock = threading.Lock()
        self._requests: deque[Request] = deque()
        self._seats: list[Request] = []  # who wants to be somebody, or nobody any more; between two ticks only
        self._wake = threading.Event()

    def take(self, request: Request) -> None:
        """Take a request, from any thread."""
        with self._lock:
            if len(self._requests) < 1000:  # more come only from who means harm
                self._requests.append(request)
        self._wake.set()

    def pace(self) -> None:
        """Between two ticks: do what is asked, and wait for the next one's time."""
        while True:
            self.obey()
            self._change_seats()
            self._show()
            now = time.perf_counter()
            if end_is_asked():
                return
            if self._steps > 0:
                self._steps -= 1
                break
            if not self.paused and now >= self._due:
                break
            self._wait(_POLL if self.paused else min(_POLL, self._due - now))
        pause = 1 / self.speed if self.speed > 0 else 0.0
        self._due = max(self._due + pause, now - 0.25)

    def wait_for(self, pilot: BrowserPilot) -> None:
        """Wait until a person has chosen, or given it up."""
        while pilot.undecided and not end_is_asked():
            self.obey()
            self._show()
            if pilot.undecided:
                self._wait(_POLL)

    def obey(self) -> None:
        """Do what was asked since the last time; who plays whom changes only between two ticks."""
        while True:
            with self._lock:
                if not self._requests:
                    return
                request = self._requests.popleft()
            self._do(request)

    def _do(self, request: Request) -> None:
        if request.do in ("pause", "resume"):
            self.paused, self._steps = request.do == "pause", 0
        elif request.do == "step":
            self.paused = True
            self._steps += max(1, min(int(request.number), 1000))
        elif request.do == "speed":
            self.speed, self._due = request.number, time.perf_counter()
        elif request.do in ("act", "auto"):
            for pilot in self.pilots.values():
                if pilot.window == request.window:
                    pilot.decide(int(request.number), auto=request.do == "auto")
        else:
            for pilot in self.pilots.values():
                if pilot.window == request.window:
                    pilot.give_up()
            self._seats.append(request)

    def _change_seats(self) -> None:
        for request in self._seats:
            for name in [name for name, pilot in self.pilots.items() if pilot.window == request.window]:
                self._stage.release(name)
                del self.pilots[name]
            if request.do != "possess":
                continue
            if request.agent in self.pilots:
                self._say(request.window, f"{request.agent} is already played from another window")
                continue
            try:
                pilot = BrowserPilot(self, request.window, request.agent)
                self._stage.possess(request.agent, pilot)
            except TownletError as error:
                self._say(request.window, error.summary)
            else:
                self.pilots[request.agent] = pilot
        self._seats = []

    @property
    def tick(self) -> int:
        """Of the town."""
        return self._stage.tick

    def words(self) -> Words:
        """Tells observations of this town in words."""
        return Words(self._stage.engine.spec)

    def _wait(self, seconds: float) -> None:
        self._wake.wait(max(seconds, 0.0))
        self._wake.clear()


class BrowserPilot:
    """A person at a window who plays one agent: the town waits for each choice.

    Args:
        desk: where the choices come in.
        window: whose person it is.
        agent: its name.
    """

    def __init__(self, desk: Desk, window: int, agent: str) -> None:
        self.window, self.agent = window, agent
        self._desk, self._words = desk, desk.words()
        self._choice: int | None = None
        self._auto = 0
        self._gone = False

    @property
    def undecided(self) -> bool:
        """Whether the person has still to choose."""
        return self._choice is None and self._auto == 0 and not self._gone

    def decide(self, action: int, *, auto: bool) -> None:
        """The person's choice: an action, or, with ``auto``, that many ticks for the agent's own mind."""
        if auto:
            self._auto = max(1, min(action, _AUTO_TICKS))
        else:
            self._choice = action

    def give_up(self) -> None:
        """The person plays it no longer."""
        self._gone = True

    def choose(self, observation: ObservationBatch, mask: BoolArray, suggestion: int) -> int:
        """What the person chose, of what is possible; the suggestion where they leave it to the agent's own mind."""
        while not self._gone and not end_is_asked():
            if self._auto:
                self._auto -= 1
                return suggestion
            if self._choice is not None:
                chosen, self._choice = self._choice, None
                if 0 <= chosen < len(mask) and mask[chosen]:
                    return chosen
            self._desk.waits_for = {
                "agent": self.agent,
                "tick": self._desk.tick,
                "window": self.window,
                "words": self._words.short(observation),
                "choices": [int(k) for k in mask.nonzero()[0]],
                "suggestion": suggestion,
            }
            self._desk.wait_for(self)
            self._desk.waits_for = None
        return suggestion
