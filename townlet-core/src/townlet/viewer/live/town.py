"""A town that people watch and move in the browser while it runs: a watcher of the loop."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from townlet.envs import TownEngine
from townlet.errors import ContractError
from townlet.play import Stage
from townlet.rollout import Step
from townlet.viewer.columns import pack
from townlet.viewer.live.desk import Desk, Request, read_request
from townlet.viewer.live.door import TownServer
from townlet.viewer.live.hub import Hub, Window
from townlet.viewer.live.messages import as_text, with_parts
from townlet.viewer.live.minds import look, tell_thoughts
from townlet.viewer.live.tape import Tape
from townlet.viewer.scenery import describe_scenery

__all__ = ["LiveTown", "about_stage"]

_EVERY = 0.05
"""Seconds between two messages to the windows."""


class LiveTown:
    """Serves the first town of a stage; enter it, then show it every step.

    Args:
        stage: the town, before its next tick.
        title: of the page.
        speed: ticks a second; 0 for all there are.
        port: of the server; 0 for any that is free.

    Raises:
        UsageError: the extra ``web`` is not installed, or the port is in use.
    """

    def __init__(self, stage: Stage, title: str, *, speed: float, port: int = 0) -> None:
        engine = stage.engine
        if not isinstance(engine, TownEngine):
            raise ContractError(f"only towns can be shown, found a {type(engine).__name__}")
        self._stage, self._engine, self._title = stage, engine, title
        self.hub = Hub()
        self.desk = Desk(stage, speed, self._show_what_is_new, self._say)
        self.door = TownServer(self.hub, self, title=title, port=port)
        self._tape = Tape(engine)
        self._step: Step | None = None
        self._next = 0.0
        self._ended: str | None = None

    @property
    def address(self) -> str:
        """Where to open it, with the token that lets one in."""
        return self.door.address

    def __enter__(self) -> Self:
        self.hub.hello = with_parts(
            "hello",
            {"scenery": pack({}, describe_scenery(self._engine, self._engine.agent_names))},
            **about_stage(self._stage, self._title),
        )
        self.door.__enter__()
        self._publish()
        self._tell_state()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = "The run has ended." if error is None else "The run was interrupted."
        self._publish()
        self._tell_state()
        until = time.perf_counter() + 1.0
        while time.perf_counter() < until and not all(window.idle for window in self.hub.windows):
            time.sleep(0.02)
        time.sleep(0.1 if self.hub.windows else 0.0)  # what was taken last is still on its way
        self.door.__exit__(kind, error, trace)

    def wait_for_window(self) -> None:
        """Wait until somebody watches. Ctrl-C ends it as it does any wait."""
        while not self.hub.arrived.wait(0.2):
            pass

    def show(self, step: Step) -> None:
        """A watcher: take the step, tell the windows when it is time, do what they ask, keep the pace."""
        self._step = step
        self._tape.note(step)
        self.desk.pace()

    # -- what the server's thread calls

    def asked(self, window: Window, message: dict[str, Any]) -> None:
        """A window sent something."""
        if message.get("do") == "look":
            look(window, message, self._engine.agents)
            return
        request = read_request(window.number, message)
        if request is None:
            self._say(window.number, "this request is not valid")
        else:
            self.desk.take(request)

    def left(self, window: Window) -> None:
        """A window was closed: whom it played is free again."""
        self.desk.take(Request(window.number, "release"))

    # -- the town's thread

    def _show_what_is_new(self) -> None:
        now = time.perf_counter()
        if now >= self._next or self.desk.paused or self.desk.waits_for is not None:
            self._next = now + _EVERY
            self._publish()
            self._tell_state()

    def _publish(self) -> None:
        tape, hub = self._tape, self.hub
        if tape.news:
            hub.publish(tape.last, with_parts("frames", tape.drain(), last=tape.last))
        for window in hub.windows:
            if window.behind:
                window.catch_up(tape.last, with_parts("key", tape.key(window.sent), last=tape.last))
        if self._step is not None:
            tell_thoughts(hub, tape, self._step)

    def _tell_state(self) -> None:
        desk = self.desk
        self.hub.tell(
            {
                "kind": "state",
                "paused": desk.paused,
                "speed": desk.speed,
                "played": {name: pilot.window for name, pilot in desk.pilots.items()},
                "waits": desk.waits_for,
                "windows": len(self.hub.windows),
                "ledger": [account.to_json() for account in self._stage.ledgers(0)],
                "ended": self._ended,
            }
        )

    def _say(self, number: int, words: str) -> None:
        for window in self.hub.windows:
            if window.number == number:
                window.tell("said", as_text({"kind": "said", "words": words}))


def about_stage(stage: Stage, name: str, **more: Any) -> dict[str, Any]:
    """What the page is told of a living town besides its scenery, JSON-ready; ``more`` is added to ``about``."""
    job, tick = stage.job, int(stage.engine.tick)
    about = {
        "name": name,
        "world": 0,
        "worlds": 1,
        "seed": str(job.seeds[0]),
        "configId": job.config.config_id,
        "policy": stage.provenance().to_json(),
        "players": None if job.cast.alone else stage.players[0].tolist(),
        "first": tick,
        "last": tick,
        "stride": 1,
        "minds": True,
        "kept": True,
        "words": True,
        "live": True,
        "notes": [],
        **more,
    }
    reward = list(stage.engine.reward_part_names)
    return {"title": str(job.config.name or "a town"), "about": about, "reward": reward}
