"""Replaying a dataset: batches of transitions with their statistics, streamed, shuffled within bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from townlet.api import ActionArray, BoolArray, FloatArray, ObservationBatch
from townlet.data.block import ARRAY_DTYPES
from townlet.data.dataset import Dataset
from townlet.data.pool import TransitionPool, flat_blocks
from townlet.data.statistics import Totals
from townlet.errors import DatasetError, UsageError

__all__ = ["ReplayBatch", "ReplayDataset"]

POOL_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class ReplayBatch:
    """``B`` active transitions.

    Attributes:
        observations: ``B`` rows.
        actions: int64 ``[B]``.
        log_probs: float32 ``[B]``; NaN where unknown.
        values: float32 ``[B]``; NaN where unknown.
        rewards: float32 ``[B]``.
        reward_parts: float32 ``[B, P]``.
        terminated: bool ``[B]``.
        truncated: bool ``[B]``.
    """

    observations: ObservationBatch
    actions: ActionArray
    log_probs: FloatArray
    values: FloatArray
    rewards: FloatArray
    reward_parts: FloatArray
    terminated: BoolArray
    truncated: BoolArray

    def __len__(self) -> int:
        return len(self.actions)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        seen = self.observations
        mine = [getattr(self, field.name) for field in fields(self) if field.name != "observations"]
        return sum(
            a.nbytes for a in (*mine, seen.map, seen.features, seen.action_mask, seen.active, seen.episode_start)
        )

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[np.generic]]) -> ReplayBatch:
        """From flat arrays by name."""
        seen = ("map", "features", "action_mask", "active", "episode_start", "asked")
        rest = {f.name: arrays[f.name] for f in fields(cls) if f.name != "observations"}
        return cls(observations=ObservationBatch(*(arrays[name] for name in seen)), **rest)  # type: ignore[arg-type]


class ReplayDataset:
    """A dataset as a supply of batches; iterate it once per epoch.

    Args:
        dataset: what to replay.
        batch_size: transitions a batch.
        seed: shuffle, by this seed and the number of the epoch; None keeps the recorded order.
        drop_last: leave out a last batch that is short.
        memory_bytes: budget for shuffling. A dataset that is larger is shuffled by pieces: pieces of shards in
            random order, several at a time in memory, transitions in random order among those.

    Raises:
        UsageError: a batch size below 1.
        DatasetError: the dataset holds no transition.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        batch_size: int = 1024,
        seed: int | None = None,
        drop_last: bool = False,
        memory_bytes: int = POOL_BYTES,
    ) -> None:
        if batch_size < 1:
            raise UsageError(f"batch_size must be at least 1, found {batch_size}")
        if not dataset.transitions:
            raise DatasetError("the dataset holds no transition: nobody lived in it", where=str(dataset.path))
        self.dataset = dataset
        self.batch_size = batch_size
        self.seed = seed
        self.drop_last = drop_last
        self._memory_bytes = memory_bytes
        self._epoch = 0

    def __len__(self) -> int:
        """Batches an epoch."""
        whole, rest = divmod(self.dataset.transitions, self.batch_size)
        return whole + (1 if rest and not self.drop_last else 0)

    def __iter__(self) -> Iterator[ReplayBatch]:
        epoch, self._epoch = self._epoch, self._epoch + 1
        flats = self._in_order() if self.seed is None else self._shuffled(self.seed, epoch)
        for arrays in flats:
            if self.drop_last and len(arrays["actions"]) < self.batch_size:
                return
            yield ReplayBatch.of(arrays)

    def statistics(self, batch: ReplayBatch) -> dict[str, float]:
        """Named numbers of a batch; names as in :meth:`baselines`. See :meth:`~townlet.data.Totals.metrics`."""
        totals = Totals.zero(self.dataset.spec.action_count, len(self.dataset.manifest.reward_parts))
        totals.add_transitions(
            actions=batch.actions,
            asked=batch.observations.asked,
            rewards=batch.rewards,
            reward_parts=batch.reward_parts,
            log_probs=batch.log_probs,
            values=batch.values,
        )
        totals.terminated = int(np.count_nonzero(batch.terminated))
        totals.truncated = int(np.count_nonzero(batch.truncated))
        return totals.metrics(self.dataset.spec.action_names, self.dataset.manifest.reward_parts)

    def baselines(self) -> dict[str, float]:
        """What the recorded policy reached over the whole dataset, KPIs of its towns included."""
        return dict(self.dataset.metrics)

    def _in_order(self) -> Iterator[dict[str, NDArray[np.generic]]]:
        """Batches in recorded order: views of the memory map where a batch lies within one shard."""
        size, rest = self.batch_size, _empty()
        for flat in flat_blocks(self.dataset):
            count, start = len(flat["actions"]), 0
            if held := len(rest["actions"]) if rest else 0:
                start = min(size - held, count)
                rest = {name: np.concatenate([rest[name], flat[name][:start]]) for name in flat}
                if len(rest["actions"]) < size:
                    continue
                yield rest
                rest = _empty()
            while start + size <= count:
                yield {name: array[start : start + size] for name, array in flat.items()}
                start += size
            if start < count:
                rest = {name: array[start:].copy() for name, array in flat.items()}
        if rest:
            yield rest

    def _shuffled(self, seed: int, epoch: int) -> Iterator[dict[str, NDArray[np.generic]]]:
        pool = TransitionPool(self.dataset, self._memory_bytes, tuple(set(ARRAY_DTYPES) - {"bootstrap"}))
        yield from pool.batches(self.batch_size, np.random.default_rng([seed, epoch]))


def _empty() -> dict[str, NDArray[np.generic]]:
    return {}
