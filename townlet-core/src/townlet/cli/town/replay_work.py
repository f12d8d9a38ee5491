"""What ``townlet replay`` does: reads a dataset through as training would."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from townlet.cli.output import JSONValue
from townlet.data import ReplayBatch, ReplayDataset, Totals, open_dataset

__all__ = ["ReplayRequest", "ReplayResult", "play_back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """What was asked for; see the options of ``townlet replay``."""

    path: Path
    batch_size: int
    seed: int | None
    drop_last: bool
    limit: int | None
    memory_bytes: int
    show: int
    verify: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """What was read, and how it compares with what the manifest says of the whole recording."""

    path: Path
    digest: str
    policy: Mapping[str, JSONValue]
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

    def document(self) -> dict[str, JSONValue]:
        """The result as ``townlet replay --json`` prints it."""
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


def play_back(request: ReplayRequest) -> ReplayResult:
    """Read the dataset through.

    Raises:
        DatasetError: it is refused, or holds no transition.
    """
    dataset = open_dataset(request.path, verify=request.verify)
    replay = ReplayDataset(
        dataset,
        batch_size=request.batch_size,
        seed=request.seed,
        drop_last=request.drop_last,
        memory_bytes=request.memory_bytes,
    )
    total = Totals.zero(dataset.spec.action_count, len(dataset.manifest.reward_parts))
    first: list[Mapping[str, float]] = []
    means: list[float] = []
    batches = size = 0
    started = time.perf_counter()
    for batch in replay:
        _add(total, batch)
        batches += 1
        size += batch.nbytes
        means.append(float(batch.rewards.mean(dtype=float)))
        if len(first) < request.show:
            first.append(replay.statistics(batch))
        if batches == request.limit:
            break
    seconds = max(time.perf_counter() - started, 1e-9)
    spread = {"min": min(means), "mean": sum(means) / len(means), "max": max(means)} if means else {}
    return ReplayResult(
        path=request.path,
        digest=dataset.digest,
        policy=dataset.manifest.policy,
        batches=batches,
        transitions=total.transitions,
        bytes_read=size,
        seconds=seconds,
        statistics=total.metrics(dataset.spec.action_names, dataset.manifest.reward_parts),
        baselines=replay.baselines(),
        spread=spread or {"min": 0.0, "mean": 0.0, "max": 0.0},
        first_batches=tuple(first),
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
