"""What ``townlet run`` does: opens the town, the minds and the recorders, runs the loop, closes everything."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from townlet.api import RunSummary
from townlet.cli.compiling import say_that_it_compiles
from townlet.cli.output import warn
from townlet.cli.town.recording import recording
from townlet.cli.town.run_live import LiveView
from townlet.cli.town.run_possess import TerminalPilot
from townlet.cli.town.run_progress import Progress
from townlet.config import ConfigDocument, TownletConfig
from townlet.envs.engine import TownEngine
from townlet.errors import BackendError, ConfigError, SnapshotError, TownletError, UsageError
from townlet.minds.policy_names import choose_policy
from townlet.minds.runtime import PolicyRuntime, Provenance
from townlet.observations import build_spec
from townlet.plugins import Observers, Selection
from townlet.registry import resolve_release
from townlet.rollout import (
    RunSnapshot,
    SimulationLoop,
    Step,
    TrajectoryService,
    Watcher,
    find_snapshot,
    read_snapshot,
    restore_run,
    write_snapshot,
)
from townlet.telemetry.kpis import TownKpis

__all__ = ["RunRequest", "RunResult", "Session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What was asked for on the command line; see the options of ``townlet run``."""

    document: ConfigDocument | None = None
    resume: Path | None = None
    backend: str | None = None
    disabled: tuple[str, ...] = ()
    ticks: int | None = None
    days: float | None = None
    record: Path | None = None
    snapshot_every: int | None = None
    snapshots: Path | None = None
    live: bool = False
    speed: float = 40.0
    possess: str | None = None
    check: bool = False
    runs: Path = Path("runs")
    keep: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What there is to report.

    Attributes:
        run_id: the registry's id of a recorded run, else config id and seed.
        config: the config in force.
        seed: of the town.
        first_tick: tick at which this run began; above 0 when resumed.
        ticks: ticks done in this run.
        interrupted: whether a person ended it early.
        failure: what stopped the policy half-way, or None; all else is of the ticks before.
        policy: provenance of the policy.
        kpis: measured since the start of the town.
        recorded: the dataset, or None.
        snapshots: the snapshots written.
        seconds: wall time of the loop.
        warnings: what a person should know.
    """

    run_id: str
    config: TownletConfig
    seed: int
    first_tick: int
    ticks: int
    interrupted: bool
    policy: Mapping[str, Any]
    kpis: TownKpis
    failure: BackendError | None = None
    recorded: Path | None = None
    snapshots: tuple[Path, ...] = ()
    seconds: float = 0.0
    warnings: tuple[str, ...] = field(default=())


class Session:
    """One run from start to end; a context, so that whatever it opened is closed.

    Raises:
        TownletError: whatever makes the run impossible, before the first tick.
    """

    def __init__(self, request: RunRequest) -> None:
        self._request = request
        self._warnings: list[str] = []
        self._stack = ExitStack()
        snapshot = None if request.resume is None else read_snapshot(find_snapshot(request.resume))
        self.config = self._config_of(request, snapshot)
        self.seed = self.config.seed if snapshot is None else snapshot.seeds[0]
        self.run_id = f"{self.config.config_id}-s{self.seed}"
        # The policy before the town: a misspelt backend should not wait for the town to compile.
        self.runtime = PolicyRuntime.from_config(
            self.config,
            build_spec(self.config),
            where=self._where,
            selection=Selection.from_environment(request.disabled),
            release=lambda: resolve_release(request.runs),
            base=None if request.document is None or request.document.path is None else request.document.path.parent,
            warn=self._warn,
        )
        self._stack.callback(self.runtime.close)
        say_that_it_compiles()
        self.engine = TownEngine(self.config, [self.seed], check=request.check)
        self.runtime.agent_names = self.engine.agent_names
        if snapshot is None:
            self.runtime.start(self.engine.agents, self.engine.policy_seeds())
        else:
            restore_run(snapshot, self.engine, self.runtime)
        self.first_tick = self.engine.tick
        self._pilot = self._possess()
        self._snapshots: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def ticks(self) -> int:
        """Ticks to run."""
        if self._request.ticks is not None:
            return self._request.ticks
        days = 1.0 if self._request.days is None else self._request.days
        return max(1, round(days * self.config.town.time.day_ticks))

    def run(self) -> RunResult:
        """Run the loop to its end, or until a person ends it, or until the policy fails half-way.

        Raises:
            BackendError: the policy failed at once; later, that is the result's ``failure``.
            TownletError: for everything else that goes wrong.
        """
        recorded = self._request.record
        policy = self.runtime.provenance()  # before the loop: a policy that fails may not even tell who it is
        started = time.perf_counter()
        interrupted, failure = False, None
        try:
            interrupted = self._loop(None) if recorded is None else self._run_recorded(recorded, policy)
        except BackendError as error:
            if self.engine.tick == self.first_tick:
                raise
            failure = error
        if self._request.snapshot_every is not None:
            self._last_snapshot(interrupted, failure)
        result = RunResult(
            run_id=self.run_id,
            config=self.config,
            seed=self.seed,
            first_tick=self.first_tick,
            ticks=int(self.engine.tick) - self.first_tick,
            interrupted=interrupted,
            failure=failure,
            policy=policy,
            kpis=self.engine.kpis(),
            recorded=recorded,
            snapshots=tuple(self._snapshots),
            seconds=time.perf_counter() - started,
            warnings=tuple(self._warnings),
        )
        if failure is None:
            self._tell_observers(result)
        return result

    def _run_recorded(self, folder: Path, policy: Provenance) -> bool:
        runs = self._request.runs if self._request.keep else None
        with recording(folder, self.engine, policy, kind="run", runs=runs, warn=self._warn) as made:
            self.run_id = made.run_id or self.run_id
            made.interrupted = self._loop(made.recorder)
        return made.interrupted

    def _loop(self, service: TrajectoryService | None) -> bool:
        """Whether a person ended it."""
        request, engine, pilot = self._request, self.engine, self._pilot
        watchers: list[Watcher] = []
        with ExitStack() as stack:
            if request.live or pilot is not None:
                view = stack.enter_context(LiveView(engine, self.run_id, speed=0.0 if pilot else request.speed))
                watchers.append(view.show)
                if pilot is not None:
                    stack.enter_context(pilot.on(view))
            else:
                watchers.append(stack.enter_context(Progress(self.ticks, engine.worlds)).advance)
            if request.snapshot_every is not None:
                watchers.append(self._snapshot_when_due)
            loop = SimulationLoop(engine, self.runtime, recorder=service)
            outcome = loop.run(self.ticks, watchers, until=None if pilot is None else pilot.has_left)
        return outcome.interrupted or (pilot is not None and pilot.has_left())

    def _possess(self) -> TerminalPilot | None:
        name = self._request.possess
        if name is None:
            return None
        names = self.engine.agent_names
        if name not in names:
            raise UsageError(f"nobody in this town is called {name!r}", where="--possess", details=(", ".join(names),))
        pilot = TerminalPilot(self.engine.spec, name)
        self.runtime.possess(names.index(name), pilot, name=name)
        return pilot

    def _snapshot_when_due(self, step: Step) -> None:
        assert self._request.snapshot_every is not None
        if (step.tick + 1) % self._request.snapshot_every == 0:
            self._snapshot()

    def _last_snapshot(self, interrupted: bool, failure: BackendError | None) -> None:
        """The way to go on with a run that ended early; of a policy that failed it may not be possible."""
        try:
            if interrupted or failure is not None:
                self._snapshot()
        except TownletError as problem:
            if failure is None:
                raise
            failure.add_note(f"no snapshot of the tick it failed at: {problem}")

    def _snapshot(self) -> None:
        folder = self._request.snapshots or Path("snapshots") / f"{self.config.name}-{self.seed}"
        target = folder / f"tick-{self.engine.tick:09d}"
        if self._snapshots and self._snapshots[-1] == target:
            return
        config = self.config.model_dump(mode="json")
        self._snapshots.append(write_snapshot(target, self.engine, self.runtime, config=config, seeds=(self.seed,)))

    def _config_of(self, request: RunRequest, snapshot: RunSnapshot | None) -> TownletConfig:
        if snapshot is not None:
            try:
                return TownletConfig.model_validate(snapshot.config)
            except ValueError as problem:
                raise SnapshotError(
                    "the snapshot's config does not fit this version", where=str(snapshot.path), details=(str(problem),)
                ) from problem
        if request.document is None:
            raise ConfigError("a run needs a config or a snapshot")
        config = request.document.config
        return config if request.backend is None else choose_policy(config, request.backend)

    def _where(self, key: str) -> str:
        if self._request.backend is not None and key == "policy.backend":
            return f"--backend {self._request.backend}"
        return key if self._request.document is None else self._request.document.where(key)

    def _warn(self, message: str) -> None:
        self._warnings.append(message)
        warn(message)

    def _tell_observers(self, result: RunResult) -> None:
        observers = Observers.load()
        observers.run_finished(
            RunSummary(
                run_id=result.run_id,
                ticks=result.ticks,
                policy=result.policy,
                kpis=result.kpis.summary(),
                interrupted=result.interrupted,
                folder=None if result.recorded is None else str(result.recorded),
            )
        )
        for failure in observers.failures:
            self._warn(str(failure))
