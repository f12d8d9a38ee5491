"""Observations of ``N`` rows at one tick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from townlet.api.checks import check_array
from townlet.api.spec import ObservationSpec
from townlet.errors import ContractError

__all__ = ["ActionArray", "BoolArray", "FloatArray", "MapArray", "ObservationBatch"]

MapArray = NDArray[np.uint8]
FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
ActionArray = NDArray[np.int64]

_WHOEVER_IS_ACTIVE: BoolArray = np.zeros(0, np.bool_)


def _whoever_is_active() -> BoolArray:
    return _WHOEVER_IS_ACTIVE


@dataclass(frozen=True, slots=True)
class ObservationBatch:
    """What ``N`` rows see at one tick.

    The arrays may be views of buffers that the simulation writes into again at its next step: a policy that
    keeps any of them beyond its call must copy. A policy never writes into them.

    Attributes:
        map: uint8 ``[N, C, H, W]``, egocentric; ``[N, 0, 0, 0]`` for a variant without a map.
        features: float32 ``[N, F]``, described by ``ObservationSpec.features``.
        action_mask: bool ``[N, K]``, true where the action is possible now. Action 0 is always possible.
        active: bool ``[N]``, false for a slot that nobody lives in; such a row takes action 0.
        episode_start: bool ``[N]``, true on the first tick of an agent's life: memory of the row is void.
        asked: bool ``[N]``, a subset of ``active``: the rows whose answer counts at this tick. Left out it is the
            array ``active`` itself: each agent decides on each tick (action space ``primitive``). In ``goals`` a row
            pursues what it chose until it is asked again; meanwhile only action 0 is possible in it, its answer is
            ignored, and its memory is to stay as it is: a policy answers it like a row that nobody lives in.

    Raises:
        ContractError: if a dtype or shape does not fit.
    """

    map: MapArray
    features: FloatArray
    action_mask: BoolArray
    active: BoolArray
    episode_start: BoolArray
    asked: BoolArray = field(default_factory=_whoever_is_active)

    def __post_init__(self) -> None:
        rows = len(self.features)
        check_array("ObservationBatch", "map", self.map, np.uint8, (rows, -1, -1, -1))
        check_array("ObservationBatch", "features", self.features, np.float32, (rows, -1))
        check_array("ObservationBatch", "action_mask", self.action_mask, np.bool_, (rows, -1))
        check_array("ObservationBatch", "active", self.active, np.bool_, (rows,))
        check_array("ObservationBatch", "episode_start", self.episode_start, np.bool_, (rows,))
        if self.asked is _WHOEVER_IS_ACTIVE:
            object.__setattr__(self, "asked", self.active)
        elif self.asked is not self.active:
            check_array("ObservationBatch", "asked", self.asked, np.bool_, (rows,))

    @property
    def rows(self) -> int:
        """``N``."""
        return len(self.features)

    @property
    def everybody_asked(self) -> bool:
        """Whether every active row is asked on every tick: ``asked`` is the array ``active`` itself."""
        return self.asked is self.active

    def take(self, rows: slice | NDArray[np.intp] | BoolArray) -> ObservationBatch:
        """The observations of some rows (a view for a slice, a copy otherwise)."""
        active = self.active[rows]
        return ObservationBatch(
            self.map[rows],
            self.features[rows],
            self.action_mask[rows],
            active,
            self.episode_start[rows],
            active if self.everybody_asked else self.asked[rows],
        )

    def copy(self) -> ObservationBatch:
        """A copy that the next step of the simulation does not change."""
        active = self.active.copy()
        return ObservationBatch(
            self.map.copy(),
            self.features.copy(),
            self.action_mask.copy(),
            active,
            self.episode_start.copy(),
            active if self.everybody_asked else self.asked.copy(),
        )

    @classmethod
    def empty(cls, spec: ObservationSpec, rows: int, *, spans: bool | None = None) -> ObservationBatch:
        """Freshly allocated arrays of zeros for ``rows`` rows of ``spec``, with action 0 possible.

        Args:
            spec: what the arrays are for.
            rows: ``N``.
            spans: decisions span ticks, so ``asked`` is an array of its own; None: as in the spec's action space.
        """
        spans = spec.spans if spans is None else spans
        mask = np.zeros((rows, spec.action_count), np.bool_)
        mask[:, 0] = True
        active = np.zeros(rows, np.bool_)
        return cls(
            np.zeros((rows, *spec.map_shape), np.uint8),
            np.zeros((rows, spec.feature_count), np.float32),
            mask,
            active,
            np.zeros(rows, np.bool_),
            np.zeros(rows, np.bool_) if spans else active,
        )

    @classmethod
    def concatenate(cls, batches: Sequence[ObservationBatch]) -> ObservationBatch:
        """Row after row, copied. Raises ContractError for an empty sequence."""
        if not batches:
            raise ContractError("there are no observations to join")
        active = np.concatenate([batch.active for batch in batches])
        return cls(
            np.concatenate([batch.map for batch in batches]),
            np.concatenate([batch.features for batch in batches]),
            np.concatenate([batch.action_mask for batch in batches]),
            active,
            np.concatenate([batch.episode_start for batch in batches]),
            active
            if all(batch.everybody_asked for batch in batches)
            else np.concatenate([batch.asked for batch in batches]),
        )
