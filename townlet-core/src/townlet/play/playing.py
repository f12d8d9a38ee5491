"""``play``: one job, played to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from townlet.errors import BackendError
from townlet.minds.possession import Pilot
from townlet.play.frames import FrameLog
from townlet.play.job import Job
from townlet.play.opening import Admission
from townlet.play.outcome import Outcome, Timing
from townlet.play.recording import Journal, Recording, recording
from townlet.play.stage import Stage
from townlet.rollout import Recorder, RolloutBuffer, Watcher

__all__ = ["Possession", "perform", "play"]

_NO_JOURNAL = Journal()


class Possession(NamedTuple):
    """An agent in the hands of a person.

    Attributes:
        agent: its name.
        pilot: who chooses its actions.
        world: number of its town.
    """

    agent: str
    pilot: Pilot
    world: int = 0


def play(
    job: Job,
    *,
    sink: Recorder | None = None,
    watchers: Sequence[Watcher] = (),
    pilots: Sequence[Possession] = (),
    admission: Admission | None = None,
    journal: Journal = _NO_JOURNAL,
    threads: int = 1,
) -> Outcome:
    """Play a job to its end.

    Args:
        job: what is played, and what is kept of it.
        sink: a live recorder of this process that keeps the ticks in place of the job's dataset or buffer.
        watchers: are shown each tick.
        pilots: who is possessed by whom; what they choose is recorded like any action.
        admission: which minds may act here. Without, those of the environment, and one that cannot run is an error.
        journal: where a run that keeps a dataset is entered; nowhere by default.
        threads: that step the towns; the outcome does not depend on it.

    Raises:
        TownletError: whatever makes the job impossible, or a mind that fails half-way; a dataset of the ticks before
            is kept then, and a note on the error says so.
    """
    with Stage(job, admission=admission, threads=threads) as stage:
        for possession in pilots:
            stage.possess(possession.agent, possession.pilot, world=possession.world)
        outcome = perform(stage, sink=sink, watchers=watchers, journal=journal)
    if outcome.failure is not None:
        raise outcome.failure
    return outcome


def perform(
    stage: Stage,
    *,
    sink: Recorder | None = None,
    watchers: Sequence[Watcher] = (),
    until: Callable[[], bool] | None = None,
    journal: Journal = _NO_JOURNAL,
) -> Outcome:
    """Play the job of a stage to its end. A mind that fails half-way is the outcome's ``failure``, not raised.

    Args:
        stage: at the beginning of its job.
        sink: as for :func:`play`.
        watchers: are shown each tick.
        until: ends it after a tick for which it is true; so does Ctrl-C.
        journal: where a run that keeps a dataset is entered.

    Raises:
        BackendError: if a mind fails at once, so that there is nothing to tell.
        TownletError: for everything else that goes wrong.
    """
    job, keep = stage.job, stage.job.keep
    provenance = stage.provenance()  # before the first tick: a mind that fails may not even tell who it is
    interrupted, failure = False, None
    made: Recording | None = None
    buffer: RolloutBuffer | None = None
    log = FrameLog(stage.engine, job) if keep.what == "frames" else None
    shown = watchers if log is None else (log.note, *watchers)
    started = time.perf_counter()
    try:
        with ExitStack() as stack:
            recorder = sink
            if sink is None and keep.folder is not None:
                made = stack.enter_context(recording(stage, keep.folder, journal, tags=keep.tags, logits=keep.logits))
                recorder = made.recorder
            elif sink is None and keep.what == "buffer":
                recorder = buffer = buffer_for(stage)
            ended = stage.run(job.ticks, sink=recorder, watchers=shown, until=until)
            interrupted = ended.interrupted or ended.stopped
            if made is not None:
                made.interrupted = interrupted
    except BackendError as error:
        if stage.tick == stage.first_tick:
            raise
        failure = error
    seconds = time.perf_counter() - started
    ticks = stage.tick - stage.first_tick
    digest = None if made is None else made.digest
    return Outcome(
        job=job,
        first_tick=stage.first_tick,
        ticks=ticks,
        provenance=provenance,
        players=stage.players,
        kpis=stage.kpis(),
        interrupted=interrupted,
        failure=failure,
        dataset=None if digest is None else keep.folder,
        dataset_digest=digest,
        run=None if made is None else made.run,
        buffer=None if buffer is None else buffer.arrays(),
        frames=None if log is None else log.frames(),
        ledgers=stage.ledgers(),
        timing=Timing(seconds, ticks / max(seconds, 1e-9), stage.answer_seconds()),
    )


def buffer_for(stage: Stage) -> RolloutBuffer:
    """A buffer for all ticks of a stage's job."""
    engine = stage.engine
    return RolloutBuffer(engine.spec, stage.job.ticks, engine.rows, reward_parts=len(engine.reward_part_names))
