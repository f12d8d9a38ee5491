"""The pieces of PPO that ``townlet.policy.ppo.utils`` hands on."""

from __future__ import annotations

from torch import Tensor

from townlet.errors import ContractError
from townlet_backend_pytorch.gae import compute_gae
from townlet_backend_pytorch.losses import PolicyLoss, clipped_value_loss, policy_surrogate

__all__ = ["PolicyLoss", "clipped_value_loss", "compute_gae", "policy_surrogate", "value_baseline_from_old_preds"]


def value_baseline_from_old_preds(old_values: Tensor, ticks: int) -> Tensor:
    """The baseline of ``ticks`` ticks from recorded value predictions, ``[T, ...]``.

    Recordings hold one prediction a tick, or one more: the value of the observation after the last action, which
    is a bootstrap and no baseline.

    Raises:
        ContractError: if there are neither ``ticks`` nor ``ticks + 1`` predictions.
    """
    if len(old_values) not in (ticks, ticks + 1):
        raise ContractError(f"expected {ticks} or {ticks + 1} value predictions, found {len(old_values)}")
    return old_values[:ticks]
