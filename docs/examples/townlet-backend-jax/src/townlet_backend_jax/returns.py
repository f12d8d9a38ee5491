"""Advantages, and the running statistics in whose units the critic learns. On the host: one pass over a rollout."""

from typing import NamedTuple

import numpy as np
from townlet.api import RolloutBatch


class Statistics(NamedTuple):
    """Mean, sum of squared deviations and number of the returns seen so far; float64, as text exact in JSON."""

    mean: float = 0.0
    squares: float = 0.0
    count: int = 0

    def with_more(self, values: np.ndarray) -> "Statistics":
        """Those of everything seen (Chan et al., 1983)."""
        if not len(values):
            return self
        mean, squares = float(values.mean()), float(((values - values.mean()) ** 2).sum())
        count, apart = self.count + len(values), mean - self.mean
        return Statistics(
            self.mean + apart * len(values) / count,
            self.squares + squares + apart**2 * self.count * len(values) / count,
            count,
        )

    @property
    def scale(self) -> float:
        """The deviation, at least 1e-4; 1 before anything was seen."""
        return max(float(np.sqrt(self.squares / self.count)), 1e-4) if self.count else 1.0


def advantages_of(rollout: RolloutBatch, gamma: float, decay: float) -> np.ndarray:
    """Generalised advantages float64 ``[T, N]`` of asked entries (Schulman et al., 2016).

    What follows an entry is the next asked one of the same life; the ticks between hold no decision.
    """
    found, running, following = (np.zeros(shape) for shape in (rollout.rewards.shape, rollout.rows, rollout.rows))
    known = np.zeros(rollout.rows, np.bool_)
    for t in range(rollout.ticks - 1, -1, -1):
        asked, ended = rollout.asked[t], rollout.terminated[t]
        cut, discount = rollout.truncated[t] | ~known, gamma ** rollout.duration[t].astype(np.float64)
        ahead = np.where(ended, 0.0, np.where(cut, rollout.bootstrap[t], following))
        advantage = rollout.rewards[t] + discount * ahead - rollout.values[t]
        advantage += discount * decay * running * ~(ended | cut)
        found[t] = np.where(asked, advantage, 0.0)
        running, following = np.where(asked, advantage, running), np.where(asked, rollout.values[t], following)
        known = (known | asked) & ~rollout.episode_start[t]
    return found
