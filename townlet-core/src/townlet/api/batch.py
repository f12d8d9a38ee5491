"""Observations of ``N`` rows at one tick."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from townlet.api.checks import check_array
from townlet.api.spec import ObservationSpec

__all__ = ["ActionArray", "BoolArray", "FloatArray", "MapArray", "ObservationBatch"]

MapArray = NDArray[np.uint8]
FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
ActionArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ObservationBatch:
    """What ``N`` rows see at one tick.

    The arrays may be views of buffers that the simulation writes into again at its next step: a policy that
    keeps any of them beyond its call must copy. A policy never writes into them.

    Attributes:
        map: uint8 ``[N, C, H, W]``, egocentric; ``[N, 0, 0, 0]`` for a variant without a map.
        features: float32 ``[N, F]``, named by ``ObservationSpec.feature_names``.
        action_mask: bool ``[N, K]``, true where the action is possible now. Action 0 is always possible.
        active: bool ``[N]``, false for a slot that nobody lives in; such a row takes action 0.
        episode_start: bool ``[N]``, true on the first tick of an agent's life: memory of the row is void.

    Raises:
        ContractError: if a dtype or shape does not fit.
    """

    map: MapArray
    features: FloatArray
    action_mask: BoolArray
    active: BoolArray
    episode_start: BoolArray

    def __post_init__(self) -> None:
        rows = len(self.features)
        check_array("ObservationBatch", "map", self.map, np.uint8, (rows, -1, -1, -1))
        check_array("ObservationBatch", "features", self.features, np.float32, (rows, -1))
        check_array("ObservationBatch", "action_mask", self.action_mask, np.bool_, (rows, -1))
        check_array("ObservationBatch", "active", self.active, np.bool_, (rows,))
        check_array("ObservationBatch", "episode_start", self.episode_start, np.bool_, (rows,))

    @property
    def rows(self) -> int:
        """``N``."""
        return len(self.features)

    def take(self, rows: slice | NDArray[np.intp] | BoolArray) -> ObservationBatch:
        """The observations of some rows (a view for a slice, a copy otherwise)."""
        return ObservationBatch(
            self.map[rows],
            self.features[rows],
            self.action_mask[rows],
            self.active[rows],
            self.episode_start[rows],
        )

    def copy(self) -> ObservationBatch:
        """A copy that the next step of the simulation does not change."""
        return ObservationBatch(
            self.map.copy(),
            self.features.copy(),
            self.action_mask.copy(),
            self.active.copy(),
            self.episode_start.copy(),
        )

    @classmethod
    def empty(cls, spec: ObservationSpec, rows: int) -> ObservationBatch:
        """Freshly allocated arrays of zeros for ``rows`` rows of ``spec``, with action 0 possible."""
        mask = np.zeros((rows, spec.actions), np.bool_)
        mask[:, 0] = True
        return cls(
            np.zeros((rows, *spec.map_shape), np.uint8),
            np.zeros((rows, spec.features), np.float32),
            mask,
            np.zeros(rows, np.bool_),
            np.zeros(rows, np.bool_),
        )
