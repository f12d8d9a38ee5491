"""The windows that watch a town, and what was sent to them: whoever comes late or again is told what it missed.

The town's thread publishes and never waits; the server's thread sends as fast as each window takes it. A window that
falls behind loses what waits for it, and is given the town as it is, a key frame, when it has room again.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import deque
from collections.abc import Mapping

from townlet.viewer.live.messages import as_text

__all__ = ["HISTORY_BYTES", "MOST_WAITING", "Hub", "Window"]

MOST_WAITING = 60
"""Messages that may wait for one window: some three seconds."""
HISTORY_BYTES = 24 << 20
"""Of messages kept for windows that come late."""


class Window:
    """One page that watches.

    Attributes:
        number: names it.
        looks_at: slot of the agent whose mind it shows, or -1.
        sent: tick of the last frame that it was given, or that it said it has.
        told: slot and tick of the last mind that it was told.
    """

    def __init__(self, number: int, loop: asyncio.AbstractEventLoop, sent: int) -> None:
        self.number = number
        self.looks_at = -1
        self.sent = sent
        self.told = (-1, -1)
        self.behind = False
        self._loop, self._ready = loop, asyncio.Event()
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._texts: dict[str, str] = {}
        self._lock = threading.Lock()

    def offer(self, tick: int, message: bytes) -> None:
        """Let frames up to ``tick`` wait to be sent, or drop all that waits if that is too much."""
        with self._lock:
            if self.behind:
                return
            if len(self._waiting) >= MOST_WAITING:
                self._waiting.clear()
                self.behind = True
                return
            self._waiting.append((tick, message))
        self._wake()

    def catch_up(self, tick: int, message: bytes) -> None:
        """A key frame for a window that fell behind."""
        with self._lock:
            self.behind = False
            self._waiting.append((tick, message))
        self._wake()

    def tell(self, kind: str, text: str) -> None:
        """Let a text wait to be sent; of each kind only the newest."""
        with self._lock:
            self._texts[kind] = text
        self._wake()

    async def taken(self) -> list[bytes | str]:
        """What is to be sent next; waits until there is something."""
        while True:
            await self._ready.wait()
            with self._lock:
                self._ready.clear()
                found: list[bytes | str] = []
                if self._waiting:
                    self.sent, message = self._waiting.popleft()
                    found.append(message)
                found += self._texts.values()
                self._texts.clear()
                if self._waiting:
                    self._ready.set()
            if found:
                return found

    @property
    def idle(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting and not self._texts

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:  # the server has ended meanwhile
            return


class Hub:
    """All windows of a town."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._history: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._dropped = False
        self._texts: dict[str, str] = {}
        self._windows: dict[int, Window] = {}
        self.hello = b""
        self.town = 0
        """Number of the town that is shown: another one is another film."""
        self.arrived = threading.Event()
        """Set when the first window has come."""

    @property
    def windows(self) -> tuple[Window, ...]:
        """Those that are open now."""
        with self._lock:
            return tuple(self._windows.values())

    def restart(self) -> None:
        """Another town follows: forget what was sent of the one before."""
        with self._lock:
            self.town += 1
            self._history.clear()
            self._size, self._dropped = 0, False

    def join(self, loop: asyncio.AbstractEventLoop, after: int, town: int = 0) -> tuple[Window, list[bytes]]:
        """A new window that has the frames of a town up to ``after`` already, and the messages that it lacks."""
        with self._lock:
            after = after if town == self.town else -1
            window = Window(next(self._numbers), loop, after)
            missed = [message for tick, message in self._history if tick > after]
            if self._history:
                first, newest = self._history[0][0], self._history[-1][0]
                window.behind = after < first and self._dropped  # its ties would have a gap: a key frame mends that
                window.sent = max(after, newest)
            self._windows[window.number] = window
            for kind, text in self._texts.items():
                window.tell(kind, text)
        self.arrived.set()
        return window, missed

    def leave(self, window: Window) -> None:
        """A window that was closed."""
        with self._lock:
            self._windows.pop(window.number, None)

    def publish(self, tick: int, message: bytes) -> None:
        """Frames up to ``tick``, for all windows and for those to come."""
        with self._lock:
            self._history.append((tick, message))
            self._size += len(message)
            while self._size > HISTORY_BYTES and len(self._history) > 1:
                self._size -= len(self._history.popleft()[1])
                self._dropped = True
            windows = tuple(self._windows.values())
        for window in windows:
            window.offer(tick, message)

    def tell(self, message: Mapping[str, object]) -> None:
        """News of one kind, for all windows; of each kind those to come are told the newest."""
        kind, text = str(message["kind"]), as_text(message)
        with self._lock:
            if self._texts.get(kind) == text:
                return
            self._texts[kind] = text
            windows = tuple(self._windows.values())
        for window in windows:
            window.tell(kind, text)
