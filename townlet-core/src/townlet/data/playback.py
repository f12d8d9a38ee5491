"""Playing a dataset back: one pass over its batches, as training would make it, and what it amounts to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from townlet.data.replay import ReplayBatch, ReplayDataset
from townlet.data.statistics import Totals

__all__ = ["Playback", "play_back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """What was read, and how it compares with what the manifest says of the whole recording.

    Attributes:
        path: the dataset.
        digest: its digest.
        policy: provenance of who acted in it.
        batches: how many were read.
        transitions: how many were in them.
        bytes_read: of all their arrays.
        seconds: wall time.
        statistics: of what was read, by name.
        baselines: the same figures of the whole recording, and those of its towns.
        spread: ``min``, ``mean`` and ``max`` of the batches' mean reward.
        first_batches: statistics of the first ones, as many as were asked for.
    """

    path: Path
    digest: str
    policy: Mapping[str, Any]
    batches: int
    transitions: int
    bytes_read: int
    seconds: float
    statistics: Mapping[str, float]
    baselines: Mapping[str, float]
    spread: Mapping[str, float]
    first_batches: tuple[Mapping[str, float], ...]

    @property
    def gigabytes_per_second(self) -> float:
        """Bytes of the batches a second, in 1e9."""
        return self.bytes_read / self.seconds / 1e9

    def to_json(self) -> dict[str, Any]:
        """As ``townlet replay DATASET --json`` prints it."""
        return {
            "path": str(self.path),
            "digest": self.digest,
            "policy": dict(self.policy),
            "batches": self.batches,
            "transitions": self.transitions,
            "seconds": round(self.seconds, 6),
            "transitions_per_second": round(self.transitions / self.seconds, 1),
            "gigabytes_per_second": round(self.gigabytes_per_second, 4),
            "statistics": dict(self.statistics),
            "baselines": dict(self.baselines),
            "spread": dict(self.spread),
            "first_batches": [dict(batch) for batch in self.first_batches],
        }


def play_back(replay: ReplayDataset, *, batches: int | None = None, first: int = 0) -> Playback:
    """Read a dataset through; every digest is checked on the way where the dataset was opened so.

    Args:
        replay: the dataset as batches.
        batches: stop after so many; None for all of them.
        first: of how many batches to keep the statistics.

    Raises:
        DatasetError: if it is damaged.
    """
    dataset = replay.dataset
    total = Totals.zero(dataset.spec.action_count, len(dataset.manifest.reward_parts))
    shown: list[Mapping[str, float]] = []
    means: list[float] = []
    size = 0
    started = time.perf_counter()
    for batch in replay:
        _add(total, batch)
        size += batch.nbytes
        means.append(float(batch.rewards.mean(dtype=float)))
        if len(shown) < first:
            shown.append(replay.statistics(batch))
        if len(means) == batches:
            break
    seconds = max(time.perf_counter() - started, 1e-9)
    spread = {"min": min(means), "mean": sum(means) / len(means), "max": max(means)} if means else {}
    return Playback(
        path=dataset.path,
        digest=dataset.digest,
        policy=dataset.manifest.policy,
        batches=len(means),
        transitions=total.transitions,
        bytes_read=size,
        seconds=seconds,
        statistics=total.metrics(dataset.spec.action_names, dataset.manifest.reward_parts),
        baselines=replay.baselines(),
        spread=spread or {"min": 0.0, "mean": 0.0, "max": 0.0},
        first_batches=tuple(shown),
    )


def _add(total: Totals, batch: ReplayBatch) -> None:
    total.add_transitions(
        actions=batch.actions,
        asked=batch.observations.asked,
        rewards=batch.rewards,
        reward_parts=batch.reward_parts,
        log_probs=batch.log_probs,
        values=batch.values,
    )
    total.terminated += int(batch.terminated.sum())
    total.truncated += int(batch.truncated.sum())
