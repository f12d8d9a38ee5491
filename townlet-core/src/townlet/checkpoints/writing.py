"""Writing a checkpoint."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from townlet.api import API_VERSION, ObservationSpec, TownFacts
from townlet.checkpoints.files import list_files
from townlet.checkpoints.manifest import MANIFEST_NAME, CheckpointManifest, FileEntry
from townlet.checkpoints.reading import Checkpoint, read_checkpoint
from townlet.errors import CheckpointError
from townlet.storage import PartialFolder, canonical_bytes, canonical_digest, sha256_file
from townlet.storage.atomic import LOCK_NAME

__all__ = ["write_checkpoint"]


def write_checkpoint(
    path: str | Path,
    fill: Callable[[Path], None],
    *,
    backend: str,
    spec: ObservationSpec,
    config_digest: str,
    parent: str | Path | None = None,
    metrics: Mapping[str, float] | None = None,
    facts: TownFacts | None = None,
    **identity: str,
) -> Checkpoint:
    """Write the new checkpoint ``path``, whole or not at all.

    Args:
        path: a folder that does not exist, or is empty.
        fill: writes the files into the folder that it is given, subfolders too.
        backend: the backend that can load it.
        spec: the observations that it was taught on.
        config_digest: of the config that it was taught with.
        parent: the checkpoint that it was trained from; its digest is kept.
        metrics: what it reached; numbers that are not finite are left out.
        facts: the town that it was taught in.
        identity: any of ``distribution``, ``version``, ``config_id``, ``fingerprint``.

    Raises:
        CheckpointError: the folder is there already, the disk is full, or the parent is damaged. Whatever
            ``fill`` raises comes through, with nothing left behind.
    """
    ancestor = read_checkpoint(parent).digest if parent is not None else None
    folder = PartialFolder(Path(path), error=CheckpointError)
    try:
        fill(folder.path)
        files = {}
        for name in list_files(folder.path, ignore=frozenset({LOCK_NAME})):
            file = folder.path / name
            _synchronise(file)
            files[name] = FileEntry(size=file.stat().st_size, sha256=sha256_file(file))
        if not files:
            raise CheckpointError("the checkpoint would be empty: no file was written", where=str(path))
        plain = {name: float(value) for name, value in (metrics or {}).items()}
        manifest = CheckpointManifest.model_validate(
            {
                "created": datetime.now(UTC).isoformat(),
                "backend": backend,
                "contract": API_VERSION,
                "facts": None if facts is None else facts.to_json(),
                "observation": spec.to_json(),
                "observation_fingerprint": spec.fingerprint(),
                "config_digest": config_digest,
                "parent": ancestor,
                "metrics": {name: value for name, value in plain.items() if value - value == 0.0},
                "files": files,
                **identity,
            }
        )
        document = manifest.model_dump(mode="json")
        digest = canonical_digest(document)
        (folder.path / MANIFEST_NAME).write_bytes(canonical_bytes({**document, "digest": digest}))
        _synchronise(folder.path / MANIFEST_NAME)
    except OSError as problem:
        folder.abandon()
        raise CheckpointError(
            f"cannot write the checkpoint: {problem.strerror or problem}",
            where=str(path),
            details=("nothing was kept; earlier checkpoints are unchanged",),
        ) from problem
    except BaseException:
        folder.abandon()
        raise
    return Checkpoint(folder.commit(), manifest, digest)


def _synchronise(file: Path) -> None:
    with file.open("r+b") as handle:
        os.fsync(handle.fileno())
