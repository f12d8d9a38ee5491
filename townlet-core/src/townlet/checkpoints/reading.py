"""Reading a checkpoint: nothing of it is used before every digest in it was checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from townlet.api import API_VERSION, ObservationSpec, TownFacts
from townlet.checkpoints.files import inner_path, list_files
from townlet.checkpoints.manifest import MANIFEST_NAME, SCHEMA_VERSION, CheckpointManifest
from townlet.checkpoints.pointers import resolve_checkpoint
from townlet.errors import CheckpointError, ContractError
from townlet.plugins.names import canonical as canonical_name
from townlet.storage import canonical_bytes, member_path, read_json_document, sha256_file

__all__ = ["Checkpoint", "parse_manifest", "read_checkpoint"]

_MOST = 4
_NAMES_ALONE = "version 1 held the names of what is observed, but not their meaning; train again"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A verified checkpoint.

    Attributes:
        path: its folder, pointers followed.
        manifest: what it says about itself.
        digest: of the manifest, and with it of every file.
    """

    path: Path
    manifest: CheckpointManifest
    digest: str


def read_checkpoint(
    path: str | Path, spec: ObservationSpec | None = None, *, backend: str | None = None, verify: bool = True
) -> Checkpoint:
    """Open a checkpoint and verify it.

    Args:
        path: its folder; or a pointer such as ``checkpoints/best``; or a run's folder, whose best is meant.
        spec: refuse it unless it was taught on these observations.
        backend: refuse it unless this backend wrote it; its own name, not an alias.
        verify: compare the digest of every file; without, names and sizes only.

    Raises:
        CheckpointError: no checkpoint, damaged, incomplete, with foreign files, of another backend (both are
            named), or of other observations; the first difference is named.
    """
    folder = resolve_checkpoint(Path(path))
    document = read_json_document(member_path(folder, MANIFEST_NAME, error=CheckpointError), error=CheckpointError)
    manifest, digest = parse_manifest(document, str(folder / MANIFEST_NAME))
    if backend is not None and canonical_name(manifest.backend) != canonical_name(backend):
        raise CheckpointError(
            f"the checkpoint was written by backend {manifest.maker}; {backend!r} cannot load it",
            where=str(folder),
            details=(f"use it as:  {manifest.backend}:{folder}",),
        )
    if spec is not None and (difference := spec.first_difference(manifest.spec())):
        raise CheckpointError(
            f"the checkpoint was trained on different observations: {difference}",
            where=str(folder),
            details=(
                *spec.differences(manifest.spec())[1:_MOST],
                *_asked_elsewhere(spec, manifest, folder),
                "'here' is this town, 'there' the checkpoint; a policy acts only on observations it was trained on",
            ),
        )
    foreign = sorted(set(list_files(folder)) - set(manifest.files))
    for name, entry in manifest.files.items():
        file = inner_path(folder, name)
        size = file.stat().st_size
        if size != entry.size:
            raise CheckpointError(f"{name} has {size} bytes instead of {entry.size}", where=str(folder))
        if verify and _digest(file, name, folder) != entry.sha256:
            raise CheckpointError(f"{name} is damaged: its digest is not the one in the manifest", where=str(folder))
    if foreign:
        raise CheckpointError(f"{foreign[0]} is not listed in the manifest", where=str(folder))
    return Checkpoint(folder, manifest, digest)


def _asked_elsewhere(spec: ObservationSpec, manifest: CheckpointManifest, folder: Path) -> tuple[str, ...]:
    """Where a mind that chooses goals could still act in this town: in a cast, which asks it for goals."""
    if spec.action_space != "primitive" or manifest.spec().action_space != "goals":
        return ()
    return (f"in a cast it is asked for goals:  --cast '*={manifest.backend}:{folder}'",)


def _digest(file: Path, name: str, folder: Path) -> str:
    try:
        return sha256_file(file)
    except OSError as problem:
        raise CheckpointError(f"{name} cannot be read: {problem.strerror}", where=str(folder)) from problem


def parse_manifest(document: dict[str, object], where: str) -> tuple[CheckpointManifest, str]:
    """The manifest in a JSON document (without its entry ``digest``, which is taken out) and that digest.

    Raises:
        CheckpointError: another format or version, a wrong field, or a contradiction; names ``where``.
    """
    digest = document.pop("digest", None)
    if document.get("format") != "townlet-checkpoint":
        raise CheckpointError("this is not the manifest of a checkpoint", where=where)
    if document.get("schema_version") != SCHEMA_VERSION:
        raise CheckpointError(
            f"schema version {document.get('schema_version')!r} cannot be read; this Townlet reads {SCHEMA_VERSION}",
            where=where,
            details=() if document.get("schema_version") != 1 else (_NAMES_ALONE,),
        )
    if not isinstance(digest, str):
        raise CheckpointError("the manifest has no digest", where=where)
    try:
        manifest = CheckpointManifest.model_validate_json(canonical_bytes(document))
        fingerprint = manifest.spec().fingerprint()
        if manifest.facts is not None:
            TownFacts.from_json(manifest.facts)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CheckpointError(f"the manifest is wrong at {place!r}: {first['msg']}", where=where) from None
    except ContractError as problem:
        raise CheckpointError(f"the manifest is wrong: {problem.summary}", where=where) from None
    if manifest.contract > API_VERSION:
        raise CheckpointError(
            f"the checkpoint was written under version {manifest.contract} of the contract; this Townlet knows "
            f"{API_VERSION}",
            where=where,
        )
    if fingerprint != manifest.observation_fingerprint:
        raise CheckpointError("the manifest's fingerprint does not match its observation spec", where=where)
    return manifest, digest
