"""Generalised advantage estimation over rows that are born, die and are cut off."""

from __future__ import annotations

import torch
from torch import Tensor

from townlet.api import FloatArray, RolloutBatch

__all__ = ["compute_gae", "rollout_advantages"]

_CPU = torch.device("cpu")


def compute_gae(
    rewards: Tensor,
    values: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    bootstrap: Tensor,
    *,
    gamma: float,
    gae_lambda: float,
) -> tuple[Tensor, Tensor]:
    """Advantages and returns (Schulman et al. 2016, equations 11 and 16), every row at once.

    ``delta_t = r_t + gamma * next_t - v_t`` where ``next_t`` is 0 after a termination, ``bootstrap_t`` at a
    truncation and at the last tick, and ``v_{t+1}`` elsewhere; the sum of deltas stops at either kind of end.

    Args:
        rewards: float ``[T, N]``.
        values: float ``[T, N]``, in units of reward.
        terminated: bool ``[T, N]``: nothing follows. It wins where both are set.
        truncated: bool ``[T, N]``: cut off; life went on elsewhere.
        bootstrap: float ``[T, N]``: value of what really came next at truncations and at the last tick.
        gamma: discount per tick.
        gae_lambda: decay of the sum per tick, beside gamma.

    Returns:
        Advantages and returns (their sum with ``values``), both ``[T, N]``.
    """
    following = torch.empty_like(values)
    following[:-1] = torch.where(truncated[:-1], bootstrap[:-1], values[1:])
    following[-1] = bootstrap[-1]
    following.masked_fill_(terminated, 0.0)
    deltas = rewards + gamma * following - values
    decay = torch.where(terminated | truncated, 0.0, gamma * gae_lambda).to(values.dtype)
    advantages = torch.empty_like(values)
    running = torch.zeros_like(values[0])
    backwards = (reversed(each.unbind()) for each in (deltas, decay, advantages))  # quicker than to index each tick
    for delta, fade, advantage in zip(*backwards, strict=True):
        running = torch.addcmul(delta, fade, running, out=advantage)
    return advantages, advantages + values


def rollout_advantages(
    rollout: RolloutBatch,
    gamma: float,
    gae_lambda: float,
    value_lambda: float | None = None,
    *,
    device: torch.device = _CPU,
) -> tuple[Tensor, Tensor]:
    """:func:`compute_gae` of a rollout: float32 ``[T, N]`` on ``device``; 0 in rows that are not active.

    A life that the next tick does not continue (nobody there, or a newcomer) ended, said so or not.

    Args:
        rollout: what happened.
        gamma: discount per tick.
        gae_lambda: decay for the advantages.
        value_lambda: decay for the returns, None for the same: a critic whose targets reach further learns what a
            policy's noise forbids its advantages to show (Yuan et al. 2025, "What's behind PPO's collapse in
            long-CoT?", decoupled GAE).
        device: where it is computed.
    """
    if not rollout.every_tick:
        return _span_advantages(rollout, gamma, (gae_lambda, value_lambda), device)
    terminated = torch.tensor(rollout.terminated, device=device)
    truncated = torch.tensor(rollout.truncated, device=device)
    active = torch.tensor(rollout.active, device=device)
    continues = active[1:] & ~torch.tensor(rollout.episode_start[1:], device=device)
    terminated[:-1] |= ~continues & ~truncated[:-1]
    terminated |= ~active

    def lived(array: FloatArray) -> Tensor:  # whatever stands where nobody lives, NaN included, must not spread
        return torch.tensor(array, device=device).masked_fill_(~active, 0.0)

    lives = (
        lived(rollout.rewards),
        lived(rollout.values),
        terminated,
        truncated & ~terminated,
        lived(rollout.bootstrap),
    )
    advantages, returns = compute_gae(*lives, gamma=gamma, gae_lambda=gae_lambda)
    if value_lambda is not None and value_lambda != gae_lambda:
        returns = compute_gae(*lives, gamma=gamma, gae_lambda=value_lambda)[1]
    return advantages, returns


def _span_advantages(
    rollout: RolloutBatch, gamma: float, lambdas: tuple[float, float | None], device: torch.device
) -> tuple[Tensor, Tensor]:
    """The same where decisions last several ticks: what follows is discounted by ``gamma ** duration``.

    One pass from the last tick to the first; entries that nobody was asked at change nothing of what is carried.
    """
    asked = torch.tensor(rollout.asked, device=device)
    ended = torch.tensor(rollout.terminated, device=device)
    cut = torch.tensor(rollout.truncated, device=device) & ~ended
    starts = torch.tensor(rollout.episode_start, device=device)

    def decided(array: FloatArray) -> Tensor:
        return torch.tensor(array, device=device).masked_fill_(~asked, 0.0)

    rewards, values, bootstrap = (decided(a) for a in (rollout.rewards, rollout.values, rollout.bootstrap))
    discount = torch.pow(
        torch.tensor(gamma, dtype=values.dtype, device=device), torch.tensor(rollout.duration, device=device)
    )
    gae_lambda, value_lambda = lambdas
    sums = torch.zeros((2, *values.shape), dtype=values.dtype, device=device)
    following = torch.zeros_like(values[0])
    known = torch.zeros_like(asked[0])  # whether a later entry of this life is asked in the batch
    running = torch.zeros_like(sums[:, 0])
    for t in range(rollout.ticks - 1, -1, -1):
        after = torch.where(known & ~cut[t], following, bootstrap[t]).masked_fill_(ended[t], 0.0)
        delta = rewards[t] + discount[t] * after - values[t]
        decay = torch.where(known & ~(ended[t] | cut[t]), discount[t], 0.0)
        for part, decayed in enumerate((gae_lambda, gae_lambda if value_lambda is None else value_lambda)):
            running[part] = torch.where(asked[t], delta + decayed * decay * running[part], running[part])
            sums[part, t] = torch.where(asked[t], running[part], 0.0)
        following = torch.where(asked[t], values[t], following)
        known = (known | asked[t]) & ~starts[t]
    return sums[0], sums[1] + values
