"""Room on a disk, taken before the work by libraries that cannot be told that there is none."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

from townlet.errors import TownletError

__all__ = ["require_room"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def require_room(folder: Path, size: int, *, what: str, where: Path, error: type[TownletError]) -> None:
    """Make sure that ``size`` bytes can be written in ``folder``: they are taken, and given back.

    Quotas, limits of a file's size and space that is kept for root count, where the system takes space for real.

    Args:
        folder: where; it is there.
        size: bytes.
        what: for the message, such as ``this export``.
        where: the place for messages.
        error: kind of the error.

    Raises:
        TownletError: of the kind ``error``: there is less room.
        OSError: nothing can be written there.
    """
    place = folder / ".room"
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, max(size, 1))
        elif shutil.disk_usage(folder).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as problem:
        if problem.errno not in _FULL:
            raise
        free = shutil.disk_usage(folder).free
        raise error(
            f"{what} may take {_mebibytes(size)}; {_mebibytes(free)} are free on this disk"
            if free < size
            else f"{what} may take {_mebibytes(size)}: {problem.strerror}",
            where=str(where),
            details=("make room, or write to another disk",),
        ) from None
    finally:
        os.close(handle)
        with contextlib.suppress(OSError):
            place.unlink()


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
