"""Cloning in a few lines, as a script would."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.api import BCSettings, DemonstrationSource
from townlet.errors import ContractError
from townlet_backend_pytorch.bc_trainer import BCTrainer, BCTrajectoryDataset, evaluate_bc_policy, load_bc_samples
from townlet_backend_pytorch.options import BCTrainingConfig

pytestmark = pytest.mark.torch


def test_fit_and_judge(spec, options, teacher):
    settings = BCSettings(epochs=8, batch_size=128, learning_rate=5e-3)
    trainer = BCTrainer(spec, BCTrainingConfig(settings, options, seed=1))
    before = evaluate_bc_policy(trainer.policy, teacher)
    metrics = trainer.fit(teacher)
    after = evaluate_bc_policy(trainer.policy, teacher)
    assert after["accuracy"] > before["accuracy"] + 0.3
    assert after["loss"] == pytest.approx(metrics.loss, rel=1e-5)


def test_the_dataset_is_a_source_that_gives_each_row_once(teacher):
    assert isinstance(teacher, DemonstrationSource)
    stored = np.concatenate([b.observations.features for b in teacher.batches("train", 1000)])
    shuffled = np.concatenate([b.observations.features for b in teacher.batches("train", 1000, seed=4)])
    again = np.concatenate([b.observations.features for b in teacher.batches("train", 1000, seed=4)])
    assert len(stored) == teacher.size("train") == teacher.action_counts("train").sum()
    assert not np.array_equal(stored, shuffled)
    assert np.array_equal(shuffled, again)
    assert np.array_equal(np.sort(stored, axis=0), np.sort(shuffled, axis=0))


def test_a_whole_source_is_read_into_memory(teacher):
    copy = load_bc_samples(teacher)
    for part in ("train", "validation"):
        assert copy.size(part) == teacher.size(part)
        assert np.array_equal(copy.action_counts(part), teacher.action_counts(part))
        one, other = next(iter(copy.batches(part, 100))), next(iter(teacher.batches(part, 100)))
        assert np.array_equal(one.observations.map, other.observations.map)
        assert np.array_equal(one.actions, other.actions)


def test_batches_of_other_observations_are_refused(blind_spec, teacher):
    batch = next(iter(teacher.batches("train", 8)))
    with pytest.raises(ContractError, match="train part is not of the spec"):
        BCTrajectoryDataset(blind_spec, batch, batch)
