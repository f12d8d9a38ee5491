"""Names of files inside a folder that somebody else may have written."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from townlet.errors import TownletError

__all__ = ["member_path"]

# Plain on every system: no separators, no drive letters, no device names with a colon, no leading dot.
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}")


def member_path(folder: Path, name: str, *, error: type[TownletError]) -> Path:
    """The path of the regular file ``name`` directly inside ``folder``.

    Raises:
        TownletError: of the kind ``error``, if the name points anywhere else (``..``, an absolute path, a
            separator), or the file is missing or a link.
    """
    if not _PLAIN.fullmatch(name) or ".." in name:
        raise error(
            f"the file name {name!r} points outside its folder or is not plain",
            where=str(folder),
            details=("only letters, digits, '_', '-' and '.' are allowed, without folders",),
        )
    path = folder / name
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        raise error(f"{name} is missing", where=str(folder)) from None
    except OSError as problem:
        raise error(f"{name} cannot be read: {problem.strerror}", where=str(folder)) from problem
    if not stat.S_ISREG(mode):
        raise error(f"{name} is not a regular file (a link or a folder)", where=str(folder))
    return path
