"""Demonstrations, as a learner sees them: batches of observations and the actions a teacher took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from townlet.api.batch import ActionArray, ObservationBatch
from townlet.api.checks import check_array
from townlet.api.spec import ObservationSpec

__all__ = ["DemonstrationBatch", "DemonstrationSource", "Part"]

Part = Literal["train", "validation"]
"""Held-out data is split by episode: no life has ticks in both parts."""


@dataclass(frozen=True, slots=True)
class DemonstrationBatch:
    """``B`` transitions: what was seen and what the teacher did. Rows are all active.

    Attributes:
        observations: ``B`` rows.
        actions: int64 ``[B]``.
    """

    observations: ObservationBatch
    actions: ActionArray

    def __post_init__(self) -> None:
        check_array("DemonstrationBatch", "actions", self.actions, np.int64, (self.observations.rows,))


@runtime_checkable
class DemonstrationSource(Protocol):
    """A supply of demonstrations with bounded memory; core's datasets are such sources."""

    @property
    def spec(self) -> ObservationSpec:
        """What the observations mean."""
        ...

    def size(self, part: Part) -> int:
        """Transitions in ``part``."""
        ...

    def action_counts(self, part: Part) -> NDArray[np.int64]:
        """How often each action was taken: int64 ``[K]``."""
        ...

    def batches(self, part: Part, batch_size: int, *, seed: int | None = None) -> Iterator[DemonstrationBatch]:
        """One pass over ``part``. Shuffled by ``seed``, in stored order without; the last batch may be short."""
        ...
