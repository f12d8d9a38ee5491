"""A run that is recorded: its dataset, its entry in the registry, and what is kept when something breaks half-way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from townlet.data import DatasetOrigin, DatasetWriter, open_dataset
from townlet.data.manifest import MANIFEST_NAME
from townlet.envs.engine import TownEngine
from townlet.errors import TownletError
from townlet.minds.runtime import Provenance
from townlet.registry import RunEntry, logged_run
from townlet.rollout import TrajectoryService

__all__ = ["Recording", "recording"]

_BY_A_PERSON = "ended by a person"


@dataclass(slots=True)
class Recording:
    """What is recorded, while it is.

    Attributes:
        recorder: for the loop.
        run_id: the entry in the registry, or None.
        interrupted: whether a person ended the run; set it before the end.
    """

    recorder: TrajectoryService
    run_id: str | None
    interrupted: bool = False


@contextmanager
def recording(
    folder: Path,
    engine: TownEngine,
    policy: Provenance,
    *,
    kind: str,
    runs: Path | None,
    tags: tuple[str, ...] = (),
    warn: Callable[[str], None],
) -> Iterator[Recording]:
    """Record what a loop in the body does. The dataset and the entry are whole at the end.

    Whatever the body raises goes on, but nothing is lost: the ticks done by then are kept as a dataset marked
    incomplete with the reason, the run is entered as failed, and a note on the exception says where they lie.

    Args:
        folder: the dataset's.
        engine: the towns, where the recording begins.
        policy: provenance of who acts.
        kind: the command, for the registry.
        runs: the runs folder, or None for no registry.
        tags: words for the manifest.
        warn: is told what a person should know.

    Raises:
        DatasetError: the folder is there already, cannot be written, or nothing was recorded.
    """
    config, parts, first_tick = engine.config, engine.reward_part_names, int(engine.tick)
    origin = DatasetOrigin(
        config=config.model_dump(mode="json"),
        config_id=config.config_id,
        policy=policy,
        seeds=engine.seeds,
        agents=engine.agents,
        agent_names=engine.agent_names,
        reward_parts=parts,
        tags=tags,
        first_tick=first_tick,
    )
    # The writer first: where it cannot write, there is no run to enter.
    with DatasetWriter(folder, spec=engine.spec, origin=origin) as writer:
        for stale in writer.stale:
            warn(f"a recording that was never finished lies here and can be removed: {stale}")
        with logged_run(runs, kind, config, policy, folder=folder, warn=warn) as entry:
            recorder = TrajectoryService(writer, engine.spec, engine.rows, reward_parts=len(parts))
            made = Recording(recorder, entry.id)
            try:
                with recorder:
                    yield made
            except (Exception, KeyboardInterrupt) as error:
                whole = int(engine.tick) == first_tick + recorder.ticks  # else the figures tell of more than is kept
                _keep(writer, recorder, error, engine.kpis().summary() if whole else {})
                _enter(entry, folder)
                raise
            writer.close(engine.kpis().summary(), interruption=_BY_A_PERSON if made.interrupted else None)
            _enter(entry, folder)
            entry.status = "interrupted" if made.interrupted else "done"


def _keep(writer: DatasetWriter, recorder: TrajectoryService, error: BaseException, kpis: dict[str, float]) -> None:
    """Close the dataset with what is there, and note on the error what became of it."""
    if not writer.open:
        return  # the error is that of a write that failed, and says what was kept
    if not recorder.ticks:
        error.add_note("nothing was recorded by then, so there is no dataset")
        return
    try:
        recorder.flush()
        kept = writer.close(kpis, interruption=_reason(error))
    except TownletError as problem:
        error.add_note(f"what was recorded could not be finished, either: {problem}")
    else:
        error.add_note(f"the first {kept.ticks} ticks are whole and kept in {writer.path}, marked as incomplete")


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return _BY_A_PERSON
    return error.summary if isinstance(error, TownletError) else f"{type(error).__name__}: {error}"


def _enter(entry: RunEntry, folder: Path) -> None:
    if (folder / MANIFEST_NAME).is_file():
        dataset = open_dataset(folder, verify=False)
        entry.dataset(dataset)
        entry.summary = {"ticks": dataset.ticks, "transitions": dataset.transitions, **dataset.metrics}
