"""A rollout as flat tensors: the decisions of all ticks, one after the other, on the device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from townlet.api import ActionArray, BoolArray, DemonstrationBatch, ObservationSpec, PPOSettings, RolloutBatch
from townlet.errors import ContractError, TrainingError
from townlet_backend_pytorch.gae import rollout_advantages
from townlet_backend_pytorch.passes import to_tensor

__all__ = [
    "NUMBERS",
    "Examples",
    "Experience",
    "flatten_rollout",
    "make_examples",
    "prepare_demonstrations",
    "refuse_impossible",
    "refuse_not_finite",
    "refuse_other_rollout",
]

NUMBERS = ("rewards", "values", "log_probs", "bootstrap")
"""What of a rollout must be finite beside the features."""


class Experience(NamedTuple):
    """``B`` decisions.

    Attributes:
        codes: uint8 ``[B, C, H, W]``.
        features: float32 ``[B, F]``.
        mask: bool ``[B, K]``.
        actions: int64 ``[B]``.
        log_probs: float32 ``[B]``, under the policy that acted.
        values: float32 ``[B]``, of that policy, in units of reward.
        advantages: float32 ``[B]``, in units of reward.
        returns: float32 ``[B]``, in units of reward.
        reference: float32 ``[B, K]``, log-probabilities of the reference policy; ``[B, 0]`` without one.
        places: int64 ``[B]``, where in ``codes``, ``features`` and ``mask`` each decision stands, if these hold more
            than the decisions, and features may be bfloat16; None: they are ``[B, ...]`` as all else.
    """

    codes: Tensor
    features: Tensor
    mask: Tensor
    actions: Tensor
    log_probs: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor
    reference: Tensor
    places: Tensor | None = None

    def take(self, index: Tensor) -> Experience:
        """The transitions at ``index``, int64, copied."""
        rest = (self.actions, self.log_probs, self.values, self.advantages, self.returns, self.reference)
        return Experience(*self.seen(index), *(tensor.index_select(0, index) for tensor in rest))

    def seen(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Codes, features (float32) and mask of the transitions at ``index``, int64, copied."""
        places = index if self.places is None else self.places.index_select(0, index)
        codes, features, mask = (each.index_select(0, places) for each in (self.codes, self.features, self.mask))
        return codes, features.float(), mask

    def parts(self, size: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Codes, features and mask of all transitions in order, ``size`` at a time."""
        for start in range(0, len(self.actions), size):
            part = slice(start, start + size)
            if self.places is None:
                yield self.codes[part], self.features[part], self.mask[part]
            else:
                yield self.seen(torch.arange(start, min(part.stop, len(self.actions)), device=self.places.device))


class Examples(NamedTuple):
    """``B`` demonstrations: what was seen and what the teacher did."""

    codes: Tensor
    features: Tensor
    mask: Tensor
    actions: Tensor

    def take(self, index: Tensor) -> Examples:
        """The demonstrations at ``index``, int64, copied."""
        return Examples(*(tensor.index_select(0, index) for tensor in self))


def flatten_rollout(
    rollout: RolloutBatch, spec: ObservationSpec, settings: PPOSettings, device: torch.device
) -> Experience:
    """The decisions in ``rollout`` (its asked entries) with their advantages and returns.

    Raises:
        ContractError: if the rollout is not of ``spec``, or an action in it was impossible.
        TrainingError: if a number in it is not finite, or nobody was asked.
    """
    refuse_other_rollout(rollout, spec)
    active = rollout.asked.reshape(-1)
    everybody = bool(active.all())
    for name in (*NUMBERS, "features"):
        refuse_not_finite(name, getattr(rollout, name), rollout.asked)
    actions, mask = rollout.actions.reshape(-1), rollout.action_mask.reshape(-1, spec.action_count)
    if not everybody:
        actions, mask = actions[active], mask[active]
    refuse_impossible(actions, mask, "rollout")
    advantages, returns = rollout_advantages(rollout, settings.gamma, settings.gae_lambda, settings.value_lambda)
    keep = None if everybody else to_tensor(np.flatnonzero(active))

    def flat(tensor: Tensor) -> Tensor:
        tensor = tensor.flatten(0, 1)
        return (tensor if keep is None else tensor.index_select(0, keep)).to(device)

    return Experience(
        codes=flat(to_tensor(rollout.map)),
        features=flat(to_tensor(rollout.features)),
        mask=flat(to_tensor(rollout.action_mask)),
        actions=flat(to_tensor(rollout.actions)),
        log_probs=flat(to_tensor(rollout.log_probs)),
        values=flat(to_tensor(rollout.values)),
        advantages=flat(advantages),
        returns=flat(returns),
        reference=torch.empty((int(active.sum()), 0), device=device),
    )


def refuse_other_rollout(rollout: RolloutBatch, spec: ObservationSpec) -> None:
    """Raises ContractError if the rollout is not of ``spec``, TrainingError if nobody was asked in it."""
    found = (rollout.map.shape[2:], rollout.features.shape[2], rollout.action_mask.shape[2])
    expected = (spec.map_shape, spec.feature_count, spec.action_count)
    if found != expected:
        raise ContractError(
            "the rollout is not of the kind this learner was made for",
            details=(f"map, features and actions: expected {expected}, {found=}",),
        )
    if not rollout.asked.any():
        raise TrainingError("the rollout holds no active row: there is nothing to learn from")


def prepare_demonstrations(batch: DemonstrationBatch, device: torch.device) -> Examples:
    """The demonstrations as tensors on ``device``; they share the arrays' memory where they can.

    Raises:
        ContractError: if a teacher's action was impossible where it was taken.
    """
    refuse_impossible(batch.actions, batch.observations.action_mask, "demonstration")
    return make_examples(batch, device)


def make_examples(batch: DemonstrationBatch, device: torch.device) -> Examples:
    """As :func:`prepare_demonstrations`, of a batch already checked."""
    seen = batch.observations
    arrays: tuple[NDArray[np.generic], ...] = (seen.map, seen.features, seen.action_mask, batch.actions)
    return Examples(*(to_tensor(array).to(device) for array in arrays))


def refuse_not_finite(name: str, array: NDArray[np.float32], active: BoolArray) -> None:
    """Raises TrainingError, with the place, if an active entry of ``array``, ``[T, N, ...]``, is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum()):  # one cheap pass; inactive rows may hold anything, and an overflow is looked at
            return
    finite = np.isfinite(array).reshape(*active.shape, -1).all(2)
    wrong = np.argwhere(active & ~finite)
    if len(wrong):
        tick, row = map(int, wrong[0])
        raise TrainingError(
            f"the rollout's {name} hold a number that is not finite",
            where=f"tick {tick}, row {row}",
            details=(f"{len(wrong)} of {int(active.sum())} active entries", "the weights are as they were"),
        )


def refuse_impossible(actions: ActionArray, mask: BoolArray, what: str) -> None:
    """Raises ContractError if an action, int64 ``[B]``, was impossible by its mask, bool ``[B, K]``."""
    known = (actions >= 0) & (actions < mask.shape[1])
    rows = np.arange(len(actions))
    possible = known & mask[rows, np.where(known, actions, 0)]
    if not possible.all():
        possible |= (actions == 0) & ~mask.any(1)  # who can do nothing waits
    if not possible.all():
        wrong = np.flatnonzero(~possible)
        raise ContractError(
            f"a {what} holds an action that was impossible where it was taken",
            details=(f"{len(wrong)} of {len(actions)}, the first is action {int(actions[wrong[0]])}",),
        )
