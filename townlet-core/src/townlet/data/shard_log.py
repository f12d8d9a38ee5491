"""What a recording writes down while it is made, so that its complete shards can be recovered if it is killed.

One line of JSON for what it is, one for each shard that has reached the disk. The manifest takes its place at the end.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from townlet.api import ObservationSpec
from townlet.data.assembly import RecordingHead
from townlet.data.manifest import DatasetOrigin, SegmentEntry, ShardEntry
from townlet.data.shards import shard_name
from townlet.errors import ContractError, DatasetError
from townlet.storage import member_path, parse_json, read_file

__all__ = ["LOG_NAME", "LoggedRecording", "ShardLog", "read_shard_log"]

LOG_NAME = "shards.jsonl"
_FORMAT = {"format": "townlet-recording", "schema_version": 1}
_LIMIT_BYTES = 256 << 20
_TAIL = re.compile(r"tail-\d{5,}-[01]\.safetensors")


class ShardLog:
    """The log of the recording in ``folder``. Where it cannot be written the recording goes on without it."""

    def __init__(self, folder: Path, subject: RecordingHead) -> None:
        self._path = folder / LOG_NAME
        self._works = True
        self._append(
            {
                **_FORMAT,
                "observation": subject.spec.to_json(),
                "origin": subject.origin.model_dump(mode="json"),
                "layout": subject.layout,
                "derived_from": None if subject.derived_from is None else dict(subject.derived_from),
            }
        )

    def shard(self, entry: ShardEntry, segment: SegmentEntry) -> None:
        """Enter a shard that is whole on the disk, and the segment that it belongs to."""
        self._append({"shard": entry.model_dump(mode="json"), "segment": segment.model_dump(mode="json")})

    def tail(self, file_name: str, entry: ShardEntry, segment: SegmentEntry) -> None:
        """Enter what there is of a shard to come, in a file of another name."""
        shard = {"shard": entry.model_dump(mode="json"), "segment": segment.model_dump(mode="json")}
        self._append({"tail": file_name, **shard})

    def _append(self, line: Mapping[str, Any]) -> None:
        if not self._works:
            return
        try:
            with self._path.open("ab") as file:
                file.write(json.dumps(line, allow_nan=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except (OSError, ValueError):  # a disk that is full soon stops the recording itself, which says so
            self._works = False

    def remove(self) -> None:
        """The manifest takes its place."""
        self._works = False
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class LoggedRecording:
    """What a shard log tells.

    Attributes:
        subject: what was recorded.
        shards: entered by then, each with its segment.
        tails: what there was of the shard after the last one: file name, entry, segment; the newest last.
    """

    subject: RecordingHead
    shards: tuple[tuple[ShardEntry, SegmentEntry], ...]
    tails: tuple[tuple[str, ShardEntry, SegmentEntry], ...] = ()

    @property
    def ticks(self) -> int:
        """Ticks that are listed, those of the newest tail included."""
        return sum(entry.ticks for entry, _ in self.shards) + (self.tails[-1][1].ticks if self.tails else 0)


def read_shard_log(folder: Path) -> LoggedRecording:
    """Read the shard log in ``folder``; a last line that was cut off is left out.

    Raises:
        DatasetError: there is none, or it cannot be read.
    """
    path = member_path(folder, LOG_NAME, error=DatasetError)
    try:
        lines = read_file(path, error=DatasetError, limit=_LIMIT_BYTES).split(b"\n")
        head = parse_json(lines[0], where=str(path), what="its first line", error=DatasetError)
        if {key: head.get(key) for key in _FORMAT} != _FORMAT:
            raise ValueError("it is not the shard log of a recording that this Townlet can read")
        derived_from = head["derived_from"]
        subject = RecordingHead(
            spec=ObservationSpec.from_json(head["observation"]),
            origin=DatasetOrigin.model_validate(head["origin"]),
            layout=str(head["layout"]),
            derived_from=None if derived_from is None else dict(derived_from),
        )
        return LoggedRecording(subject, *_entries(lines[1:]))
    except (ValueError, KeyError, TypeError, AttributeError, ContractError, ValidationError) as problem:
        raise DatasetError(f"{LOG_NAME} cannot be read: {problem}", where=str(path)) from None


def _entries(
    lines: list[bytes],
) -> tuple[tuple[tuple[ShardEntry, SegmentEntry], ...], tuple[tuple[str, ShardEntry, SegmentEntry], ...]]:
    shards: list[tuple[ShardEntry, SegmentEntry]] = []
    tails: list[tuple[str, ShardEntry, SegmentEntry]] = []
    for line in lines:
        try:
            document = parse_json(line, where=LOG_NAME, what="this line", error=DatasetError)
            entry = ShardEntry.model_validate(document["shard"])
            segment = SegmentEntry.model_validate(document["segment"])
            if (name := document.get("tail")) is None:
                shards.append((entry, segment))
            elif _TAIL.fullmatch(name):
                tails.append((name, entry, segment))
        except (DatasetError, ValueError, KeyError, TypeError, AttributeError):
            break  # cut off by the kill, and so is whatever follows
    coming = shard_name(len(shards))
    return tuple(shards), tuple(tail for tail in tails if tail[1].name == coming)
