"""A piece of experience: ``T`` ticks of ``N`` rows, as a learner's update reads it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from townlet.api.batch import ActionArray, BoolArray, FloatArray, MapArray
from townlet.api.checks import check_array
from townlet.api.demonstrations import DemonstrationBatch

__all__ = ["RolloutBatch"]


@dataclass(frozen=True, slots=True)
class RolloutBatch:
    """``T`` ticks of ``N`` rows. Arrays belong to the caller's buffer and are overwritten by the next rollout.

    Attributes:
        map: uint8 ``[T, N, C, H, W]``.
        features: float32 ``[T, N, F]``.
        action_mask: bool ``[T, N, K]``.
        active: bool ``[T, N]``; rows that are not active carry no experience and no loss.
        episode_start: bool ``[T, N]``.
        actions: int64 ``[T, N]``, chosen on the observation of the same index.
        log_probs: float32 ``[T, N]``, of those actions under the policy that chose them.
        values: float32 ``[T, N]``, that policy's value of the same observation.
        rewards: float32 ``[T, N]``, received for the action of the same index.
        terminated: bool ``[T, N]``: the life ended with this action; nothing follows.
        truncated: bool ``[T, N]``: the episode was cut after this action for a reason outside the town.
        bootstrap: float32 ``[T, N]``: value of the observation that really came next, where ``truncated`` or
            ``t == T - 1`` and the row goes on; 0 elsewhere. At other ticks ``values[t + 1]`` is that value.
        demonstrations: in the mixed mode, a sample of a teacher's transitions for the cloning term.

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
    terminated: BoolArray
    truncated: BoolArray
    bootstrap: FloatArray
    demonstrations: DemonstrationBatch | None = None

    def __post_init__(self) -> None:
        check_array("RolloutBatch", "actions", self.actions, np.int64, (-1, -1))
        ticks, rows = self.actions.shape
        check_array("RolloutBatch", "map", self.map, np.uint8, (ticks, rows, -1, -1, -1))
        check_array("RolloutBatch", "features", self.features, np.float32, (ticks, rows, -1))
        check_array("RolloutBatch", "action_mask", self.action_mask, np.bool_, (ticks, rows, -1))
        for name in ("active", "episode_start", "terminated", "truncated"):
            check_array("RolloutBatch", name, getattr(self, name), np.bool_, (ticks, rows))
        for name in ("log_probs", "values", "rewards", "bootstrap"):
            check_array("RolloutBatch", name, getattr(self, name), np.float32, (ticks, rows))

    @property
    def ticks(self) -> int:
        """``T``."""
        return int(self.actions.shape[0])

    @property
    def rows(self) -> int:
        """``N``."""
        return int(self.actions.shape[1])
