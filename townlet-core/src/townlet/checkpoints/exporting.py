"""A checkpoint made into one of another backend, which can play the policy without the framework that taught it."""

from __future__ import annotations

from pathlib import Path

from townlet.api import TownFacts
from townlet.checkpoints.reading import Checkpoint
from townlet.checkpoints.writing import write_checkpoint
from townlet.errors import UsageError
from townlet.plugins.choosing import installed
from townlet.plugins.exporting import export_policy
from townlet.plugins.known import known_backends
from townlet.plugins.rows import BackendRow

__all__ = ["export_checkpoint", "playing_backend"]


def playing_backend(form: str) -> BackendRow | None:
    """The installed backend that has a format's name and reads checkpoints: what is exported is one for it.

    Raises:
        UsageError: if the format is that of a backend that core knows, and that is not installed.
    """
    row = installed(form)
    if row is None and form in known_backends():
        raise UsageError(
            f"an export as {form!r} is a checkpoint for the backend of that name, which is not installed",
            details=(f"install it with:  pip install {known_backends()[form].distribution}",),
        )
    reads = row is not None and row.manifest is not None and "checkpoint" in row.manifest.capabilities
    return row if reads else None


def export_checkpoint(found: Checkpoint, row: BackendRow, path: Path) -> Checkpoint:
    """Write the new checkpoint ``path``: the policy of another one, in the form that a backend plays.

    What the mind was taught on, in which town, and what it reached goes with it; the other checkpoint is its parent.

    Args:
        found: the checkpoint, of a backend that exports the form.
        row: the backend that is to play it, as :func:`playing_backend` gives it.
        path: a folder that does not exist, or is empty.

    Raises:
        UsageError, BackendError: as :func:`~townlet.plugins.exporting.export_policy`.
        CheckpointError: as :func:`~townlet.checkpoints.write_checkpoint`.
    """
    taught = found.manifest

    def fill(folder: Path) -> None:
        export_policy(
            str(taught.backend),
            spec=taught.spec(),
            checkpoint=found.path,
            format=row.name,
            target=folder / f"model.{row.name}",
        )

    return write_checkpoint(
        path,
        fill,
        backend=row.name,
        spec=taught.spec(),
        config_digest=taught.config_digest,
        parent=found.path,
        metrics=taught.metrics,
        facts=None if taught.facts is None else TownFacts.from_json(taught.facts),
        distribution=row.distribution,
        version=row.version,
        config_id=taught.config_id,
    )
