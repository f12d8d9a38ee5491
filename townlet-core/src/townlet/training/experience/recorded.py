"""Experience from a recorded dataset, piece by piece."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from townlet.api import RolloutBatch
from townlet.config.rewards import SocialStage
from townlet.data import Dataset, TrajectoryBlock
from townlet.errors import DatasetError, UsageError
from townlet.training.experience.source import Gathered, stored_count

__all__ = ["RecordedExperience"]


class RecordedExperience:
    """Experience from a recording of a policy that told its log-probabilities and values.

    Args:
        dataset: the recording.
        ticks: ticks of a piece, at most.

    Raises:
        DatasetError: if the recording is too short or lacks log-probabilities or values.
    """

    def __init__(self, dataset: Dataset, ticks: int) -> None:
        if dataset.spec.spans:
            raise DatasetError(
                "PPO cannot learn from a recording in the action space `goals`: what follows a decision that its end "
                "cuts was not recorded",
                where=str(dataset.path),
                details=("gather fresh experience (training.ppo.data: rollout), or clone the recording: --mode bc",),
            )
        self._dataset = dataset
        self._pieces = _pieces(dataset, ticks)
        self._next = 0
        if not self._pieces:
            raise DatasetError("the recording has no two ticks in a row to learn from", where=str(dataset.path))
        first = dataset.read(*self._pieces[0])
        for name, array in (("log_probs", first.log_probs), ("values", first.values)):
            if np.isnan(array[first.active]).any():
                raise DatasetError(
                    f"the recording has no {name}, so PPO cannot weigh its actions",
                    where=str(dataset.path),
                    details=("record a learner's own policy with exploration, or clone the recording: --mode bc",),
                )

    def gather(self, gamma: float, price: float | None = None) -> Gathered:
        """The next piece; after the last one the first again. Raises UsageError if lost days have a price."""
        del gamma  # each entry is one tick
        if price is not None:
            raise UsageError(
                "training.ppo.constraint limits lost days, which a recording does not count",
                where=str(self._dataset.path),
                details=("learn from towns (training.ppo.data: rollout)", "or set constraint.lost_days: null"),
            )
        block = self._dataset.read(*self._pieces[self._next % len(self._pieces)])
        self._next += 1
        batch = as_rollout(block)
        samples = int(batch.active.sum())
        metrics = {
            "reward_mean": float(np.sum(batch.rewards, where=batch.active, dtype=np.float64)) / max(1, samples),
            "lives_ended": float(batch.terminated.sum()),
            "active_share": samples / batch.active.size,
        }
        return Gathered(batch, samples, metrics)

    def set_social_stage(self, stage: SocialStage) -> None:
        """A recording's rewards are what they were."""

    def save(self, folder: Path) -> None:
        """Which piece comes next."""
        (folder / "experience.json").write_text(json.dumps({"schema": 1, "next": self._next}), encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Continue from what :meth:`save` wrote."""
        self._next = stored_count(folder / "experience.json", "next")


def _pieces(dataset: Dataset, ticks: int) -> list[tuple[int, int]]:
    """First and one-past-last tick of each piece, counted over the dataset; none crosses a gap in time.

    Pieces overlap by a tick: the last tick of a piece only tells what followed the one before it.
    """
    pieces, begin = [], 0
    for segment in dataset.manifest.segments:
        end = begin + segment.ticks
        for start in range(begin, end - 1, ticks):
            pieces.append((start, min(start + ticks + 1, end)))
        begin = end
    return pieces


def as_rollout(block: TrajectoryBlock) -> RolloutBatch:
    """All ticks of a block but the last, whose recorded value is what follows the tick before it."""
    values = np.nan_to_num(block.values, nan=0.0)
    kept = block.ticks_between(0, block.ticks - 1)
    bootstrap = np.zeros_like(values[:-1])
    # Where an episode was cut and the value of what came next was not recorded, the value before it is nearest.
    known = np.where(np.isnan(kept.bootstrap) | (kept.bootstrap == 0), values[:-1], kept.bootstrap)
    bootstrap[kept.truncated] = known[kept.truncated]
    goes_on = kept.active[-1] & ~kept.terminated[-1] & ~kept.truncated[-1]
    bootstrap[-1][goes_on] = values[-1][goes_on]
    return RolloutBatch(
        map=kept.map,
        features=kept.features,
        action_mask=kept.action_mask,
        active=kept.active,
        episode_start=kept.episode_start,
        actions=kept.actions,
        log_probs=np.nan_to_num(kept.log_probs, nan=0.0),
        values=values[:-1],
        rewards=kept.rewards,
        terminated=kept.terminated,
        truncated=kept.truncated,
        bootstrap=bootstrap,
    )
