"""What a worker does when it is asked. Everything it needs comes with the request."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from townlet.errors import ExecutorError
from townlet.executors import pace
from townlet.executors.facts import Facts, facts_here
from townlet.executors.files import FileContents, read_folder, remove_scratch, scratch
from townlet.executors.protocol import Resident
from townlet.minds.parts import Part
from townlet.play import Admission, Job, Outcome, Stage, Troupe, perform
from townlet.play.stage import town_spec
from townlet.play.stored import Parcel
from townlet.plugins import Selection
from townlet.storage import HeldLock, canonical_digest

__all__ = ["Piece", "Played", "end_residents", "greet", "play_piece", "step_resident", "tidy", "warm"]

_MINDS_KEPT = 8
_PATIENCE = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A job on its way to a worker.

    Attributes:
        job: as JSON.
        threads: that step its towns.
        selection: which backends may be used.
        untrained: as of :class:`~townlet.play.Admission`.
        notes: what the provenance of its minds is to say beside what they say themselves.
    """

    job: Mapping[str, Any]
    threads: int
    selection: Selection
    untrained: bool | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a piece: its outcome, and the files of the dataset that it kept."""

    outcome: Outcome
    files: FileContents | None


_MINDS: dict[str, Troupe] = {}
_RESIDENTS: dict[str, tuple[int, Resident]] = {}


def greet() -> Facts:
    """What this worker is."""
    return facts_here()


def warm() -> float:
    """See to it that the rules of the town are compiled on this node; the seconds that took, waiting included.

    One process of a node compiles and the others wait for it.
    """
    from townlet.config import TownletConfig
    from townlet.envs.kernel import ENTRY_POINTS
    from townlet.play.stage import close_engine, town_engine
    from townlet.world.compiled import compile_pending, kept_in

    started = time.perf_counter()
    if not compile_pending(*ENTRY_POINTS):
        return 0.0
    kept = kept_in(ENTRY_POINTS[0])
    lock = None if kept is None else _compiling(kept, started)
    try:
        engine = town_engine(TownletConfig(), (0,), 1)
        engine.step(engine.observe().action_mask.argmax(1))
        close_engine(engine)
    finally:
        if lock is not None:
            lock.release()
    return time.perf_counter() - started


def _compiling(folder: Path, started: float) -> HeldLock:
    """The lock of whoever compiles on this node, when it is free; it lies beside what is compiled, not where anybody
    may put a file of that name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "townlet-compiling.lock"
    while True:
        try:
            return HeldLock(path, "the rules are being compiled", error=ExecutorError)
        except ExecutorError:
            if time.perf_counter() - started > _PATIENCE:
                raise
            time.sleep(0.3)


def play_piece(piece: Piece, *parcels: Parcel) -> Played:
    """Play a job. Raises as :func:`townlet.play.play`; a mind that fails half-way is raised, too."""
    pace.count_anew()  # opening minds takes a while, in which nothing of this piece is done
    job = Job.from_json(piece.job)
    places = {parcel.digest: parcel.write(scratch() / "files") for parcel in parcels}
    kept: Path | None = None
    if job.keep.folder is not None:
        kept = Path(tempfile.mkdtemp(dir=scratch(), prefix="piece-")) / "dataset"
        job = replace(job, keep=replace(job.keep, folder=kept))
    door = Admission(selection=piece.selection, untrained=piece.untrained, stored=places)
    try:
        with Stage(job, troupe=_minds(job, door, piece.notes), admission=door, threads=piece.threads) as stage:
            outcome = perform(stage, watchers=[pace.counting(len(job.seeds))])
        if outcome.failure is not None:
            raise outcome.failure
        return Played(outcome, None if kept is None else read_folder(kept))
    finally:
        if kept is not None:
            shutil.rmtree(kept.parent, ignore_errors=True)


def _minds(job: Job, door: Admission, notes: tuple[str, ...]) -> Troupe:
    """The live minds of a job, which stay open for the next one of the same config and cast."""
    config, cast = job.config.model_dump(mode="json"), job.cast.to_json()
    name = canonical_digest([config, cast, sorted(door.selection.settings().items()), door.untrained, list(notes)])
    if name not in _MINDS:
        spec, seed, town = town_spec(job.config), job.config.seed, job.config.town
        opened = Troupe.open(job.cast, spec, admission=door, seed=seed, town=town)
        while len(_MINDS) >= _MINDS_KEPT:
            _MINDS.pop(next(iter(_MINDS))).close()
        _MINDS[name] = Troupe(job.cast, tuple(_noted(part, notes) for part in opened.parts))
    return _MINDS[name]


def _noted(part: Part, notes: tuple[str, ...]) -> Part:
    told = part.provenance
    return Part(part.policy, replace(told, warnings=(*told.warnings, *notes)))


def step_resident(
    key: str,
    number: int,
    make: Callable[[Any], Resident],
    spec: Any,
    state: Mapping[str, bytes] | None,
    common: Any,
    own: Any,
) -> tuple[Any, Mapping[str, bytes]]:
    """Step ``number`` of a resident; what came of it, and its state after.

    Args:
        key: which one.
        number: steps before this one. A resident that has done another number of them is made anew.
        make: makes it.
        spec: from this.
        state: puts it where it stands; None before the first step.
        common: for the step.
        own: for the step.
    """
    pace.count_anew()
    done, resident = _RESIDENTS.get(key, (-1, None))
    if resident is None or done != number:
        if resident is not None:
            _RESIDENTS.pop(key)[1].close()
        if state is None and number:
            raise ExecutorError(f"the resident of {number} steps is not here, and its state did not come along")
        resident = make(spec)
        if state is not None:
            resident.restore(state)
    result = resident.step(common, own)
    _RESIDENTS[key] = (number + 1, resident)
    return result, resident.state()


def tidy() -> None:
    """Remove what this worker wrote; it is not asked again."""
    end_residents(tuple(_RESIDENTS))
    remove_scratch()


def end_residents(keys: tuple[str, ...]) -> None:
    """Close some residents, where they are here."""
    for key in keys:
        if key in _RESIDENTS:
            _RESIDENTS.pop(key)[1].close()
