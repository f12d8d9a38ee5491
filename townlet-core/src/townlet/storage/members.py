"""Writing a file of a folder by the name that somebody else gave it."""

from __future__ import annotations

import os
from pathlib import Path

from townlet.errors import TownletError

__all__ = ["write_member"]

_DEPTH = 8


def write_member(folder: Path, name: str, content: bytes | memoryview, *, error: type[TownletError]) -> None:
    """Write the file ``name``, with ``/`` between folders, under ``folder``; it is on the disk afterwards.

    Raises:
        TownletError: of the class ``error``, if the name points outside the folder or lies too deep.
        OSError: it cannot be written, or is there already.
    """
    parts = name.split("/")
    plain = all(part not in ("", ".", "..") and not set(part) & set("\\:\0") for part in parts)
    if not plain or len(parts) > _DEPTH:
        raise error(f"the file name {name!r} points outside its folder", where=str(folder))
    file = folder.joinpath(*parts)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("xb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
