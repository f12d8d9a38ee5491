"""A file or folder by the digest of its bytes, with the place where they were when it was named."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from townlet.errors import CheckpointError, ContractError
from townlet.storage import PartialFolder, open_regular, sha256_file, write_member

__all__ = ["Parcel", "Stored", "digest_of"]


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that a job needs.

    Attributes:
        digest: names them: the digest of a checkpoint's or snapshot's manifest, or of a foreign file.
        path: where they lay when the spec was made; absolute.
    """

    digest: str
    path: Path

    def read(self) -> Parcel:
        """The bytes themselves, to be sent to where they are needed.

        Raises:
            CheckpointError: if there is nothing, or it cannot be read.
        """
        try:
            if self.path.is_file():
                return Parcel(self.digest, {self.path.name: _bytes(self.path)}, alone=True)
            if not self.path.is_dir():
                raise CheckpointError("there is no such checkpoint", where=str(self.path))
            inside = sorted(file for file in self.path.rglob("*") if file.is_file())
            files = {file.relative_to(self.path).as_posix(): _bytes(file) for file in inside}
        except OSError as problem:
            raise CheckpointError(f"it cannot be read: {problem.strerror}", where=str(self.path)) from problem
        return Parcel(self.digest, files)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"digest": self.digest, "path": str(self.path)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote. Raises ContractError for anything else."""
        try:
            return cls(str(data["digest"]), Path(str(data["path"])))
        except (KeyError, TypeError) as error:
            raise ContractError(f"not a stored file: {error!r}") from error


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is stored, as named byte strings; nothing in it is live, so that it can be sent anywhere.

    That they are the right bytes is checked where a mind or a stage is opened from them.

    Attributes:
        digest: as of :class:`Stored`.
        files: name, with ``/`` between folders, to content.
        alone: whether it is one file and not a folder of them.
    """

    digest: str
    files: Mapping[str, bytes]
    alone: bool = False

    def write(self, folder: str | Path) -> Path:
        """Write it below ``folder``, in a folder called after the digest, whole or not at all.

        What lies there already is left alone, so several processes may share ``folder``.

        Returns:
            Where the bytes are: the place for ``Admission(stored={parcel.digest: place})``.

        Raises:
            CheckpointError: if a name points outside, or it cannot be written.
        """
        target = Path(folder) / self.digest
        if not target.is_dir():
            self._write(target)
        return target / next(iter(self.files)) if self.alone else target

    def _write(self, target: Path) -> None:
        try:
            with PartialFolder(target, error=CheckpointError) as partial:
                for name, content in self.files.items():
                    write_member(partial.path, name, content, error=CheckpointError)
        except CheckpointError:
            if not target.is_dir():  # else somebody else was faster
                raise
        except OSError as problem:
            raise CheckpointError(f"it cannot be written: {problem.strerror}", where=str(target)) from problem


def digest_of(path: Path) -> str:
    """SHA-256 (hex) of a file, or of the names and digests of all files in a folder.

    Raises:
        CheckpointError: if there is nothing, or it cannot be read.
    """
    try:
        if path.is_file():
            return sha256_file(path)
        if not path.is_dir():
            raise CheckpointError("there is no such checkpoint", where=str(path))
        whole = hashlib.sha256()
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            whole.update(f"{file.relative_to(path).as_posix()} {sha256_file(file)}\n".encode())
        return whole.hexdigest()
    except OSError as problem:
        raise CheckpointError(f"the checkpoint cannot be read: {problem.strerror}", where=str(path)) from problem


def _bytes(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.read()
