"""A job in pieces that workers play, put together again as if it had been played whole."""

from __future__ import annotations

from townlet.errors import UsageError
from townlet.play import Job

__all__ = ["pieces_of"]


def pieces_of(job: Job, *, workers: int, towns: int | None = None) -> tuple[Job, ...]:
    """The job in pieces: at least one a worker, as far as there are towns, and at most ``towns`` in each.

    Args:
        job: what is played; from a snapshot it is one piece.
        workers: how many play at once.
        towns: in a piece, at most; None for as many as can be.

    Raises:
        UsageError: for less than one town in a piece.
    """
    if towns is not None and towns < 1:
        raise UsageError(f"a piece holds at least one town, found {towns}")
    if job.start is not None:
        return (job,)
    parts = workers if towns is None else max(workers, -(-len(job.seeds) // towns))
    return job.split(parts)
