"""What minds said while they were recorded: plans, their reasons, and why there was none. One line of JSON each.

Beside the arrays of a dataset, in a file of its own that the manifest lists with its digest; datasets of minds that say
nothing have none. Datasets that are cut from others do not take it along.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from heapq import merge
from io import BufferedWriter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from townlet.api import ObservationSpec, Thought
from townlet.errors import DatasetError
from townlet.storage import member_path, open_regular, parse_json, sha256_file

if TYPE_CHECKING:
    from townlet.data.dataset import Dataset

__all__ = ["THOUGHTS_NAME", "RecordedThought", "ThoughtLog", "ThoughtsEntry", "by_rows", "merged", "read_thoughts"]

THOUGHTS_NAME = "thoughts.jsonl"
_MOST_BYTES = 4 << 30
_LONGEST_LINE = 64 << 10

_Count = Annotated[int, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ThoughtsEntry(_Model):
    """The file of what minds said."""

    name: Literal["thoughts.jsonl"] = Field("thoughts.jsonl", description="File name inside the folder.")
    lines: Annotated[int, Field(ge=1)] = Field(description="Thoughts in it.")
    size: Annotated[int, Field(ge=1, le=_MOST_BYTES)] = Field(description="Bytes of the file.")
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(description="Digest of the file.")


class RecordedThought(_Model):
    """A line of the file: what became known of an agent's mind on a tick."""

    tick: _Count = Field(description="Tick of the decision that it came with.")
    world: _Count = Field(description="Number of the town.")
    slot: _Count = Field(description="Slot of the agent; its name stands in the manifest.")
    asked: int = Field(description="Tick of the question.")
    steps: tuple[tuple[str, Annotated[int, Field(ge=1)]], ...] = Field(
        (), description="Of a plan: each action and how many times in a row."
    )
    until: tuple[tuple[str, str, float], ...] = Field(
        (), description="Of a plan: what ends it early: kind, feature or empty, limit."
    )
    reasons: str = Field("", description="Of a plan: why, in the mind's own words. Plain text of a stranger.")
    failure: str = Field("", description="Why no plan came of the question.")
    dropped: str = Field("", description="Why the plan was given up before its end.")

    @classmethod
    def of(cls, thought: Thought, tick: int, agents: int, spec: ObservationSpec) -> Self:
        """A thought of a decision on ``tick`` in towns of ``agents`` slots."""
        world, slot = divmod(thought.row, agents)
        more: dict[str, Any] = {"failure": thought.failure, "dropped": thought.dropped}
        if thought.plan is not None:
            names = spec.action_names
            more = {
                "steps": tuple((names[step.action], step.ticks) for step in thought.plan.steps),
                "until": tuple((each.kind, each.feature, float(each.limit)) for each in thought.plan.until),
                "reasons": thought.plan.reasons,
            }
        return cls(tick=tick, world=world, slot=slot, asked=thought.asked, **more)

    def line(self) -> bytes:
        """As it stands in the file."""
        plain = self.model_dump(mode="json", exclude_defaults=True)
        return json.dumps(plain, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode() + b"\n"


class ThoughtLog:
    """Writes the file in ``folder``, from the first thought on."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / THOUGHTS_NAME
        self._file: BufferedWriter | None = None

    def write(self, thoughts: Iterator[RecordedThought]) -> None:
        """Keep these, in their order. Raises OSError."""
        for thought in thoughts:
            if self._file is None:
                self._file = self._path.open("xb")
            self._file.write(thought.line())
        if self._file is not None:
            self._file.flush()

    def close(self, *, before: int | None = None) -> ThoughtsEntry | None:
        """Finish the file, without what was said from tick ``before`` on; None where nothing was said.

        Raises:
            OSError: if it cannot be written; nothing of it is left then.
        """
        if self._file is None:
            return None
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            return kept_thoughts(self._path, before)
        except OSError:
            self.abandon()
            raise

    def shut(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            with suppress(OSError):  # what could not be written then is lost with the rest
                self._file.close()

    def abandon(self) -> None:
        """Leave nothing behind."""
        self.shut()
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self._file = None


def kept_thoughts(path: Path, before: int | None) -> ThoughtsEntry | None:
    """Cut a file of thoughts to the whole lines before a tick, and describe it; None, and no file, without any.

    Raises:
        OSError: if it cannot be read or written.
    """
    lines, size, whole = 0, 0, True
    with open_regular(path) as file:
        for line in file:
            if not line.endswith(b"\n") or (before is not None and _tick_of(line) >= before):
                whole = False
                break  # ticks only grow, so nothing that follows is wanted
            lines, size = lines + 1, size + len(line)
    if not lines:
        path.unlink()
        return None
    if not whole:
        with path.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())
    return ThoughtsEntry(lines=lines, size=size, sha256=sha256_file(path))


def read_thoughts(folder: Path, entry: ThoughtsEntry | None) -> Iterator[RecordedThought]:
    """The thoughts of a dataset, in order; nothing where there are none.

    Raises:
        DatasetError: if the file is not there, was changed, or holds anything else.
    """
    if entry is None:
        return
    path = member_path(folder, entry.name, error=DatasetError)
    check_thoughts(path, entry)
    with open_regular(path) as file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            try:
                yield RecordedThought.model_validate_json(line)
            except ValueError:
                raise DatasetError(f"line {number} of {entry.name} is not a thought", where=str(path)) from None


def check_thoughts(path: Path, entry: ThoughtsEntry) -> None:
    """Refuse a file that is not what the manifest lists. Raises DatasetError."""
    try:
        same = path.stat().st_size == entry.size and sha256_file(path) == entry.sha256
    except OSError as problem:
        raise DatasetError(f"{entry.name} cannot be read: {problem.strerror}", where=str(path)) from problem
    if not same:
        raise DatasetError(f"{entry.name} was changed after it was written", where=str(path))


def merged(parts: Sequence[Dataset]) -> Iterator[RecordedThought]:
    """The thoughts of recordings of some towns each, as if they had been recorded together."""

    def shifted(part: Dataset, worlds: int) -> Iterator[tuple[tuple[int, int], RecordedThought]]:
        for thought in part.thoughts():
            moved = thought.model_copy(update={"world": thought.world + worlds})
            yield (moved.tick, moved.world), moved

    first, streams = 0, []
    for part in parts:
        streams.append(shifted(part, first))
        first += part.manifest.worlds
    return (thought for _, thought in merge(*streams, key=lambda each: each[0]))


def by_rows(thoughts: Sequence[Thought]) -> list[Thought]:
    """By rows, each row's in their order: so towns can be recorded apart and joined."""
    return sorted(thoughts, key=lambda thought: thought.row)


def _tick_of(line: bytes) -> float:
    try:
        return int(parse_json(line, where=THOUGHTS_NAME, what="this line", error=DatasetError)["tick"])
    except (DatasetError, ValueError, KeyError, TypeError):
        return float("inf")
