"""A town that runs in a thread, and a window on it without a browser."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from townlet.config import TownletConfig
from townlet.play import Cast, Job, Keep, Stage, perform
from townlet.viewer.columns import unpack
from townlet.viewer.live import LiveTown

__all__ = ["WAIT", "Running", "Watcher"]

WAIT = 60.0


class Watcher:
    """A window without a browser: keeps what came."""

    def __init__(self, town: LiveTown, after: int | None = None) -> None:
        address = town.address.replace("http://", "ws://").replace("/?", "/town?")
        more = "" if after is None else f"&after={after}"
        from websockets.sync.client import connect  # of the extra web, which may not be there

        self._stack = ExitStack()
        self.socket = self._stack.enter_context(connect(address + more, max_size=None))
        self.frames: dict[int, dict[str, np.ndarray]] = {}
        self.texts: dict[str, dict[str, object]] = {}
        self.kinds: list[str] = []

    def close(self) -> None:
        self._stack.close()

    def ask(self, **message: object) -> None:
        self.socket.send(json.dumps(message))

    def hear(self) -> str:
        """Takes one message; its kind."""
        data = self.socket.recv(timeout=WAIT)
        if isinstance(data, str):
            text = json.loads(data)
            self.texts[text["kind"]] = text
            return str(text["kind"])
        size = int.from_bytes(data[:4], "little")
        head = json.loads(data[4 : 4 + size])
        self.kinds.append(head["kind"])
        start = 4 + size
        for name, length in head["parts"].items():
            part = data[start : start + length]
            start += length
            if name == "frames":
                columns, _ = unpack(part)
                for t, tick in enumerate(columns["tick"][:, 0].tolist()):
                    self.frames[tick] = {key: column[t] for key, column in columns.items()}
        return str(head["kind"])

    def until(self, true: object) -> None:
        """Listens until a function is true."""
        assert callable(true)
        while not true():
            self.hear()

    @property
    def state(self) -> dict[str, Any]:
        return self.texts.get("state", {})


class Running:
    """A town of hamlet that runs in a thread of its own and notes where everybody was."""

    def __init__(self, ticks: int, folder: Path | None = None, speed: float = 0.0) -> None:
        config = TownletConfig.model_validate({"town": {"map": "hamlet"}})
        keep = Keep.NOTHING if folder is None else Keep.dataset(folder)
        self.stage = Stage(Job(config, Cast.of("scripted"), (3,), ticks, keep=keep))
        self.town = LiveTown(self.stage, "hamlet", speed=speed)
        self.town.desk.paused = True
        self.places: dict[int, list[int]] = {}
        self.thread = threading.Thread(target=self._run, daemon=True)
        self._done = False
        self._watchers: list[Watcher] = []
        self.town.__enter__()
        self.thread.start()

    def watch(self, after: int | None = None) -> Watcher:
        self._watchers.append(Watcher(self.town, after))
        return self._watchers[-1]

    def _run(self) -> None:
        try:
            self.town.desk.pace()  # paused from the first tick on
            perform(self.stage, watchers=[self._note, self.town.show], until=lambda: self._done)
        finally:
            self.town.__exit__(None, None, None)

    def _note(self, step: object) -> None:
        del step
        agents = self.stage.engine.state.agents  # type: ignore[attr-defined]
        self.places[int(self.stage.tick)] = [*agents.y[0].tolist(), *agents.x[0].tolist()]

    def close(self) -> None:
        self._done = True
        while self.thread.is_alive():
            self.town.desk.paused, self.town.desk.speed = False, 0.0
            for pilot in self.town.desk.pilots.values():
                pilot.give_up()
            self.thread.join(0.05)
        for watcher in self._watchers:
            watcher.close()
        self.stage.close()
