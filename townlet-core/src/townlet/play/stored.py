"""A file or folder by the digest of its bytes, with the place where they were when it was named."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from townlet.errors import CheckpointError, ContractError
from townlet.storage import sha256_file

__all__ = ["Stored", "digest_of"]


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that a job needs.

    Attributes:
        digest: names them: the digest of a checkpoint's or snapshot's manifest, or of a foreign file.
        path: where they lay when the spec was made; absolute.
    """

    digest: str
    path: Path

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
