"""Going on from snapshots, and writing them as a stage plays."""

from __future__ import annotations

from pathlib import Path

from townlet.config import stored_config
from townlet.errors import ContractError, SnapshotError
from townlet.play.cast import Cast
from townlet.play.job import Job
from townlet.play.keep import Keep
from townlet.play.stage import Stage
from townlet.play.stored import Stored
from townlet.rollout import Step, find_snapshot, read_snapshot

__all__ = ["Snapshots", "resumed"]


def resumed(path: str | Path, ticks: int, *, keep: Keep = Keep.NOTHING) -> Job:
    """The job that goes on from a snapshot, with its towns and its minds.

    Args:
        path: a snapshot, or a folder of them, whose latest is meant.
        ticks: how many more.
        keep: what is kept of them.

    Raises:
        SnapshotError: if there is none, or it was written by another version.
    """
    snapshot = read_snapshot(find_snapshot(Path(path)))
    config = stored_config(snapshot.config, where=snapshot.path, error=SnapshotError)
    try:
        cast = Cast.from_json(snapshot.cast)
    except ContractError as problem:
        raise SnapshotError(
            "the snapshot's cast does not fit this version", where=str(snapshot.path), details=(str(problem),)
        ) from problem
    start = Stored(snapshot.digest, snapshot.path.absolute())
    return Job(config, cast, snapshot.seeds, ticks, explore=snapshot.explore, start=start, keep=keep)


class Snapshots:
    """Writes a snapshot of a stage now and then; a watcher.

    Args:
        stage: what is written.
        folder: where snapshots go, each in a folder ``tick-NUMBER``.
        every: ticks from one to the next.
    """

    def __init__(self, stage: Stage, folder: Path, every: int) -> None:
        self._stage, self._folder, self._every = stage, folder, every
        self.written: list[Path] = []
        """Those written, in order."""

    def __call__(self, step: Step) -> None:
        """Write one if it is due."""
        if (step.tick + 1) % self._every == 0:
            self.write()

    def write(self) -> None:
        """Write one of the present tick, unless it is there. Raises SnapshotError."""
        target = self._folder / f"tick-{self._stage.tick:09d}"
        if not self.written or self.written[-1] != target:
            self.written.append(self._stage.save(target))
