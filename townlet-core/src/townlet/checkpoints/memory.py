"""Checkpoints in memory: named byte strings, with which a mind travels to where no file of its maker's can be seen."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from townlet.api import ObservationSpec, TownFacts
from townlet.checkpoints.manifest import MANIFEST_NAME, CheckpointManifest
from townlet.checkpoints.reading import Checkpoint, parse_manifest, read_checkpoint
from townlet.checkpoints.writing import write_checkpoint
from townlet.errors import CheckpointError
from townlet.storage import PartialFolder, canonical_bytes, canonical_digest, parse_json, write_member

__all__ = ["CheckpointBytes"]


@dataclass(frozen=True, slots=True)
class CheckpointBytes:
    """A checkpoint as a set of named byte strings: what its folder holds, ``manifest.json`` apart.

    Made by :meth:`read` from a folder, by :meth:`make` from whatever saves itself, or from bytes that arrived. It
    can be sent anywhere (nothing in it is live) and becomes a folder again by :meth:`write`.

    Attributes:
        manifest: what the checkpoint says about itself.
        files: name, with ``/`` between folders, to content; a copy that cannot be changed is kept.

    Raises:
        CheckpointError: if files and manifest do not agree: a name, a size or a digest.
    """

    manifest: CheckpointManifest
    files: Mapping[str, bytes]

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", MappingProxyType(dict(self.files)))
        odd = sorted(set(self.files) ^ set(self.manifest.files))
        if odd:
            raise CheckpointError(f"{odd[0]} is in the manifest or among the files, but not in both")
        for name, content in self.files.items():
            entry = self.manifest.files[name]
            if len(content) != entry.size or hashlib.sha256(content).hexdigest() != entry.sha256:
                raise CheckpointError(f"{name} is damaged: its digest is not the one in the manifest")

    @property
    def digest(self) -> str:
        """That of the manifest, and with it of every file: the name of the checkpoint wherever it lies."""
        return canonical_digest(self.manifest.model_dump(mode="json"))

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(content) for content in self.files.values())

    @classmethod
    def read(cls, checkpoint: Checkpoint) -> CheckpointBytes:
        """The bytes of a checkpoint that lies in a folder. Raises CheckpointError if they have changed since."""
        try:
            files = {name: (checkpoint.path / name).read_bytes() for name in checkpoint.manifest.files}
        except OSError as problem:
            raise CheckpointError(f"it cannot be read: {problem.strerror}", where=str(checkpoint.path)) from problem
        return cls(checkpoint.manifest, files)

    @classmethod
    def make(
        cls,
        fill: Callable[[Path], None],
        *,
        backend: str,
        spec: ObservationSpec,
        config_digest: str,
        facts: TownFacts | None = None,
        distribution: str = "",
        version: str = "",
    ) -> CheckpointBytes:
        """What ``fill`` writes, such as ``learner.save``. Arguments and errors as of :func:`write_checkpoint`."""
        with tempfile.TemporaryDirectory(prefix="townlet-") as folder:
            written = write_checkpoint(
                Path(folder) / "checkpoint",
                fill,
                backend=backend,
                spec=spec,
                config_digest=config_digest,
                facts=facts,
                distribution=distribution,
                version=version,
            )
            return cls.read(written)

    @classmethod
    def from_members(cls, members: Mapping[str, bytes]) -> CheckpointBytes:
        """Read what :meth:`members` gave. Raises CheckpointError for anything else."""
        rest = dict(members)
        try:
            raw = rest.pop(MANIFEST_NAME)
        except KeyError as problem:
            raise CheckpointError(f"this is not a checkpoint: {problem!r}") from problem
        document = parse_json(raw, where=MANIFEST_NAME, what="the manifest", error=CheckpointError)
        if not isinstance(document, dict):
            raise CheckpointError("this is not a checkpoint: the manifest is not a JSON object")
        manifest, digest = parse_manifest(document, MANIFEST_NAME)
        found = cls(manifest, rest)
        if found.digest != digest:
            raise CheckpointError("the manifest is damaged: its digest does not match", where=MANIFEST_NAME)
        return found

    def members(self) -> dict[str, bytes]:
        """All files by name, ``manifest.json`` among them: plain bytes, for any way of sending them."""
        document = self.manifest.model_dump(mode="json")
        return {MANIFEST_NAME: canonical_bytes({**document, "digest": self.digest}), **self.files}

    def write(self, path: str | Path) -> Checkpoint:
        """Make it the folder ``path``, whole or not at all; where this very checkpoint lies there, it is left alone.

        Raises:
            CheckpointError: something else is there, a name points outside the folder, or the disk is full.
        """
        path = Path(path)
        if (path / MANIFEST_NAME).is_file():
            found = read_checkpoint(path)
            if found.digest == self.digest:
                return found
        folder = PartialFolder(path, error=CheckpointError)
        try:
            for name, content in self.members().items():
                write_member(folder.path, name, content, error=CheckpointError)
        except OSError as problem:
            folder.abandon()
            raise CheckpointError(f"cannot write the checkpoint: {problem.strerror}", where=str(path)) from problem
        except BaseException:
            folder.abandon()
            raise
        return Checkpoint(folder.commit(), self.manifest, self.digest)
