"""Behaviour cloning in a few lines, for scripts and notebooks; ``townlet.policy.bc`` hands these on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    BCMetrics,
    DemonstrationBatch,
    DemonstrationSource,
    ObservationBatch,
    ObservationSpec,
    Report,
    TrainingReport,
)
from townlet.api.demonstrations import Split
from townlet.errors import ContractError
from townlet_backend_pytorch.bc_evaluation import judge_clone
from townlet_backend_pytorch.devices import resolve_device
from townlet_backend_pytorch.learner import TorchLearner
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.options import BCTrainingConfig
from townlet_backend_pytorch.policy import TorchPolicy

__all__ = ["BCTrainer", "BCTrainingConfig", "BCTrajectoryDataset", "evaluate_bc_policy", "load_bc_samples"]


class BCTrajectoryDataset:
    """Demonstrations in memory: a ``DemonstrationSource`` over two batches, shuffled by index.

    Args:
        spec: what the observations mean.
        train: transitions to learn from.
        validation: transitions held out, from other lives.

    Raises:
        ContractError: if a batch is not of ``spec``.
    """

    def __init__(self, spec: ObservationSpec, train: DemonstrationBatch, validation: DemonstrationBatch) -> None:
        self._spec = spec
        self._parts: dict[Split, DemonstrationBatch] = {"train": train, "validation": validation}
        for part, batch in self._parts.items():
            seen = batch.observations
            found = (seen.map.shape[1:], seen.features.shape[1], seen.action_mask.shape[1])
            if found != (spec.map_shape, spec.feature_count, spec.action_count):
                raise ContractError(f"the {part} part is not of the spec: map, features and actions are {found}")

    @property
    def spec(self) -> ObservationSpec:
        """What the observations mean."""
        return self._spec

    def size(self, part: Split) -> int:
        """Transitions in ``part``."""
        return len(self._parts[part].actions)

    def action_counts(self, part: Split) -> NDArray[np.int64]:
        """How often each action was taken: int64 ``[K]``."""
        return np.bincount(self._parts[part].actions, minlength=self._spec.action_count).astype(np.int64)

    def batches(self, part: Split, batch_size: int, *, seed: int | None = None) -> Iterator[DemonstrationBatch]:
        """One pass over ``part``; shuffled by ``seed``, or in stored order if that is None."""
        whole = self._parts[part]
        size = len(whole.actions)
        if seed is None:
            for start in range(0, size, batch_size):
                rows = slice(start, start + batch_size)
                yield DemonstrationBatch(whole.observations.take(rows), whole.actions[rows])
            return
        order = np.random.default_rng(seed).permutation(size)
        for start in range(0, size, batch_size):
            index = order[start : start + batch_size]
            yield DemonstrationBatch(whole.observations.take(index), whole.actions[index])


class BCTrainer:
    """A learner for demonstrations of ``spec``; ``fit`` teaches it, ``policy`` acts."""

    def __init__(self, spec: ObservationSpec, config: BCTrainingConfig | None = None) -> None:
        self.config = config or BCTrainingConfig()
        device = resolve_device(self.config.options.device)
        network = ConflictAwarePolicyNetwork(self.config.options.network(spec), self.config.seed).to(device)
        self.learner = TorchLearner(network, spec, self.config.options, device)

    @property
    def policy(self) -> TorchPolicy:
        """Acts with the current weights."""
        return self.learner.policy

    def fit(self, demonstrations: DemonstrationSource, report: Report | None = None) -> BCMetrics:
        """Clone the teacher. Raises as ``LearnerProtocol.clone_behaviour``."""
        return self.learner.clone_behaviour(demonstrations, self.config.settings, report or _ignore)


def evaluate_bc_policy(policy: TorchPolicy, demonstrations: DemonstrationSource) -> Mapping[str, float]:
    """``loss`` (nats), ``accuracy``, ``majority_accuracy`` and ``calibration_error`` on the held-out part."""
    found = judge_clone(policy.network, demonstrations, "validation", policy.device)
    return {
        "loss": found.loss,
        "accuracy": found.accuracy,
        "majority_accuracy": found.majority_accuracy,
        "calibration_error": found.calibration_error,
    }


def load_bc_samples(source: DemonstrationSource) -> BCTrajectoryDataset:
    """Read a whole source, such as a recorded dataset's demonstrations, into memory."""
    return BCTrajectoryDataset(source.spec, _whole(source, "train"), _whole(source, "validation"))


def _whole(source: DemonstrationSource, part: Split) -> DemonstrationBatch:
    batches = list(source.batches(part, 65536))
    if not batches:
        return DemonstrationBatch(ObservationBatch.empty(source.spec, 0), np.zeros(0, np.int64))
    return DemonstrationBatch(
        ObservationBatch.concatenate([batch.observations for batch in batches]),
        np.concatenate([batch.actions for batch in batches]),
    )


def _ignore(report: TrainingReport) -> None:
    """The report of nobody."""
