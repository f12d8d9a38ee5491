"""Keeping the better part of a dataset, and splitting one in two."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from townlet.data.dataset import Dataset
from townlet.data.demonstrations import split_episodes
from townlet.data.episodes import EpisodeTable, index_episodes
from townlet.data.manifest import DatasetManifest
from townlet.data.subsets import write_episodes, write_worlds
from townlet.errors import DatasetError, UsageError
from townlet.storage.atomic import refuse_existing
from townlet.suggestions import nearest

__all__ = ["Criterion", "curate", "episode_scores", "score_names", "split"]

Unit = Literal["episode", "world"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is kept: whatever scores between ``minimum`` and ``maximum``, and of that the best ``top``.

    Attributes:
        metric: one of :func:`score_names`.
        minimum: kept from this score on; None: no lower bound.
        maximum: kept up to this score; None: no upper bound.
        top: share of what is left, by score, in 0..1; None: all of it.

    Raises:
        UsageError: no bound at all, or a share outside 0..1.
    """

    metric: str = "reward_mean"
    minimum: float | None = None
    maximum: float | None = None
    top: float | None = None

    def __post_init__(self) -> None:
        if self.minimum is None and self.maximum is None and self.top is None:
            raise UsageError("give a minimum, a maximum or a top share to keep")
        if self.top is not None and not 0.0 < self.top <= 1.0:
            raise UsageError(f"the top share must be above 0 and at most 1, found {self.top}")

    def kept(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which scores are kept: bool, of the same shape. What has no score (NaN) is not."""
        kept = ~np.isnan(scores)
        if self.minimum is not None:
            kept &= scores >= self.minimum
        if self.maximum is not None:
            kept &= scores <= self.maximum
        if self.top is not None and kept.any():
            index = np.flatnonzero(kept)
            count = max(1, int(np.ceil(self.top * len(index))))
            best = index[np.argsort(-scores[index], kind="stable")[:count]]
            kept = np.zeros_like(kept)
            kept[best] = True
        return kept

    def __str__(self) -> str:
        bounds = [f">= {self.minimum:g}"] if self.minimum is not None else []
        bounds += [f"<= {self.maximum:g}"] if self.maximum is not None else []
        bounds += [f"in the top {self.top:.0%}"] if self.top is not None else []
        return f"{self.metric} {' and '.join(bounds)}"


def score_names(dataset: Dataset) -> tuple[str, ...]:
    """The metrics that episodes and worlds can be kept by: ``return``, ``reward_mean``, ``length``, and
    ``reward_<part>`` (mean a tick) for each part of the reward."""
    return "return", "reward_mean", "length", *(f"reward_{part}" for part in dataset.manifest.reward_parts)


def episode_scores(
    dataset: Dataset, episodes: EpisodeTable, metric: str, unit: Unit
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The score of each episode or world, and which of them each episode belongs to.

    Returns:
        float64 ``[U]``, NaN for a world in which nobody lived; and int64 ``[E]``, indices into it.
    """
    names = score_names(dataset)
    if metric not in names:
        near = nearest(metric, names)
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(names)}"
        raise UsageError(f"there is no metric {metric!r} to keep by", details=(hint,))
    if unit == "world":
        if dataset.manifest.layout != "worlds":
            raise DatasetError("rows of this dataset are chosen episodes, not worlds", where=str(dataset.path))
        owner, count = episodes.row // dataset.manifest.agents, dataset.manifest.worlds
    else:
        owner, count = np.arange(len(episodes)), len(episodes)
    lengths = np.bincount(owner, episodes.length, count)
    if metric == "length":
        sums = lengths if unit == "episode" else lengths / np.maximum(np.bincount(owner, minlength=count), 1)
        return np.where(lengths > 0, sums, np.nan), owner
    values = episodes.returns
    if metric not in ("return", "reward_mean"):
        values = episodes.part_returns[:, names.index(metric) - 3]
    sums = np.bincount(owner, values, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / lengths
    return (np.where(lengths > 0, sums, np.nan) if metric == "return" else means), owner


def curate(dataset: Dataset, path: str | Path, criterion: Criterion, unit: Unit = "episode") -> DatasetManifest:
    """Write the episodes or worlds that meet a criterion as a new dataset.

    Raises:
        UsageError: an unknown metric.
        DatasetError: nothing meets it, or the new dataset cannot be written.
    """
    episodes = index_episodes(dataset)
    scores, _ = episode_scores(dataset, episodes, criterion.metric, unit)
    kept = criterion.kept(scores)
    how = f"{unit}s with {criterion}: {int(kept.sum())} of {len(kept)}"
    if not kept.any():
        known = scores[~np.isnan(scores)]
        spread = f"scores lie between {known.min():g} and {known.max():g}" if len(known) else "nobody lived in it"
        raise DatasetError(f"no {unit} has {criterion}", where=str(dataset.path), details=(spread,))
    if unit == "world":
        return write_worlds(dataset, path, np.flatnonzero(kept), how)
    return write_episodes(dataset, path, episodes.take(kept), how)


def split(
    dataset: Dataset, train: str | Path, validation: str | Path, share: float = 0.1, seed: int = 0
) -> tuple[DatasetManifest, DatasetManifest]:
    """Write two datasets of whole episodes, about ``share`` of the ticks in the second.

    Raises:
        UsageError: a share outside 0..1, or one name for both.
        DatasetError: fewer than two episodes, or a dataset cannot be written. Where one of the names is taken,
            neither is written.
    """
    if share == 0.0:
        raise UsageError("the share to hold out must be above 0")
    if Path(train).absolute() == Path(validation).absolute():
        raise UsageError("the two parts need two names", where=str(train))
    for place in (train, validation):
        refuse_existing(Path(place).absolute(), error=DatasetError)
    episodes = index_episodes(dataset)
    held = split_episodes(episodes, share, seed)
    first = write_episodes(dataset, train, episodes.take(~held), f"training part, {1 - share:.0%}, seed {seed}")
    second = write_episodes(dataset, validation, episodes.take(held), f"validation part, {share:.0%}, seed {seed}")
    return first, second
