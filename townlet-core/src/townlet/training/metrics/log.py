"""``metrics.jsonl``: one JSON object a line, appended as training goes, cut back to a checkpoint on resume."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from townlet.errors import CheckpointError
from townlet.storage import open_regular, read_json_lines

__all__ = ["MetricsLog", "read_metrics"]

Value = float | int | str | None

METRICS_LIMIT_BYTES = 4 << 30
"""Size allowed of a metrics file: some ten million updates."""


class MetricsLog:
    """The metrics of one run, in a file that survives being killed.

    A line is written and flushed whole. :meth:`sync` makes sure of the disk; it is called before a checkpoint
    that refers to the number of lines.

    Args:
        path: the file; created where it does not exist.
        lines: how many lines to keep of what is there; more are cut off. None keeps all whole lines.

    Raises:
        CheckpointError: if the file has fewer whole lines than ``lines``.
    """

    def __init__(self, path: Path, *, lines: int | None = None) -> None:
        self.path = path
        self.lines, offset = _whole_lines(path, lines)
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(offset)
        self._file.seek(offset)

    def append(self, fields: Mapping[str, Value]) -> None:
        """Write one line; numbers that are not finite become ``null``."""
        clean = {key: _finite(value) for key, value in fields.items()}
        self._file.write(json.dumps(clean, separators=(",", ":"), allow_nan=False).encode() + b"\n")
        self._file.flush()
        self.lines += 1

    def sync(self) -> None:
        """Return when everything written is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._file.close()

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_metrics(path: Path) -> list[dict[str, Value]]:
    """The lines of a metrics file; a last line that was cut by a kill is left out.

    Raises:
        CheckpointError: if another line is not a JSON object; it is named.
    """
    if not path.exists():
        return []
    return read_json_lines(path, error=CheckpointError, limit=METRICS_LIMIT_BYTES)


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _whole_lines(path: Path, lines: int | None) -> tuple[int, int]:
    """How many whole lines to keep, and where the last of them ends in the file."""
    if not path.exists():
        if lines:
            raise CheckpointError(
                f"{path.name} is missing, but the checkpoint was written after its line {lines}", where=str(path)
            )
        return 0, 0
    try:
        with open_regular(path) as file:
            content = file.read()
    except OSError as problem:
        raise CheckpointError(f"{path.name} cannot be read: {problem.strerror}", where=str(path)) from problem
    found = content.count(b"\n")
    keep = found if lines is None else lines
    if keep > found:
        raise CheckpointError(
            f"{path.name} has {found} lines, but the checkpoint was written after line {keep}", where=str(path)
        )
    offset = 0
    for _ in range(keep):
        offset = content.index(b"\n", offset) + 1
    return keep, offset
