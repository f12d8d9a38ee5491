"""``Stage``: live towns with live minds. The only place where the two meet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from townlet.api import BoolArray, ObservationSpec
from townlet.config import TownletConfig
from townlet.envs.protocol import Engine, Guide
from townlet.errors import ContractError, SnapshotError, UsageError
from townlet.minds.parts import Part
from townlet.minds.patience import slow_minds
from townlet.minds.possession import Pilot
from townlet.play.job import Job
from townlet.play.mind_spec import MindSpec
from townlet.play.opening import Admission, Troupe
from townlet.play.patient import MindLedger
from townlet.plugins.provenance import Provenance
from townlet.rollout import LoopOutcome, Recorder, SimulationLoop, Watcher, read_snapshot, restore_run, write_snapshot
from townlet.telemetry.kpis import TownKpis

__all__ = ["EngineFactory", "Stage", "checked_engine", "town_engine"]

EngineFactory = Callable[[TownletConfig, Sequence[int], int], Engine]
"""From a config, one seed a world and a number of threads to freshly reset towns."""


def town_engine(config: TownletConfig, seeds: Sequence[int], threads: int) -> Engine:
    """Towns as the config describes them."""
    from townlet.envs import TownEngine  # brings numba, which importing this room must not need

    return TownEngine(config, seeds, threads=threads)


def checked_engine(config: TownletConfig, seeds: Sequence[int], threads: int) -> Engine:
    """The same, with their state checked after every tick (slow)."""
    from townlet.envs import TownEngine

    return TownEngine(config, seeds, threads=threads, check=True)


class Stage:
    """The towns of a job and the minds of its cast, before their next tick. A context that closes what it opened.

    Args:
        job: what is played. Its ``ticks`` are for whoever plays it to the end; the stage can go on.
        troupe: live minds of the job's cast, which stay open; by default they are opened here.
        admission: which minds may be opened, where they are.
        learner: the mind that is being taught, in the role of ``learner``.
        engines: makes the towns; others for other worlds than a town's.
        threads: that step the towns; nothing else depends on it.
        on_opened: is called when the minds are there, before towns are made, which may have to be compiled.

    Raises:
        TownletError: whatever makes the job impossible, before its first tick: a mind that cannot run, a checkpoint
            or snapshot that does not fit, a name that nobody in the town has.
    """

    def __init__(
        self,
        job: Job,
        *,
        troupe: Troupe | None = None,
        admission: Admission | None = None,
        learner: Part | None = None,
        engines: EngineFactory = town_engine,
        threads: int = 1,
        on_opened: Callable[[], None] | None = None,
    ) -> None:
        self.job = job
        own_troupe: Troupe | None = None
        engine: Engine | None = None
        try:
            # The minds before the towns: a misspelt backend should not wait for the town to compile.
            if engines is not town_engine and engines is not checked_engine:
                engine = engines(job.config, job.seeds, threads)
            if troupe is None:
                spec = town_spec(job.config) if engine is None else engine.spec
                seed = job.config.seed
                troupe = own_troupe = Troupe.open(
                    job.cast, spec, admission=admission, seed=seed, learner=learner, town=job.config.town
                )
            if engine is None:
                if on_opened is not None:
                    on_opened()
                engine = engines(job.config, job.seeds, threads)
            self.engine: Engine = engine
            self.runtime = troupe.runtime(engine.spec, engine.agent_names)
            self.runtime.guide = guide_of(engine) if job.cast.led else None
            self._own_troupe = own_troupe
            self.loop = SimulationLoop(engine, self.runtime, explore=job.explore)
            self._silent: Recorder = self.loop.recorder
            if job.start is not None:
                elsewhere = {} if admission is None else admission.stored
                self._go_on_from(elsewhere.get(job.start.digest, job.start.path), job.start.digest)
        except BaseException:
            if own_troupe is not None:
                own_troupe.close()
            if engine is not None:
                close_engine(engine)
            raise
        self.first_tick = int(engine.tick)
        """The tick at which this stage began; above 0 where the job goes on from a snapshot."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- what is on it

    @property
    def tick(self) -> int:
        """Ticks since the towns began."""
        return int(self.engine.tick)

    @property
    def players(self) -> NDArray[np.intp]:
        """Number of the role of the job's cast that plays each slot: intp ``[W, A]``."""
        names, seeds = self.engine.agent_names, self.engine.policy_seeds()
        return np.stack([self.job.cast.seats(names, seed) for seed in seeds])

    def rows_of(self, mind: MindSpec) -> BoolArray:
        """Which rows a mind of the cast plays: bool ``[N]``, in all its roles. Other seeds may seat it elsewhere."""
        rows = np.zeros(self.engine.rows, np.bool_)
        for number, role in enumerate(self.job.cast.roles):
            if role.mind == mind:
                rows |= self.runtime.rows_of(number)
        return rows

    def learner_rows(self) -> BoolArray | None:
        """Which rows the mind that is taught plays: bool ``[N]``; None where it plays all of them."""
        if self.job.cast.alone:
            return None
        rows = np.zeros(self.engine.rows, np.bool_)
        for number, role in enumerate(self.job.cast.roles):
            if role.mind.learns:
                rows |= self.runtime.rows_of(number)
        return rows

    def learner_state(self) -> dict[str, NDArray[Any]]:
        """The memory of the mind that is taught: named arrays ``[N, ...]``, zeros in rows that it does not play."""
        if self.job.cast.alone:
            return self.runtime.state_arrays()
        whole: dict[str, NDArray[Any]] = {}
        for number, role in enumerate(self.job.cast.roles):
            if role.mind.learns:
                rows = self.runtime.rows_of(number)
                for name, array in self.runtime.state_of(number).items():
                    kept = whole.setdefault(name, array)
                    kept[rows] = array[rows]
        return whole

    def provenance(self) -> Provenance:
        """Who plays, and where they came from."""
        return self.runtime.provenance()

    def kpis(self) -> TownKpis:
        """What was measured since the towns began."""
        return self.engine.kpis()

    def ledgers(self, world: int | None = None) -> tuple[MindLedger, ...]:
        """What each slow mind of the cast was asked since the towns began, and what it took; of one town, or of all."""
        found = []
        for number, role in enumerate(self.job.cast.roles):
            ledger = self.runtime.ledger(number, world)
            if ledger is not None:
                found.append(MindLedger(role.who, role.mind.requested, ledger))
        return tuple(found)

    def answer_seconds(self) -> float:
        """From a question of a slow mind to its answer, on average over the life of the minds; 0 without answers."""
        boxes = [slow.mailbox for part in self.runtime.parts for _, slow in slow_minds(part.policy)]
        return sum(box.seconds for box in boxes) / max(1, sum(box.answered for box in boxes))

    def digests(self) -> tuple[str, ...]:
        """SHA-256 (hex) of each town: its state, and what the minds remember of its agents.

        Raises:
            ContractError: if the engine is not one of towns.
        """
        memory = {
            f"{number}.{name}": array
            for number in range(len(self.runtime.parts))
            for name, array in self.runtime.state_of(number).items()
        }
        agents, found = self.engine.agents, []
        for world, digest in enumerate(_hashed_worlds(self.engine)):
            for name, array in sorted(memory.items()):
                digest.update(name.encode())
                digest.update(np.ascontiguousarray(array[world * agents : (world + 1) * agents]).tobytes())
            found.append(digest.hexdigest())
        return tuple(found)

    # -- playing

    def possess(self, agent: str, pilot: Pilot, *, world: int = 0) -> None:
        """Put an agent into the hands of a person; its mind suggests, and goes on remembering.

        Raises:
            UsageError: if nobody in the town has that name, or there is no such town.
        """
        self.runtime.possess(self._row(agent, world), pilot, name=agent)

    def release(self, agent: str, *, world: int = 0) -> None:
        """Give a possessed agent back to its own mind. Raises as :meth:`possess`."""
        self.runtime.release(self._row(agent, world))

    def _row(self, agent: str, world: int) -> int:
        names = self.engine.agent_names
        if agent not in names or not 0 <= world < self.engine.worlds:
            raise UsageError(f"no agent in this town is called {agent!r}", details=(", ".join(names),))
        return world * self.engine.agents + names.index(agent)

    def run(
        self,
        ticks: int,
        *,
        sink: Recorder | None = None,
        watchers: Sequence[Watcher] = (),
        until: Callable[[], bool] | None = None,
    ) -> LoopOutcome:
        """Play on.

        Args:
            ticks: how many.
            sink: where ticks are kept, such as a rollout buffer.
            watchers: are shown each tick.
            until: ends it after a tick for which it is true; so does Ctrl-C.

        Raises:
            BackendError: if a mind fails or breaks the contract; the towns are as after the tick before.
        """
        self.loop.recorder = self._silent if sink is None else sink
        return self.loop.run(ticks, watchers, until=until)

    def reset(self, seeds: Sequence[int]) -> None:
        """Other towns, as many as before, from their first tick; the minds remember nothing of those before."""
        self.engine.reset(seeds)
        self.runtime.start(self.engine.agents, self.engine.policy_seeds())
        self.loop.refresh()

    # -- snapshots

    def save(self, folder: Path) -> Path:
        """Write a snapshot into the new folder ``folder``. Raises SnapshotError if it is there already."""
        job = self.job
        return write_snapshot(
            folder,
            self.engine,
            self.runtime,
            config=job.config.model_dump(mode="json"),
            seeds=job.seeds,
            cast=job.cast.to_json(),
            explore=job.explore,
        )

    def load(self, folder: Path) -> None:
        """Go on from a snapshot of the same job. Raises SnapshotError if it does not fit."""
        snapshot = read_snapshot(folder)
        if snapshot.seeds != self.job.seeds:
            raise SnapshotError(
                "the snapshot is of towns with other seeds",
                where=str(folder),
                details=(f"there {list(snapshot.seeds)[:4]}, here {list(self.job.seeds)[:4]}",),
            )
        restore_run(snapshot, self.engine, self.runtime)
        self.loop.refresh()

    def _go_on_from(self, folder: Path, digest: str) -> None:
        found = read_snapshot(folder).digest
        if found != digest:
            raise SnapshotError(
                "the snapshot here has changed since it was named",
                where=str(folder),
                details=(f"asked for {digest[:12]}, found {found[:12]}",),
            )
        self.load(folder)

    def close(self) -> None:
        """Close what this stage opened: its threads, and minds that were not given to it."""
        close_engine(self.engine)
        if self._own_troupe is not None:
            self._own_troupe.close()


def town_spec(config: TownletConfig) -> ObservationSpec:
    """What the agents of a config's towns see."""
    from townlet.observations import build_spec

    return build_spec(config)


def guide_of(engine: Engine) -> Guide:
    """Who leads the agents of minds that choose goals. Raises ContractError if the engine is not one of towns."""
    from townlet.envs import TownEngine
    from townlet.envs.guide import TownGuide

    if not isinstance(engine, TownEngine):
        raise ContractError(f"only in towns goals can be pursued, found a {type(engine).__name__}")
    return TownGuide(engine)


def _hashed_worlds(engine: Engine) -> list[Any]:
    """A hash begun with the state of each world."""
    from townlet.envs import TownEngine
    from townlet.world.state import state_fields

    if not isinstance(engine, TownEngine):
        raise ContractError(f"only towns have a state to digest, found a {type(engine).__name__}")
    hashes = [hashlib.sha256() for _ in range(engine.worlds)]
    for name, _, array in state_fields(engine.state):
        for world, digest in enumerate(hashes):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(array[world]).tobytes())
    return hashes


def close_engine(engine: Engine) -> None:
    """End the threads of an engine that has some."""
    from townlet.envs import TownEngine

    if isinstance(engine, TownEngine):
        engine.close()
