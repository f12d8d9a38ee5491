"""A stage that is recorded: its dataset, its entry in the registry, and what is kept when something breaks half-way."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from townlet.data import DatasetOrigin, DatasetWriter, open_dataset
from townlet.data.manifest import MANIFEST_NAME
from townlet.errors import TownletError
from townlet.play.stage import Stage
from townlet.registry import RunEntry, logged_run
from townlet.rollout import TrajectoryService
from townlet.signals import held_back

__all__ = ["Journal", "Recording", "recording"]

_BY_A_PERSON = "stopped by a person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Where runs are entered.

    Attributes:
        runs: the runs folder whose registry keeps them; None for no registry.
        kind: the command, such as ``rollout``.
        warn: is told what a person should know, such as a registry that cannot be written; the run goes on.
    """

    runs: Path | None = None
    kind: str = "play"
    warn: Callable[[str], None] = warnings.warn


@dataclass(slots=True)
class Recording:
    """What is recorded, while it is.

    Attributes:
        recorder: for the stage.
        run: the entry in the registry, or None.
        interrupted: whether a person ended the run; set it before the end.
        digest: of the dataset, when it is whole.
    """

    recorder: TrajectoryService
    run: str | None
    interrupted: bool = False
    digest: str | None = None


@contextmanager
def recording(
    stage: Stage, folder: Path, journal: Journal, *, tags: tuple[str, ...] = (), logits: bool = False
) -> Iterator[Recording]:
    """Record what a stage does in the body. The dataset and the entry are whole at the end.

    Whatever the body raises goes on, but nothing is lost: the ticks done by then are kept as a dataset marked
    incomplete with the reason, the run is entered as failed, and a note on the exception says where they lie.

    Args:
        stage: where the recording begins.
        folder: the dataset's.
        journal: where the run is entered.
        tags: words for the manifest.
        logits: whether what minds weighed is kept, too.

    Raises:
        DatasetError: the folder is there already, cannot be written, or nothing was recorded.
    """
    engine, first_tick = stage.engine, stage.tick
    origin = origin_of(stage, tags).model_copy(update={"logits": logits})
    # The writer first: where it cannot write, there is no run to enter.
    with DatasetWriter(folder, spec=engine.spec, origin=origin) as writer:
        for stale in writer.stale:
            journal.warn(f"a recording of this name was never finished:  townlet dataset recover {stale}")
        with logged_run(
            journal.runs, journal.kind, stage.job.config, origin.policy, folder=folder, warn=journal.warn
        ) as entry:
            parts = len(origin.reward_parts)
            recorder = TrajectoryService(
                writer,
                engine.spec,
                engine.rows,
                reward_parts=parts,
                logits=logits,
                think=writer.think,
                secure=writer.secure,
            )
            made = Recording(recorder, entry.id)
            try:
                with recorder:
                    yield made
            except (Exception, KeyboardInterrupt) as error:
                whole = stage.tick == first_tick + recorder.ticks  # else the figures tell of more than is kept
                with held_back():
                    _keep(writer, recorder, error, stage if whole else None)
                    made.digest = _enter(entry, folder)
                raise
            with held_back():
                interruption = _BY_A_PERSON if made.interrupted else None
                writer.close(stage.kpis().summary(), interruption=interruption, ledger=_accounts(stage))
                made.digest = _enter(entry, folder)
                entry.status = "interrupted" if made.interrupted else "done"


def origin_of(stage: Stage, tags: tuple[str, ...] = ()) -> DatasetOrigin:
    """What a dataset recorded on a stage says of itself."""
    engine, config = stage.engine, stage.job.config
    players = stage.players
    if stage.job.cast.alone:
        seats: list[list[int]] = []
    elif (players == players[0]).all():
        seats = [players[0].tolist()]
    else:
        seats = players.tolist()
    return DatasetOrigin(
        config=config.model_dump(mode="json"),
        config_id=config.config_id,
        policy=stage.provenance().to_json(),
        players=tuple(tuple(row) for row in seats),
        seeds=stage.job.seeds,
        agents=engine.agents,
        agent_names=engine.agent_names,
        reward_parts=engine.reward_part_names,
        tags=tags,
        first_tick=stage.tick,
    )


def _accounts(stage: Stage) -> list[dict[str, Any]]:
    return [each.to_json() for each in stage.ledgers()]


def _keep(writer: DatasetWriter, recorder: TrajectoryService, error: BaseException, stage: Stage | None) -> None:
    """Close the dataset with what is there, and note on the error what became of it; figures are those of ``stage``."""
    if not writer.open:
        return  # the error is that of a write that failed, and says what was kept
    if not recorder.ticks:
        error.add_note("nothing was recorded by then, so there is no dataset")
        return
    try:
        recorder.flush()
        kpis = {} if stage is None else stage.kpis().summary()
        kept = writer.close(kpis, interruption=_reason(error), ledger=[] if stage is None else _accounts(stage))
    except TownletError as problem:
        error.add_note(f"the recording could not be finished either: {problem}")
    else:
        error.add_note(f"the first {kept.ticks} ticks are complete and kept in {writer.path}, marked as incomplete")


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return _BY_A_PERSON
    return error.summary if isinstance(error, TownletError) else f"{type(error).__name__}: {error}"


def _enter(entry: RunEntry, folder: Path) -> str | None:
    """Enter the dataset, if it is there. Its digest."""
    if not (folder / MANIFEST_NAME).is_file():
        return None
    dataset = open_dataset(folder, verify=False)
    entry.dataset(dataset)
    entry.summary = {"ticks": dataset.ticks, "transitions": dataset.transitions, **dataset.metrics}
    return dataset.digest
