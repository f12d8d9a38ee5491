"""What a training checkpoint holds beside the weights: where the run stands, and the towns it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from townlet.api import ObservationSpec
from townlet.checkpoints import read_checkpoint, write_checkpoint
from townlet.config.root import TownletConfig, config_digest
from townlet.errors import CheckpointError
from townlet.observations import town_facts
from townlet.storage import read_file
from townlet.training.experience.source import ExperienceSource
from townlet.training.learner.guarded import GuardedLearner
from townlet.training.run.state import TrainingState

__all__ = ["load_training_state", "save_checkpoint", "towns_folder"]

_FOLDER, _STATE, _TOWNS = "training", "state.json", "towns"


def save_checkpoint(
    path: Path,
    learner: GuardedLearner,
    spec: ObservationSpec,
    config: TownletConfig,
    state: TrainingState,
    *,
    metrics: Mapping[str, float],
    experience: ExperienceSource | None,
    parent: Path | None,
) -> None:
    """Write the learner, ``state`` and, if given, the towns under way into the new folder ``path``.

    Args:
        path: must not exist.
        learner: who learns.
        spec: what it sees.
        config: the run's.
        state: where the run stands.
        metrics: how good the learner is, by name.
        experience: whose towns are to be gone on with; None for none.
        parent: the checkpoint before.
    """

    def fill(folder: Path) -> None:
        learner.save(folder)
        training = folder / _FOLDER
        training.mkdir()
        (training / _STATE).write_text(state.model_dump_json(indent=1), encoding="utf-8")
        if experience is not None:
            (training / _TOWNS).mkdir()
            experience.save(training / _TOWNS)

    told = learner.provenance
    write_checkpoint(
        path,
        fill,
        spec=spec,
        config_digest=config_digest(config),
        facts=town_facts(config.town),
        config_id=config.config_id,
        fingerprint=learner.policy.fingerprint(),
        backend=told.active,
        distribution=told.distribution or "",
        version=told.version or "",
        metrics=metrics,
        parent=parent,
    )


def load_training_state(path: Path, spec: ObservationSpec) -> TrainingState:
    """Where the run stood when the checkpoint was written, its digests checked.

    Raises:
        CheckpointError: if the checkpoint is damaged, does not fit, or was not written by training.
    """
    checkpoint = read_checkpoint(path, spec)
    file = checkpoint.path / _FOLDER / _STATE
    if not file.exists():
        raise CheckpointError("the checkpoint is not one to resume training from", where=str(path))
    try:
        return TrainingState.model_validate_json(read_file(file, error=CheckpointError))
    except ValidationError as error:
        raise CheckpointError(
            "the checkpoint's state of training cannot be read",
            where=str(file),
            details=(str(error.errors()[0]["msg"]),),
        ) from None


def towns_folder(path: Path) -> Path:
    """Where the towns of the checkpoint ``path`` lie."""
    return path / _FOLDER / _TOWNS
