"""How well a policy repeats a teacher: loss, accuracy per action, calibration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from townlet.api import BCMetrics, DemonstrationSource, ObservationSpec
from townlet.api.demonstrations import Split
from townlet_backend_pytorch.experience import prepare_demonstrations
from townlet_backend_pytorch.losses import masked_log_softmax, smoothed_cross_entropy
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.recurrent import sequences_of, taught_logits

__all__ = ["CloneJudgement", "judge_clone"]

_BINS = 15
_ROWS = 4096


@dataclass(frozen=True, slots=True)
class CloneJudgement:
    """Of the greedy policy on one part of the demonstrations.

    Attributes:
        loss: mean cross-entropy, nats, without weights or smoothing.
        counts: int64 ``[K]``, how often the teacher took each action.
        hits: int64 ``[K]``, how often the policy repeated it.
        calibration_error: expected calibration error, 15 bins.
    """

    loss: float
    counts: NDArray[np.int64]
    hits: NDArray[np.int64]
    calibration_error: float

    @property
    def accuracy(self) -> float:
        """Share of actions repeated."""
        return float(self.hits.sum() / self.counts.sum())

    @property
    def majority_accuracy(self) -> float:
        """What always taking the commonest action would reach."""
        return float(self.counts.max() / self.counts.sum())

    def metrics(
        self,
        spec: ObservationSpec,
        *,
        epochs: int,
        samples: int,
        seconds: float,
        train_loss: float,
        stopped_early: bool,
    ) -> BCMetrics:
        """As the contract's metrics, with names of actions; one never taken has no recall."""
        named = list(zip(spec.action_names, self.counts.tolist(), self.hits.tolist(), strict=True))
        return BCMetrics(
            epochs=epochs,
            samples=samples,
            seconds=seconds,
            train_loss=train_loss,
            loss=self.loss,
            accuracy=self.accuracy,
            majority_accuracy=self.majority_accuracy,
            action_accuracy={name: hits / count for name, count, hits in named if count},
            action_counts={name: count for name, count, _ in named},
            calibration_error=self.calibration_error,
            stopped_early=stopped_early,
        )


def judge_clone(
    network: ConflictAwarePolicyNetwork,
    demonstrations: DemonstrationSource,
    part: Split,
    device: torch.device,
    *,
    memory_ticks: int = 32,
) -> CloneJudgement:
    """Judge the network's policy on one pass over ``part``, which must not be empty.

    In float32, whatever it was trained in: so it acts in the town. A network with memory is judged on pieces of
    lives of four times ``memory_ticks``: it acts on longer ones than it learns from.
    """
    actions = demonstrations.spec.action_count
    counts, hits = np.zeros(actions, np.int64), np.zeros(actions, np.int64)
    totals = np.zeros((_BINS, 3))  # confidence, hits and number in each bin
    loss = 0.0
    with torch.inference_mode():
        for logits, mask, taken in _judged(network, demonstrations, part, device, 4 * memory_ticks):
            log_probs = masked_log_softmax(logits, mask)
            loss += float(smoothed_cross_entropy(log_probs, taken, mask).double().sum())
            best, chosen = log_probs.max(1)
            right = (chosen == taken).cpu().numpy()
            told = taken.cpu().numpy()
            counts += np.bincount(told, minlength=actions)
            hits += np.bincount(told[right], minlength=actions)
            totals += _bins(np.nan_to_num(best.double().exp().cpu().numpy()), right)  # the loss tells of NaN
    return CloneJudgement(loss / int(counts.sum()), counts, hits, _calibration(totals))


def _judged(
    network: ConflictAwarePolicyNetwork,
    demonstrations: DemonstrationSource,
    part: Split,
    device: torch.device,
    ticks: int,
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Scores ``[B, K]``, mask ``[B, K]`` and actions ``[B]`` of each batch."""
    if network.memory is not None:
        for piece in sequences_of(demonstrations, part, ticks, _ROWS, None):
            yield taught_logits(network, piece, device)
        return
    for batch in demonstrations.batches(part, _ROWS):
        examples = prepare_demonstrations(batch, device)
        yield network.actor(network.trunk(examples.codes, examples.features)), examples.mask, examples.actions


def _bins(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Sums of confidences ``[B]``, of those that were right, and counts, of 15 equal bins: float64 ``[15, 3]``."""
    index = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    columns = (confidence, right.astype(np.float64), np.ones(len(right)))
    return np.stack([np.bincount(index, weights=column, minlength=_BINS) for column in columns], axis=1)


def _calibration(totals: NDArray[np.float64]) -> float:
    """Mean gap between confidence and accuracy over the bins, weighted by size (Guo et al. 2017, equation 3)."""
    return float(np.abs(totals[:, 0] - totals[:, 1]).sum() / max(totals[:, 2].sum(), 1.0))
