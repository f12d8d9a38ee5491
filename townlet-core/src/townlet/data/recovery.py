"""What a killed recording had on the disk: its whole shards and its tail, under its own name, marked as cut short."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from townlet.data.assembly import assembled
from townlet.data.dataset import Dataset, open_dataset
from townlet.data.manifest import MANIFEST_NAME, DatasetManifest, SegmentEntry, ShardEntry, write_manifest
from townlet.data.shard_log import LOG_NAME, LoggedRecording, read_shard_log
from townlet.data.shards import check_actions, check_digest, check_header, open_shard, shard_name
from townlet.data.statistics import Totals
from townlet.data.thoughts import THOUGHTS_NAME, kept_thoughts
from townlet.errors import ContractError, DatasetError
from townlet.storage import PartialFolder, find_partials
from townlet.storage.atomic import LOCK_NAME

__all__ = ["Recoverable", "recover", "recoverable"]

INTERRUPTION = "the recording was killed; what was on the disk by then was recovered"


@dataclass(frozen=True, slots=True)
class Recoverable:
    """What a killed recorder left behind.

    Attributes:
        path: the unfinished folder.
        ticks: that its shard log lists; 0 if nothing can be recovered.
        size: bytes that it takes.
    """

    path: Path
    ticks: int
    size: int


def recoverable(folder: Path) -> Recoverable:
    """Look at an unfinished folder without changing it; if it is not a recording, ``ticks`` is 0."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    try:
        if (folder / MANIFEST_NAME).is_file():
            return Recoverable(folder, 1, size)
        return Recoverable(folder, read_shard_log(folder).ticks, size)
    except DatasetError:
        return Recoverable(folder, 0, size)


def recover(path: str | Path, *, out: Path | None = None) -> Dataset:
    """Finish a recording that was killed, with the shards that are whole.

    Args:
        path: the name that the dataset would have got, or the unfinished folder itself.
        out: another name for it.

    Raises:
        DatasetError: there is no such recording, or more than one; its recorder is alive; not one shard is whole; or
            the name is taken. The unfinished folder stays as it is then.
    """
    found, target = _unfinished(Path(path))
    folder = PartialFolder.adopt(found, target if out is None else out, error=DatasetError)
    try:
        if not (found / MANIFEST_NAME).is_file():  # else it was killed between the manifest and the name
            recording = read_shard_log(found)
            try:
                manifest, extra = _manifest(found, recording)
            except (ValueError, KeyError, IndexError, ContractError) as problem:
                raise DatasetError(f"its shard log contradicts itself: {problem}", where=str(found)) from None
            for file in extra:
                file.unlink()
            write_manifest(found, manifest)
        (found / LOG_NAME).unlink(missing_ok=True)
    except OSError as problem:
        folder.give_back()
        raise DatasetError(f"this cannot be recovered: {problem.strerror}", where=str(found)) from problem
    except BaseException:
        folder.give_back()
        raise
    return open_dataset(folder.commit(), verify=False)


def _unfinished(path: Path) -> tuple[Path, Path]:
    """The unfinished folder that is meant, and the name that it was to get."""
    given = path.absolute()
    partials = find_partials(given.parent) if given.parent.is_dir() else ()
    mine = [p for p in partials if p.path == given] or [p for p in partials if p.target == given.name and not p.alive]
    if not mine:
        running = [p for p in partials if p.target == given.name]
        if running:
            raise DatasetError("this recording is still running", where=str(running[0].path))
        if path.exists():
            raise DatasetError("there is nothing unfinished under this name: what is here is complete", where=str(path))
        raise DatasetError(
            "there is no unfinished recording of this name",
            where=str(path),
            details=("to see what killed runs left behind:  townlet runs clean",),
        )
    if len(mine) > 1:
        raise DatasetError(
            "several unfinished recordings have this name; give one of their folders",
            where=str(path),
            details=[f"townlet dataset recover {p.path}" for p in mine],
        )
    return mine[0].path, given.parent / mine[0].target


def _listed(folder: Path, recording: LoggedRecording) -> Iterator[tuple[ShardEntry, SegmentEntry]]:
    """The shards, and the newest tail that is whole, which takes the name of the shard that it is the beginning of."""
    yield from recording.shards
    for name, entry, segment in reversed(recording.tails):
        with suppress(DatasetError):
            check_digest(folder, entry.model_copy(update={"name": name}))
            place = folder / entry.name
            place.unlink(missing_ok=True)  # of a shard that was being written
            shutil.copyfile(folder / name, place)  # the tail stays, should this recovery not come to its end
            yield entry, segment
            return


def _manifest(folder: Path, recording: LoggedRecording) -> tuple[DatasetManifest, Sequence[Path]]:
    """The manifest of the shards before the first that is damaged, and the files that do not belong to it."""
    spec, origin = recording.subject.spec, recording.subject.origin
    shards: list[tuple[ShardEntry, Totals]] = []
    segments: dict[int, SegmentEntry] = {}
    rows, problem = 0, "its shard log lists no shard"
    for number, (entry, segment) in enumerate(_listed(folder, recording)):
        totals = Totals.zero(spec.action_count, len(origin.reward_parts))
        try:
            if entry.name != shard_name(number):
                raise DatasetError(f"its shard log lists {entry.name} as number {number}")
            check_digest(folder, entry)
            check_actions(folder, entry, spec.action_count)
            block = open_shard(folder, entry)
        except DatasetError as error:
            problem = error.summary
            break
        totals.add_block(block)
        rows = block.rows
        segments[entry.segment] = segment
        shards.append((entry, totals))
    if not shards:
        raise DatasetError(
            "no shard of this recording is complete, so nothing can be recovered",
            where=str(folder),
            details=(problem, "it was killed within its first seconds; remove the rest:  townlet runs clean"),
        )
    kept = {entry.name for entry, _ in shards} | {LOG_NAME, LOCK_NAME, THOUGHTS_NAME}
    last = origin.first_tick + sum(entry.ticks for entry, _ in shards)
    said = folder / THOUGHTS_NAME
    manifest = assembled(
        recording.subject,
        shards,
        [segments[index] for index in range(len(segments))],
        rows=rows,
        metrics={},
        interruption=INTERRUPTION,
        thoughts=kept_thoughts(said, last) if said.is_file() else None,
    )
    for index in range(len(shards)):
        check_header(folder, index, manifest, spec)
    return manifest, [file for file in folder.iterdir() if file.is_file() and file.name not in kept]
