"""A dataset as a supply of demonstrations: split by episode, shuffled within bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from townlet.api import DemonstrationBatch, DemonstrationSequences, ObservationBatch, ObservationSpec
from townlet.api.demonstrations import Split
from townlet.data.block import TrajectoryBlock
from townlet.data.dataset import Dataset
from townlet.data.episodes import EpisodeTable, index_episodes
from townlet.data.pool import TransitionPool
from townlet.data.sequences import life_pieces
from townlet.errors import DatasetError, UsageError

__all__ = ["DatasetDemonstrations", "demonstrations", "split_episodes"]

MEMORY_BYTES = 1 << 30
SEEN = ("map", "features", "action_mask", "active", "episode_start")


def split_episodes(episodes: EpisodeTable, share: float, seed: int) -> NDArray[np.bool_]:
    """Draw whole episodes until they hold about ``share`` of the ticks: bool ``[E]``, true where drawn.

    At least one episode is drawn and at least one is not, where there are two or more.

    Raises:
        UsageError: a share outside 0..1.
        DatasetError: a split of a single episode.
    """
    if not 0.0 <= share < 1.0:
        raise UsageError(f"the share to hold out must be at least 0 and below 1, found {share}")
    drawn = np.zeros(len(episodes), np.bool_)
    if share == 0.0:
        return drawn
    if len(episodes) < 2:
        raise DatasetError(
            f"{len(episodes)} episode cannot be split into two parts",
            details=("record more worlds or more ticks, or hold out nothing (0)",),
        )
    order = np.random.default_rng(seed).permutation(len(episodes))
    held = np.cumsum(episodes.length[order])
    count = int(np.searchsorted(held, share * held[-1])) + 1
    drawn[order[: min(max(count, 1), len(episodes) - 1)]] = True
    return drawn


def demonstrations(
    dataset: Dataset,
    validation: float = 0.1,
    seed: int = 0,
    *,
    spec: ObservationSpec | None = None,
    memory_bytes: int = MEMORY_BYTES,
    teachers: Sequence[int] | None = None,
) -> DatasetDemonstrations:
    """The decisions in a dataset, as a :class:`~townlet.api.DemonstrationSource`.

    Args:
        dataset: what a teacher did.
        validation: share of the ticks held out, in whole episodes.
        seed: of that split.
        spec: the observations of the town that is to be taught.
        memory_bytes: budget for shuffling; see :class:`~townlet.data.ReplayDataset`.
        teachers: of a recording of several minds, numbers of those that demonstrate, empty for all of them; by
            default those that its manifest names.

    Raises:
        DatasetError: a recording of the stub, of nobody, of other observations, or of a single episode that
            was to be split; a damaged shard.
    """
    manifest, where = dataset.manifest, str(dataset.path)
    chosen = manifest.teachers if teachers is None else tuple(teachers)
    if manifest.taught_by_stub(chosen):
        raise DatasetError(
            "this is a recording of the stub, which only waits and demonstrates nothing",
            where=where,
            details=(
                f"the backend {manifest.policy.get('requested')!r} could not run when it was recorded: "
                f"{manifest.policy.get('reason')}",
                "record again with a backend that runs: townlet rollout --backend scripted",
            ),
        )
    if spec is not None and (difference := spec.first_difference(dataset.spec)):
        raise DatasetError(f"the demonstrations have different observations: {difference}", where=where)
    if not manifest.transitions:
        raise DatasetError("these demonstrations are empty: nobody lived in them", where=where)
    return DatasetDemonstrations(dataset, validation, seed, memory_bytes, chosen)


class DatasetDemonstrations:
    """See :func:`demonstrations`.

    Attributes:
        episodes: the index of all episodes that demonstrate.
        held_out: bool ``[E]``, those of the validation part.
    """

    def __init__(
        self, dataset: Dataset, validation: float, seed: int, memory_bytes: int, teachers: Sequence[int] = ()
    ) -> None:
        self.dataset = dataset
        self._teaching = dataset.manifest.teaching_rows(teachers)
        episodes = index_episodes(dataset)
        self.episodes = episodes.take(self._teaching[episodes.row])
        self.held_out = split_episodes(self.episodes, validation, seed)
        names = (*SEEN, "actions")
        self._stretches = _Stretches(self.episodes.take(self.held_out), dataset.rows)
        # Each part gets its share of the budget, so both together keep to it.
        budget = {"train": int(memory_bytes * (1 - validation)), "validation": int(memory_bytes * validation)}
        self._pools: dict[Split, TransitionPool] = {
            "train": TransitionPool(dataset, budget["train"], names, self._training, share=1 - validation),
            "validation": TransitionPool(dataset, budget["validation"], names, self._validation, share=validation),
        }
        self._counts: dict[Split, NDArray[np.int64]] | None = None

    @property
    def spec(self) -> ObservationSpec:
        """What the observations mean."""
        return self.dataset.spec

    def size(self, part: Split) -> int:
        """Transitions in ``part``."""
        if self.spec.spans:  # fewer decisions than ticks
            return int(self.action_counts(part).sum())
        held = int(self.episodes.length[self.held_out].sum())
        return held if part == "validation" else int(self.episodes.length.sum()) - held

    def action_counts(self, part: Split) -> NDArray[np.int64]:
        """How often each action was taken: int64 ``[K]``."""
        if self._counts is None:
            count = self.spec.action_count
            train, held = np.zeros(count, np.int64), np.zeros(count, np.int64)
            first = 0
            for block in self.dataset.blocks():
                inside = self._validation(first, block)
                held += np.bincount(block.actions[inside], minlength=count)
                train += np.bincount(block.actions[self._training(first, block)], minlength=count)
                first += block.ticks
            self._counts = {"train": train, "validation": held}
        return self._counts[part].copy()

    def batches(self, part: Split, batch_size: int, *, seed: int | None = None) -> Iterator[DemonstrationBatch]:
        """One pass over ``part``. Shuffled by ``seed``; None keeps the stored order. The last batch may be short."""
        if batch_size < 1:
            raise UsageError(f"batch_size must be at least 1, found {batch_size}")
        rng = None if seed is None else np.random.default_rng(seed)
        if self.size(part):
            for flat in self._pools[part].batches(batch_size, rng):
                yield DemonstrationBatch(ObservationBatch(*(flat[name] for name in SEEN)), flat["actions"])

    def sequences(
        self, part: Split, length: int, batch_size: int, *, seed: int | None = None
    ) -> Iterator[DemonstrationSequences]:
        """One pass over ``part`` in pieces of lives; see :class:`~townlet.api.SequenceSource`."""
        if length < 1 or batch_size < 1:
            raise UsageError(f"pieces and batches must be at least 1 long, found {length} and {batch_size}")
        rng = None if seed is None else np.random.default_rng(seed)
        if self.size(part):
            counted = self._validation if part == "validation" else self._training
            yield from life_pieces(self.dataset, counted, length, batch_size, rng)

    def _validation(self, first_tick: int, block: TrajectoryBlock) -> NDArray[np.bool_]:
        return block.asked & self._stretches.mask(first_tick, block.ticks)

    def _training(self, first_tick: int, block: TrajectoryBlock) -> NDArray[np.bool_]:
        outside: NDArray[np.bool_] = block.asked & self._teaching & ~self._stretches.mask(first_tick, block.ticks)
        return outside


class _Stretches:
    """Which ticks of which rows belong to some episodes, for any range of ticks."""

    def __init__(self, episodes: EpisodeTable, rows: int) -> None:
        self._start, self._stop, self._row = episodes.start, episodes.start + episodes.length, episodes.row
        self._rows = rows

    def mask(self, first: int, ticks: int) -> NDArray[np.bool_]:
        """Bool ``[ticks, N]`` for the ticks from ``first`` on."""
        touched = (self._start < first + ticks) & (self._stop > first)
        start = np.maximum(self._start[touched] - first, 0)
        stop = np.minimum(self._stop[touched] - first, ticks)
        row = self._row[touched]
        steps = np.zeros((ticks + 1, self._rows), np.int32)
        np.add.at(steps, (start, row), 1)
        np.add.at(steps, (stop, row), -1)
        inside: NDArray[np.bool_] = steps[:-1].cumsum(axis=0) > 0
        return inside
