"""Demonstrations, as a learner sees them: batches of observations and the actions a teacher took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from townlet.api.batch import ActionArray, BoolArray, FloatArray, MapArray, ObservationBatch
from townlet.api.checks import check_array
from townlet.api.spec import ObservationSpec

__all__ = ["DemonstrationBatch", "DemonstrationSequences", "DemonstrationSource", "SequenceSource", "Split"]

Split = Literal["train", "validation"]
"""Held-out data is split by episode: no life has ticks in both parts."""


@dataclass(frozen=True, slots=True)
class DemonstrationBatch:
    """``B`` transitions: what was seen and what the teacher did. Rows are all active, and all asked.

    Attributes:
        observations: ``B`` rows.
        actions: int64 ``[B]``.
    """

    observations: ObservationBatch
    actions: ActionArray

    def __post_init__(self) -> None:
        check_array("DemonstrationBatch", "actions", self.actions, np.int64, (self.observations.rows,))


@dataclass(frozen=True, slots=True)
class DemonstrationSequences:
    """``B`` pieces of ``L`` ticks each, for a learner with memory. Memory is zeros before the first tick of a piece.

    Attributes:
        map: uint8 ``[L, B, C, H, W]``.
        features: float32 ``[L, B, F]``.
        action_mask: bool ``[L, B, K]``.
        actions: int64 ``[L, B]``, what the teacher did.
        starts: bool ``[L, B]``, true on the first tick of a piece and of a life: memory is zeros before it. (What
            came before the first tick of a piece in the middle of a life is not known here.)
        counts: bool ``[L, B]``, the entries to learn from: somebody lived there, was asked, and the life is in the
            part that was asked for. At the others memory may go on, but there is no loss.
    """

    map: MapArray
    features: FloatArray
    action_mask: BoolArray
    actions: ActionArray
    starts: BoolArray
    counts: BoolArray

    def __post_init__(self) -> None:
        check_array("DemonstrationSequences", "actions", self.actions, np.int64, (-1, -1))
        lead = self.actions.shape
        check_array("DemonstrationSequences", "map", self.map, np.uint8, (*lead, -1, -1, -1))
        check_array("DemonstrationSequences", "features", self.features, np.float32, (*lead, -1))
        check_array("DemonstrationSequences", "action_mask", self.action_mask, np.bool_, (*lead, -1))
        check_array("DemonstrationSequences", "starts", self.starts, np.bool_, lead)
        check_array("DemonstrationSequences", "counts", self.counts, np.bool_, lead)


@runtime_checkable
class DemonstrationSource(Protocol):
    """A supply of demonstrations with bounded memory; core's datasets are such sources."""

    @property
    def spec(self) -> ObservationSpec:
        """What the observations mean."""
        ...

    def size(self, part: Split) -> int:
        """Transitions in ``part``."""
        ...

    def action_counts(self, part: Split) -> NDArray[np.int64]:
        """How often each action was taken: int64 ``[K]``."""
        ...

    def batches(self, part: Split, batch_size: int, *, seed: int | None = None) -> Iterator[DemonstrationBatch]:
        """One pass over ``part``. Shuffled by ``seed``; None keeps the stored order. The last batch may be short."""
        ...


@runtime_checkable
class SequenceSource(Protocol):
    """What a source of demonstrations adds that can show them in the order they were lived; core's datasets can."""

    def sequences(
        self, part: Split, length: int, batch_size: int, *, seed: int | None = None
    ) -> Iterator[DemonstrationSequences]:
        """One pass over ``part`` in pieces of ``length`` ticks.

        Args:
            part: which lives count.
            length: ``L``; the last piece of a stretch may be shorter.
            batch_size: transitions a batch, at most: ``B`` is ``batch_size // length``, at least 1, or fewer.
            seed: of the order of the pieces; in stored order without.
        """
        ...
