"""Gradient steps that nobody waits for are those of the ordinary update, bit by bit, and fail at the same place."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.api import PPOSettings
from townlet.errors import TrainingError
from townlet_backend_pytorch.ahead import optimise_ahead

pytestmark = pytest.mark.torch

SETTINGS = PPOSettings(learning_rate=3e-3, epochs=3, minibatches=4)


def after(learner, rollouts, settings, ahead):
    """Metrics of each update, and the weights and moments that come of them."""
    if ahead:
        learner._optimise = optimise_ahead
    told = [learner.update(rollout, settings).model_copy(update={"seconds": 0}) for rollout in rollouts]
    weights = {name: tensor.numpy().copy() for name, tensor in learner.network.state_dict().items()}
    moments = [float(state["step"]) for state in learner._state.optimizer.state.values()]
    return told, weights, moments


def both(spec, make_learner, make_rollout, settings, **options):
    first = make_learner(spec, **options)
    rollouts = [make_rollout(first.policy, spec, ticks=12, rows=10, seed=seed) for seed in range(3)]
    return [after(make_learner(spec, **options), rollouts, settings, ahead) for ahead in (False, True)]


@pytest.mark.parametrize("critic", ["shared", "separate"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"target_kl": 1e9},
        {"target_kl": 1e-4, "learning_rate": 1e-2},
        {"target_kl": 1e-12},
        {"train_policy": False},
        {"minibatches": 500},
    ],
    ids=["no-target", "never-reached", "reached", "reached-at-once", "critic-alone", "more-parts-than-rows"],
)
def test_nothing_differs(spec, make_learner, make_rollout, changes, critic):
    settings = SETTINGS.model_copy(update=changes)
    ordinary, ahead = both(spec, make_learner, make_rollout, settings, critic=critic)
    assert ordinary[0] == ahead[0]
    assert ordinary[1].keys() == ahead[1].keys()
    for name, tensor in ordinary[1].items():
        np.testing.assert_array_equal(tensor, ahead[1][name], err_msg=name)
    assert ordinary[2] == ahead[2]


def test_the_target_really_stops_it(spec, make_learner, make_rollout):
    settings = SETTINGS.model_copy(update={"target_kl": 1e-4, "learning_rate": 1e-2})
    _, (told, _, moments) = both(spec, make_learner, make_rollout, settings)
    assert 0 < told[0].epochs_done < 3
    assert max(moments) < 3 * 12


def test_what_is_not_finite_is_told_with_its_place_and_taken_back(spec, make_learner, make_rollout, tmp_path):
    told = []
    settings = SETTINGS.model_copy(update={"learning_rate": 1e30, "epochs": 20})
    for ahead in (False, True):
        learner = make_learner(spec)
        if ahead:
            learner._optimise = optimise_ahead
        rollout = make_rollout(learner.policy, spec)
        learner.update(rollout, SETTINGS)
        before = {name: tensor.numpy().copy() for name, tensor in learner.network.state_dict().items()}
        with pytest.raises(TrainingError, match="of the PPO update is not finite") as caught:
            learner.update(rollout, settings)
        told.append((caught.value.summary, caught.value.where))
        for name, tensor in learner.network.state_dict().items():
            np.testing.assert_array_equal(tensor.numpy(), before[name], err_msg=name)
        assert np.isfinite(learner.update(rollout, SETTINGS).total_loss)
    assert told[0] == told[1]
    assert "epoch" in told[0][1]
