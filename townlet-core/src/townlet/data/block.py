"""A block of recorded ticks: the arrays of a dataset, time first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    ActionArray,
    BoolArray,
    FloatArray,
    MapArray,
    ObservationBatch,
    ObservationSpec,
)
from townlet.api.checks import check_array
from townlet.errors import DatasetError

__all__ = ["ARRAY_DTYPES", "LOGITS", "TrajectoryBlock", "array_shapes", "dtype_of", "merge_rows"]

ARRAY_DTYPES: Mapping[str, type[np.generic]] = {
    "map": np.uint8,
    "features": np.float32,
    "action_mask": np.bool_,
    "active": np.bool_,
    "episode_start": np.bool_,
    "actions": np.int64,
    "log_probs": np.float32,
    "values": np.float32,
    "rewards": np.float32,
    "reward_parts": np.float32,
    "terminated": np.bool_,
    "truncated": np.bool_,
    "bootstrap": np.float32,
    "asked": np.bool_,
}
"""The arrays of a shard. All are always there; what the policy did not say is NaN."""

LOGITS = "logits"
"""The array that is there only where a recorder was told to keep it: what a mind weighed, for each action."""

_NOT_KEPT: FloatArray = np.zeros((0, 0, 0), np.float32)
_WHOEVER_IS_ACTIVE: BoolArray = np.zeros((0, 0), np.bool_)
_UNKNOWN = ("log_probs", "values", "bootstrap")


def array_shapes(spec: ObservationSpec, parts: int, *, logits: bool = False) -> dict[str, tuple[int, ...]]:
    """What follows ``[T, N]`` in the shape of each array, for a spec and a number of reward parts ``P``.

    Args:
        spec: what the observations mean.
        parts: ``P``.
        logits: whether they are kept, too.
    """
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(ARRAY_DTYPES, ())
    shapes.update(
        map=spec.map_shape, features=(spec.feature_count,), action_mask=(spec.action_count,), reward_parts=(parts,)
    )
    if logits:
        shapes[LOGITS] = (spec.action_count,)
    return shapes


def dtype_of(name: str) -> type[np.generic]:
    """The dtype of an array by its name, ``logits`` among them."""
    return np.float32 if name == LOGITS else ARRAY_DTYPES[name]


def merge_rows(array: NDArray[Any]) -> NDArray[Any]:
    """``[T, N, ...]`` as ``[T * N, ...]``; works where the rest has no elements too (no map, no reward parts)."""
    return array.reshape(array.shape[0] * array.shape[1], *array.shape[2:])


@dataclass(frozen=True, slots=True)
class TrajectoryBlock:
    """``T`` ticks of ``N`` rows. The arrays may be read-only views of a memory map.

    Attributes:
        map: uint8 ``[T, N, C, H, W]``.
        features: float32 ``[T, N, F]``.
        action_mask: bool ``[T, N, K]``.
        active: bool ``[T, N]``; where false, nobody lives in the slot and nothing else of the row means anything.
        episode_start: bool ``[T, N]``, true on the first tick of a life.
        actions: int64 ``[T, N]``, chosen on the observation of the same index.
        log_probs: float32 ``[T, N]``, natural logarithm; NaN where the policy did not say.
        values: float32 ``[T, N]``, in units of reward; NaN where the policy did not say.
        rewards: float32 ``[T, N]``, for the action of the same index.
        reward_parts: float32 ``[T, N, P]``; ``P`` may be 0.
        terminated: bool ``[T, N]``: the life ended with this action.
        truncated: bool ``[T, N]``: the episode was cut after this action.
        bootstrap: float32 ``[T, N]``: value of the observation that came next where a rollout was cut, else 0
            or NaN.
        asked: bool ``[T, N]``, where the action counted; left out, wherever somebody lives (``primitive``). In the
            action space ``goals`` at the ticks of decisions: the ticks up to the next one are how long each lasted.
        logits: float32 ``[T, N, K]``, unnormalised log-probabilities before masking, NaN in rows of minds that tell
            none; ``[T, N, 0]`` where the recorder kept none.

    Raises:
        ContractError: if a dtype or shape does not fit.
    """

    map: MapArray
    features: FloatArray
    action_mask: BoolArray
    active: BoolArray
    episode_start: BoolArray
    actions: ActionArray
    log_probs: FloatArray
    values: FloatArray
    rewards: FloatArray
    reward_parts: FloatArray
    terminated: BoolArray
    truncated: BoolArray
    bootstrap: FloatArray
    asked: BoolArray = field(default_factory=lambda: _WHOEVER_IS_ACTIVE)
    logits: FloatArray = field(default_factory=lambda: _NOT_KEPT)

    def __post_init__(self) -> None:
        if self.asked is _WHOEVER_IS_ACTIVE:
            object.__setattr__(self, "asked", self.active)
        if self.logits is _NOT_KEPT:
            object.__setattr__(self, "logits", np.zeros((*self.actions.shape, 0), np.float32))
        check_array("TrajectoryBlock", "actions", self.actions, np.int64, (-1, -1))
        lead = self.actions.shape
        trailing = {"map": (-1, -1, -1), "features": (-1,), "action_mask": (-1,), "reward_parts": (-1,)}
        for name, dtype in ARRAY_DTYPES.items():
            check_array("TrajectoryBlock", name, getattr(self, name), dtype, (*lead, *trailing.get(name, ())))
        check_array("TrajectoryBlock", LOGITS, self.logits, np.float32, (*lead, -1))

    @property
    def ticks(self) -> int:
        """``T``."""
        return int(self.actions.shape[0])

    @property
    def rows(self) -> int:
        """``N``."""
        return int(self.actions.shape[1])

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.arrays().values())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Name to array, in the order of :data:`ARRAY_DTYPES`, then the logits where they are kept."""
        kept = (each.name for each in fields(self) if each.name != LOGITS or self.keeps_logits)
        return {name: getattr(self, name) for name in kept}

    @property
    def keeps_logits(self) -> bool:
        """Whether the recorder kept the logits."""
        return bool(self.logits.shape[-1])

    def ticks_between(self, start: int, stop: int) -> TrajectoryBlock:
        """A view of some ticks."""
        return TrajectoryBlock(**{name: array[start:stop] for name, array in self.arrays().items()})

    def copy(self) -> TrajectoryBlock:
        """A copy that owns its memory."""
        return TrajectoryBlock(**{name: array.copy() for name, array in self.arrays().items()})

    def observations(self, tick: int) -> ObservationBatch:
        """What the ``N`` rows saw at one tick of the block."""
        return ObservationBatch(
            self.map[tick],
            self.features[tick],
            self.action_mask[tick],
            self.active[tick],
            self.episode_start[tick],
            *(() if np.array_equal(self.asked[tick], self.active[tick]) else (self.asked[tick],)),
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> TrajectoryBlock:
        """From arrays by name.

        ``log_probs``, ``values``, ``bootstrap``, ``reward_parts``, ``asked`` and ``logits`` may be missing.

        Raises:
            DatasetError: for a missing or an unknown name.
            ContractError: if a dtype or shape does not fit.
        """
        optional = {*_UNKNOWN, "reward_parts", "asked"}
        unknown = sorted(set(arrays) - set(ARRAY_DTYPES) - {LOGITS})
        missing = sorted(set(ARRAY_DTYPES) - set(arrays) - optional)
        if unknown or missing:
            raise DatasetError(
                "these are not the arrays of a trajectory",
                details=(f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}",),
            )
        full = dict(arrays)
        lead = arrays["actions"].shape
        for name in _UNKNOWN:
            full.setdefault(name, np.full(lead, np.nan, np.float32))
        full.setdefault("reward_parts", np.zeros((*lead, 0), np.float32))
        return cls(**full)
