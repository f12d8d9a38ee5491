"""Several supplies of demonstrations as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    DemonstrationBatch,
    DemonstrationSequences,
    DemonstrationSource,
    ObservationBatch,
    ObservationSpec,
    SequenceSource,
)
from townlet.api.demonstrations import Split
from townlet.errors import DatasetError

__all__ = ["JoinedDemonstrations"]


class JoinedDemonstrations:
    """The transitions of all ``sources``, each batch with its share of each of them.

    Raises:
        DatasetError: without a source, or if they mean different observations.
    """

    def __init__(self, sources: Sequence[DemonstrationSource]) -> None:
        if not sources:
            raise DatasetError("there are no demonstrations to join")
        for source in sources[1:]:
            if difference := sources[0].spec.first_difference(source.spec):
                raise DatasetError(f"demonstrations of different observations cannot be joined: {difference}")
        self._sources = tuple(sources)

    @property
    def spec(self) -> ObservationSpec:
        """What the observations mean."""
        return self._sources[0].spec

    def size(self, part: Split) -> int:
        """Transitions in ``part``."""
        return sum(source.size(part) for source in self._sources)

    def action_counts(self, part: Split) -> NDArray[np.int64]:
        """How often each action was taken: int64 ``[K]``."""
        counts: NDArray[np.int64] = np.sum([s.action_counts(part) for s in self._sources], axis=0, dtype=np.int64)
        return counts

    def batches(self, part: Split, batch_size: int, *, seed: int | None = None) -> Iterator[DemonstrationBatch]:
        """One pass over ``part``: mixed batches with ``seed``, otherwise source after source.

        A mixed pass ends when every source has ended; the batches are the shorter the fewer still run.
        """
        if seed is None:
            for source in self._sources:
                yield from source.batches(part, batch_size)
            return
        total = self.size(part)
        passes = []
        for index, source in enumerate(self._sources):
            share = max(1, round(batch_size * source.size(part) / max(1, total)))
            passes.append(source.batches(part, share, seed=seed + index))
        while pieces := [piece for piece in (next(each, None) for each in passes) if piece is not None]:
            yield _joined(pieces)

    def sequences(
        self, part: Split, length: int, batch_size: int, *, seed: int | None = None
    ) -> Iterator[DemonstrationSequences]:
        """One pass over ``part`` in pieces of lives: a batch of each source in turn with ``seed``.

        Raises:
            DatasetError: if one of the sources cannot show them.
        """
        passes: list[Iterator[DemonstrationSequences]] = []
        for index, source in enumerate(self._sources):
            if not isinstance(source, SequenceSource):
                raise DatasetError("these demonstrations cannot be shown as pieces of lives")
            passes.append(source.sequences(part, length, batch_size, seed=None if seed is None else seed + index))
        if seed is None:
            for each in passes:
                yield from each
            return
        while passes:
            for each in tuple(passes):
                piece = next(each, None)
                if piece is None:
                    passes.remove(each)
                else:
                    yield piece


def _joined(pieces: Sequence[DemonstrationBatch]) -> DemonstrationBatch:
    if len(pieces) == 1:
        return pieces[0]
    return DemonstrationBatch(
        ObservationBatch.concatenate([piece.observations for piece in pieces]),
        np.concatenate([piece.actions for piece in pieces]),
    )
