"""What a training checkpoint holds beside the weights: where the run stands, and the towns it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, Unpack

from pydantic import ValidationError

from townlet.api import LearnerProtocol, ObservationSpec
from townlet.checkpoints import read_checkpoint, write_checkpoint
from townlet.config.root import TownletConfig, config_digest
from townlet.errors import CheckpointError
from townlet.observations import town_facts
from townlet.training.experience import Experience
from townlet.training.progress import Progress

__all__ = ["load_progress", "save_checkpoint", "towns_folder"]

_FOLDER, _PROGRESS, _TOWNS = "training", "progress.json", "towns"


class ManifestFields(TypedDict):
    """What the manifest says of the learner, of its past and of how good it is."""

    backend: str
    distribution: str
    version: str
    metrics: Mapping[str, float]
    parent: Path | None


def save_checkpoint(
    path: Path,
    learner: LearnerProtocol,
    spec: ObservationSpec,
    config: TownletConfig,
    progress: Progress,
    experience: Experience | None = None,
    **manifest: Unpack[ManifestFields],
) -> None:
    """Write the learner, ``progress`` and, if given, the towns under way into the new folder ``path``."""

    def fill(folder: Path) -> None:
        learner.save(folder)
        training = folder / _FOLDER
        training.mkdir()
        (training / _PROGRESS).write_text(progress.model_dump_json(indent=1), encoding="utf-8")
        if experience is not None:
            (training / _TOWNS).mkdir()
            experience.save(training / _TOWNS)

    write_checkpoint(
        path,
        fill,
        spec=spec,
        config_digest=config_digest(config),
        facts=town_facts(config.town),
        config_id=config.config_id,
        fingerprint=learner.policy.fingerprint(),
        **manifest,
    )


def load_progress(path: Path, spec: ObservationSpec) -> Progress:
    """Where the run stood when the checkpoint was written, its digests checked.

    Raises:
        CheckpointError: if the checkpoint is damaged, does not fit, or was not written by training.
    """
    checkpoint = read_checkpoint(path, spec)
    file = checkpoint.path / _FOLDER / _PROGRESS
    try:
        return Progress.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise CheckpointError("the checkpoint is not one to resume training from", where=str(path)) from None
    except ValidationError as error:
        raise CheckpointError(
            "the checkpoint's progress cannot be read", where=str(file), details=(str(error.errors()[0]["msg"]),)
        ) from None


def towns_folder(path: Path) -> Path:
    """Where the towns of the checkpoint ``path`` lie."""
    return path / _FOLDER / _TOWNS
