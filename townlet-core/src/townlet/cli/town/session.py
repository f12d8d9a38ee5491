"""``townlet run`` at a terminal: a stage, with a bar, a picture or a person at the keys in front of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from townlet.cli.casting import admission, asked_cast
from townlet.cli.compiling import say_that_it_compiles
from townlet.cli.output import console, say_where, warn_and_keep
from townlet.cli.town.run_bar import TicksBar
from townlet.cli.town.run_live import LiveView
from townlet.cli.town.run_possess import TerminalPilot
from townlet.config import ConfigDocument
from townlet.errors import BackendError, ConfigError, SnapshotError, TownletError, UsageError
from townlet.play import Job, Journal, Keep, Outcome, Snapshots, Stage, perform, resumed
from townlet.play.effort import note_long_work, refuse_endless_recording
from townlet.play.finishing import tell_observers
from townlet.play.stage import checked_engine, town_engine
from townlet.rollout import Watcher
from townlet.storage import numbered_folder

__all__ = ["RunRequest", "TownRun", "run_town"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What was asked for on the command line; see the options of ``townlet run``."""

    document: ConfigDocument | None = None
    resume: Path | None = None
    backend: str | None = None
    roles: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    ticks: int | None = None
    days: float | None = None
    record: Path | None = None
    keep_logits: bool = False
    snapshot_every: int | None = None
    snapshots: Path | None = None
    live: bool = False
    speed: float = 40.0
    browser: bool = False
    port: int = 0
    possess: str | None = None
    check: bool = False
    runs: Path = Path("runs")
    registry: bool = True
    untrained: bool = False

    def job(self) -> Job:
        """The job. Raises TownletError where what was asked for makes none."""
        keep = Keep.NOTHING if self.record is None else Keep.dataset(self.record, logits=self.keep_logits)
        days = 1.0 if self.days is None else self.days
        if self.resume is not None:
            job = resumed(self.resume, self.ticks or 1, keep=keep)
            return job if self.ticks is not None else job.lasting(days)
        if self.document is None:
            raise ConfigError("a run needs a config or a snapshot")
        config = self.document.config
        cast = asked_cast(self.document, self.backend, self.roles, self.runs)
        job = Job(config, cast, (config.seed,), self.ticks or 1, keep=keep)
        return job if self.ticks is not None else job.lasting(days)


@dataclass(frozen=True, slots=True, kw_only=True)
class TownRun:
    """What there is to report.

    Attributes:
        outcome: of the job.
        run_id: the registry's id of a recorded run, else config id and seed.
        snapshots: those written.
        warnings: what a person should know.
        left: whether a person ended it with ``q``; the exit code is 0 then.
    """

    outcome: Outcome
    run_id: str
    snapshots: tuple[Path, ...]
    warnings: tuple[str, ...]
    left: bool = False


def run_town(request: RunRequest) -> TownRun:
    """Run to the end, or until a person ends it, or until a mind fails half-way.

    Raises:
        TownletError: whatever makes the run impossible, or ends it otherwise.
    """
    warnings: list[str] = []
    told = warn_and_keep(warnings)
    if request.browser:
        from townlet.viewer.live import require_web

        require_web()  # before the town is compiled
    job = request.job()
    _say_what_it_takes(request, job)
    run_id = f"{job.config.config_id}-s{job.seeds[0]}"
    door = admission(request.document, request.backend, request.disabled, told, untrained=request.untrained)
    engines = checked_engine if request.check else town_engine
    with ExitStack() as stack:
        stage = stack.enter_context(Stage(job, admission=door, engines=engines, on_opened=say_that_it_compiles))
        folder = request.snapshots or Path()
        if request.snapshot_every is not None and request.snapshots is None:
            folder = stack.enter_context(numbered_folder(request.runs, "snapshots", error=SnapshotError))
        for place in _places(request, folder):
            say_where(place)
        snapshots = None if request.snapshot_every is None else Snapshots(stage, folder, request.snapshot_every)
        journal = Journal(runs=request.runs if request.registry else None, kind="run", warn=told)
        outcome, left = _in_front_of(stage, request, run_id, snapshots, journal)
        if snapshots is not None:
            _last_snapshot(snapshots, outcome)
    run_id = outcome.run or run_id
    if outcome.failure is None:
        for failure in tell_observers(outcome, run_id):
            told(failure)
    written = () if snapshots is None else tuple(snapshots.written)
    return TownRun(outcome=outcome, run_id=run_id, snapshots=written, warnings=tuple(warnings), left=left)


def _say_what_it_takes(request: RunRequest, job: Job) -> None:
    """Before the town is compiled; who watches a town ends it when enough was seen."""
    if request.record is not None:
        shorter = "record fewer days, such as  --days 5"
        refuse_endless_recording(job, request.record, instead=(shorter, "or write to another disk:  --record DIR"))
    elif not (request.live or request.browser or request.possess):
        note_long_work(job)


def _places(request: RunRequest, snapshots: Path) -> list[Path]:
    """Where a run writes to, in the order of its options."""
    record = [] if request.record is None else [request.record]
    return record if request.snapshot_every is None else [*record, snapshots]


def _in_front_of(
    stage: Stage, request: RunRequest, title: str, snapshots: Snapshots | None, journal: Journal
) -> tuple[Outcome, bool]:
    """Play it before whoever watches; whether a person ended it with ``q``."""
    watchers: list[Watcher] = []
    pilot = _pilot(stage, request.possess)
    until: Callable[[], bool] | None = None
    has_quit: Callable[[], bool] = bool
    with ExitStack() as stack:
        if request.browser:
            watchers.append(_in_the_browser(stack, stage, request, title))
        elif request.live or pilot is not None:
            view = stack.enter_context(_view(stage, request, title))
            watchers.append(view.show)
            until = has_quit = view.has_left
            if pilot is not None:
                stack.enter_context(pilot.on(view))
                until, has_quit = pilot.has_left, pilot.has_quit
        else:
            watchers.append(stack.enter_context(TicksBar("running", stage.job.ticks, stage.engine.worlds)).advance)
        if snapshots is not None:
            watchers.append(snapshots)
        outcome = perform(stage, watchers=watchers, until=until, journal=journal)
    return outcome, has_quit()


def _view(stage: Stage, request: RunRequest, title: str) -> LiveView:
    speed = 0.0 if request.possess is not None else request.speed
    return LiveView(stage.engine, title, speed=speed, mine=request.possess)


def _in_the_browser(stack: ExitStack, stage: Stage, request: RunRequest, title: str) -> Watcher:
    """Serve it, and wait until somebody looks."""
    from townlet.viewer.live import LiveTown  # needs the extra web, and says so

    town = stack.enter_context(LiveTown(stage, title, speed=request.speed, port=request.port))
    console().print(f"open this address to start:  {town.address}", markup=False, soft_wrap=True)
    town.wait_for_window()
    return town.show


def _pilot(stage: Stage, name: str | None) -> TerminalPilot | None:
    if name is None:
        return None
    pilot = TerminalPilot(stage.engine.spec, name)
    try:
        stage.possess(name, pilot)
    except UsageError as error:
        error.where = "--possess"
        raise
    return pilot


def _last_snapshot(snapshots: Snapshots, outcome: Outcome) -> None:
    """Write the snapshot from which a run that ended early can be resumed; a mind that failed may not allow it."""
    failure: BackendError | None = outcome.failure
    try:
        if outcome.interrupted or failure is not None:
            snapshots.write()
    except TownletError as problem:
        if failure is None:
            raise
        failure.add_note(f"could not write a snapshot of the tick at which it failed: {problem}")
