"""The advantages that the contract's formula gives, and those that well-known slips give instead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from townlet.api import RolloutBatch

__all__ = ["SLIPS", "advantages", "already_told"]

SLIPS: dict[str, str] = {
    "own": "an entry were followed by its own value and not by that of the next one",
    "sum": "the sum of advantages ran on over the end of an episode that was cut",
    "tail": "nothing followed at the end of a rollout: there bootstrap counts, too",
    "tick": "the sum of advantages were discounted by gamma, however long a decision lasted",
}
"""What a learner may do wrong, as the end of a sentence: "it learned as if ...". """


def advantages(rollout: RolloutBatch, gamma: float, decay: float, slip: str = "") -> NDArray[np.float64]:
    """float64 ``[T, N]`` of asked entries, 0 at the others; see RolloutBatch (Schulman et al., 2016).

    Args:
        rollout: rewards, values and flags.
        gamma: discount a tick.
        decay: lambda.
        slip: of :data:`SLIPS`, what to do wrongly.
    """
    found, running, following = (np.zeros(s) for s in (rollout.rewards.shape, rollout.rows, rollout.rows))
    known = np.zeros(rollout.rows, np.bool_)
    for t in range(rollout.ticks - 1, -1, -1):
        asked, ended, values = rollout.asked[t], rollout.terminated[t], rollout.values[t]
        cut, discount = rollout.truncated[t] | ~known, gamma ** rollout.duration[t].astype(np.float64)
        bootstrap = rollout.bootstrap[t] * (rollout.truncated[t] if slip == "tail" else 1.0)
        ahead = np.where(ended, 0.0, np.where(cut, bootstrap, values if slip == "own" else following))
        advantage = rollout.rewards[t] + discount * ahead - values
        stop = ended if slip == "sum" else ended | cut
        advantage = advantage + (gamma if slip == "tick" else discount) * decay * running * ~stop
        found[t] = np.where(asked, advantage, 0.0)
        running, following = np.where(asked, advantage, running), np.where(asked, values, following)
        known = (known | asked) & ~rollout.episode_start[t]
    return found


def already_told(rollout: RolloutBatch, gamma: float, decay: float, slip: str = "") -> RolloutBatch:
    """The rollout with lives of one decision, each paid what the formula makes of it: it teaches the same."""
    paid = advantages(rollout, gamma, decay, slip) + rollout.values
    return replace(
        rollout,
        rewards=np.where(rollout.asked, paid, 0.0).astype(np.float32),
        terminated=rollout.asked.copy(),
        truncated=np.zeros_like(rollout.terminated),
        bootstrap=np.zeros_like(rollout.bootstrap),
    )
