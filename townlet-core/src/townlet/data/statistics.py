"""Counts and sums of recorded transitions: totals of a shard, a dataset, a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.data.block import TrajectoryBlock, merge_rows

__all__ = ["Totals"]


@dataclass(slots=True)
class Totals:
    """Sums over the active transitions of anything; add them up, then ask for :meth:`metrics`.

    Attributes:
        ticks: ticks, of all rows at once.
        transitions: active transitions.
        decisions: transitions that somebody was asked for: all of them in the action space `primitive`.
        terminated: lives that ended.
        truncated: episodes that were cut.
        action_counts: int64 ``[K]``.
        reward_sum: sum of rewards; ``reward_square_sum`` of their squares.
        part_sums: float64 ``[P]``, sum of each reward part.
        log_prob_sum: sum over the ``log_prob_count`` transitions where it is known.
        value_sum: sum over the ``value_count`` transitions where it is known.
    """

    action_counts: NDArray[np.int64]
    part_sums: NDArray[np.float64]
    ticks: int = 0
    transitions: int = 0
    decisions: int = 0
    terminated: int = 0
    truncated: int = 0
    reward_sum: float = 0.0
    reward_square_sum: float = 0.0
    log_prob_sum: float = 0.0
    log_prob_count: int = 0
    value_sum: float = 0.0
    value_count: int = 0

    @classmethod
    def zero(cls, actions: int, parts: int) -> Totals:
        """Nothing yet, for ``K`` actions and ``P`` reward parts."""
        return cls(np.zeros(actions, np.int64), np.zeros(parts, np.float64))

    def add_block(self, block: TrajectoryBlock) -> None:
        """Count the active transitions of a block."""
        active = block.active
        rows = slice(None) if active.all() else np.flatnonzero(active)
        self.ticks += block.ticks
        self.terminated += int(np.count_nonzero(block.terminated & active))
        self.truncated += int(np.count_nonzero(block.truncated & active))
        self.add_transitions(
            actions=merge_rows(block.actions)[rows],
            asked=merge_rows(block.asked)[rows],
            rewards=merge_rows(block.rewards)[rows],
            reward_parts=merge_rows(block.reward_parts)[rows],
            log_probs=merge_rows(block.log_probs)[rows],
            values=merge_rows(block.values)[rows],
        )

    def add_transitions(
        self,
        *,
        actions: NDArray[np.int64],
        asked: NDArray[np.bool_],
        rewards: NDArray[np.float32],
        reward_parts: NDArray[np.float32],
        log_probs: NDArray[np.float32],
        values: NDArray[np.float32],
    ) -> None:
        """Count ``B`` transitions; each array has ``B`` entries on its first axis.

        Of actions, log-probabilities and values only those of decisions count: where somebody was ``asked``.
        """
        self.transitions += len(actions)
        if not asked.all():
            actions, log_probs, values = actions[asked], log_probs[asked], values[asked]
        self.decisions += len(actions)
        self.action_counts += np.bincount(actions, minlength=len(self.action_counts))[: len(self.action_counts)]
        wide = rewards.astype(np.float64)
        self.reward_sum += float(wide.sum())
        # Not wide @ wide: for long vectors that wakes OpenBLAS's threads, which then spin for a tenth of a second.
        self.reward_square_sum += float(np.square(wide, out=wide).sum())
        if len(self.part_sums):
            self.part_sums += reward_parts.sum(axis=0, dtype=np.float64)
        for name, array in (("log_prob", log_probs), ("value", values)):
            total, count = _known_sum(array)
            setattr(self, f"{name}_sum", getattr(self, f"{name}_sum") + total)
            setattr(self, f"{name}_count", getattr(self, f"{name}_count") + count)

    def add(self, other: Totals) -> None:
        """Add what another counted."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def metrics(self, action_names: tuple[str, ...], part_names: tuple[str, ...]) -> dict[str, float]:
        """Named numbers: counts, and means per active transition. What is not known is left out.

        ``transitions`` (how many), ``decisions`` (how many of those were asked for), ``reward_sum`` (of all),
        ``reward_mean`` (a transition), ``reward_std`` (its standard deviation), ``log_prob_mean`` (of the actions
        taken, where known), ``value_mean`` (where known), ``terminated`` (lives that ended), ``truncated`` (episodes
        that were cut), ``action_entropy`` (of the shares of the actions, nats), ``action_<name>`` (share of the
        decisions), ``reward_<part>_mean`` (a transition).
        """
        n = self.transitions
        found: dict[str, float] = {
            "transitions": float(n),
            "decisions": float(self.decisions),
            "reward_sum": self.reward_sum,
            "terminated": float(self.terminated),
            "truncated": float(self.truncated),
        }
        if not n:
            return found
        mean = self.reward_sum / n
        found["reward_mean"] = mean
        found["reward_std"] = math.sqrt(max(self.reward_square_sum / n - mean * mean, 0.0))
        if self.log_prob_count:
            found["log_prob_mean"] = self.log_prob_sum / self.log_prob_count
        if self.value_count:
            found["value_mean"] = self.value_sum / self.value_count
        shares = self.action_counts / max(self.decisions, 1)
        positive = shares[shares > 0]
        found["action_entropy"] = float(-(positive * np.log(positive)).sum())
        found.update({f"action_{name}": float(share) for name, share in zip(action_names, shares, strict=True)})
        found.update({f"reward_{name}_mean": float(s) / n for name, s in zip(part_names, self.part_sums, strict=True)})
        return found

    def to_json(self) -> dict[str, Any]:
        """JSON-ready values; :meth:`from_json` reads them back."""
        data = {name: getattr(self, name) for name in self.__slots__}
        data["action_counts"] = [int(n) for n in self.action_counts]
        data["part_sums"] = [float(x) for x in self.part_sums]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Totals:
        """Read what :meth:`to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        values = {name: data[name] for name in cls.__slots__}
        values["action_counts"] = np.asarray(values["action_counts"], np.int64)
        values["part_sums"] = np.asarray(values["part_sums"], np.float64)
        return cls(**values)


def _known_sum(array: NDArray[np.float32]) -> tuple[float, int]:
    """Sum and number of the entries that are not NaN; mostly none is, and one pass tells."""
    total = float(array.sum(dtype=np.float64))
    if not math.isnan(total):
        return total, len(array)
    known = array[~np.isnan(array)]
    return float(known.sum(dtype=np.float64)), len(known)
