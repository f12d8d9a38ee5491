"""A training run in the browser: its curves as they grow, and the town of the moment. It only looks."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from townlet.api import TrainingReport
from townlet.config import TownletConfig
from townlet.envs import TownEngine
from townlet.play import Cast, Job, Stage
from townlet.rollout import Step, Watcher
from townlet.viewer.columns import pack
from townlet.viewer.live.curves import Curves
from townlet.viewer.live.door import TownServer
from townlet.viewer.live.hub import Hub, Window
from townlet.viewer.live.messages import as_text, with_parts
from townlet.viewer.live.minds import look, tell_thoughts
from townlet.viewer.live.tape import Tape
from townlet.viewer.live.town import about_stage
from townlet.viewer.scenery import describe_scenery

__all__ = ["LiveTraining"]

_EVERY = 0.25
"""Seconds between two messages of a town."""
_CURVES_EVERY = 1.0
_SHARE = 0.05
"""Of the time that a rollout takes, at most this is spent on showing it; beyond, ticks are passed over."""
_LENIENT = 5.0
"""Seconds of which a share may be spent at once."""


class LiveTraining:
    """Serves the curves of a run and the first of the towns that it learns in; enter it, then train.

    Pass :meth:`report` as a watcher of the run and :meth:`audience` as the audience of its services. What they see is
    only read, so a run with it comes to the same weights as one without. While nobody watches, no town is noted.

    Args:
        config: of the run.
        elsewhere: the towns live on an executor's workers, where nobody sees them.
        before: a ``metrics.jsonl`` whose curves go on; None for a new run.
        port: of the server; 0 for any that is free.

    Raises:
        UsageError: the extra ``web`` is not installed, or the port is in use.
    """

    def __init__(
        self, config: TownletConfig, *, elsewhere: bool = False, before: Path | None = None, port: int = 0
    ) -> None:
        self._config, self._elsewhere = config, elsewhere
        self._name = str(config.name or "a town")
        self.hub = Hub()
        self.door = TownServer(self.hub, self, title=f"training in {self._name}", port=port)
        self._curves = Curves()
        if before is not None:
            self._curves.read(before)
        self._agents = 0
        self._seat: _Seat | None = None
        self._curves_due = 0.0
        self._ended: str | None = None

    @property
    def address(self) -> str:
        """Where to open it, with the token that lets one in."""
        return self.door.address

    def __enter__(self) -> Self:
        self._show_the_empty_stage()
        self.door.__enter__()
        self._tell()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = "Training has ended." if error is None else "Training was interrupted."
        self._tell()
        until = time.perf_counter() + 1.0
        while time.perf_counter() < until and not all(window.idle for window in self.hub.windows):
            time.sleep(0.02)
        time.sleep(0.1 if self.hub.windows else 0.0)  # what was taken last is still on its way
        self.door.__exit__(kind, error, trace)

    # -- what the run calls

    def report(self, report: TrainingReport) -> None:
        """A watcher of the run: take a line of metrics, and show how far the town came."""
        self._curves.add(report)
        if self._seat is not None:
            self._seat.publish()
        now = time.perf_counter()
        if now >= self._curves_due or (report.total and report.step == report.total):
            self._curves_due = now + _CURVES_EVERY
            self._tell()

    def audience(self, stage: Stage) -> Watcher:
        """The audience of the run's services: watches the first of a stage's towns."""
        engine = stage.engine
        if not isinstance(engine, TownEngine):
            return _look_away
        self._seat = _Seat(self, stage, engine)
        return self._seat.show

    # -- what the server's thread calls

    def asked(self, window: Window, message: dict[str, Any]) -> None:
        """A window says whom it looks at; nothing else can be asked of a run."""
        if message.get("do") == "look":
            look(window, message, self._agents)
        else:
            window.tell("said", as_text({"kind": "said", "words": "a training run can only be watched"}))

    def left(self, window: Window) -> None:
        """A window was closed."""

    # -- the run's thread

    def begin(self, stage: Stage, engine: TownEngine) -> Tape:
        """Show another town, as it is now."""
        self._agents = engine.agents
        scenery = pack({}, describe_scenery(engine, engine.agent_names))
        self.hub.hello = with_parts(
            "hello", {"scenery": scenery}, **about_stage(stage, self._name, worlds=engine.worlds, training=True)
        )
        self.hub.restart()
        tape = Tape(engine)
        self.publish(tape)
        return tape

    def publish(self, tape: Tape) -> None:
        """Send what is new of the town."""
        hub = self.hub
        if tape.news:
            hub.publish(tape.last, with_parts("frames", tape.drain(), last=tape.last, town=hub.town))
        for window in hub.windows:
            if window.behind:
                key = with_parts("key", tape.key(window.sent), last=tape.last, town=hub.town)
                window.catch_up(tape.last, key)

    def _show_the_empty_stage(self) -> None:
        """The town before anybody learns in it: something to see while demonstrations are made."""
        with Stage(Job(self._config, Cast.of("stub"), (self._config.seed,), 1)) as stage:
            engine = stage.engine
            if isinstance(engine, TownEngine):
                self.begin(stage, engine)

    def _tell(self) -> None:
        where = "The towns live on workers: only curves are shown." if self._elsewhere else ""
        self.hub.tell({"kind": "curves", **self._curves.to_json()})
        self.hub.tell({"kind": "state", "ended": self._ended, "windows": len(self.hub.windows), "where": where})


def _look_away(step: Step) -> None:
    """Watches what no page can show."""
    del step


class _Seat:
    """Watches one stage, from where somebody looks on."""

    def __init__(self, run: LiveTraining, stage: Stage, engine: TownEngine) -> None:
        self._run, self._stage, self._engine = run, stage, engine
        self._tape: Tape | None = None
        self._step: Step | None = None
        self._next = -1
        self._due = self._free = 0.0

    def show(self, step: Step) -> None:
        """A watcher: take a step, if anybody looks."""
        if not self._run.hub.windows:
            self._tape = None
            return
        began = time.perf_counter()
        if self._tape is None or step.tick != self._next:
            self._tape = self._run.begin(self._stage, self._engine)
        elif began >= self._free:
            self._tape.note(step)
        self._next, self._step = step.tick + 1, step
        if began >= self._due and began >= self._free:
            self._due = began + _EVERY
            self.publish()
        now = time.perf_counter()
        self._free = max(self._free, began - _LENIENT) + (now - began) / _SHARE

    def publish(self) -> None:
        """Send what was noted. No tick has been done since the step that is told of."""
        if self._tape is not None and self._step is not None:
            self._run.publish(self._tape)
            tell_thoughts(self._run.hub, self._tape, self._step)
