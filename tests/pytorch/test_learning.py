"""Learning, on towns so small that failing has no excuse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from townlet.api import BCSettings, PPOSettings

pytestmark = pytest.mark.torch


def _pay(town, policy, ticks: int = 40) -> float:
    return float(town.collect(policy, ticks).rewards.mean())


def test_ppo_learns_which_action_the_cue_pays_for(blind_spec, make_learner, cue_town):
    learner = make_learner(blind_spec)
    before = _pay(cue_town, learner.policy)
    for update in range(25):
        rollout = cue_town.collect(learner.policy)
        learner.update(rollout, PPOSettings(learning_rate=3e-3, gamma=0.9, seed=update))
    assert before < 0.5
    assert _pay(cue_town, learner.policy) > 0.93


def test_the_critic_learns_the_returns_in_units_of_reward(blind_spec, make_learner, cue_town):
    learner = make_learner(blind_spec)
    first = learner.update(cue_town.collect(learner.policy, 100), PPOSettings(gamma=1e-3, learning_rate=3e-3))
    last = first
    for update in range(20):
        rollout = cue_town.collect(learner.policy, 100)
        last = learner.update(rollout, PPOSettings(gamma=1e-3, learning_rate=3e-3, train_policy=False, seed=update))
    # without a future the best guess is the expected reward under the policy, given the cue: about 0.4
    values = learner.policy.decide(cue_town.look(), learner.policy.initial_state(32, 0)).values
    assert abs(values.mean() - rollout.rewards.mean()) < 0.1
    assert last.explained_variance > first.explained_variance - 0.05


def test_cloning_reaches_the_teacher(spec, make_learner, teacher):
    learner = make_learner(spec)
    lines = []
    metrics = learner.clone_behaviour(
        teacher, BCSettings(epochs=30, batch_size=128, learning_rate=5e-3, patience=30), lines.append
    )
    assert metrics.accuracy > 0.93
    assert metrics.accuracy > metrics.majority_accuracy + 0.3
    assert set(metrics.action_accuracy) == set(spec.action_names)
    assert sum(metrics.action_counts.values()) == teacher.size("validation")
    assert metrics.calibration_error < 0.1
    assert [line.step for line in lines] == list(range(1, metrics.epochs + 1))
    assert lines[-1].samples == metrics.samples


@pytest.mark.parametrize("critic", ["separate", "shared"])
def test_the_cloned_network_is_what_ppo_starts_from_and_the_warm_up_leaves_it_alone(
    spec, make_learner, teacher, make_rollout, critic
):
    learner = make_learner(spec, critic=critic)
    learner.clone_behaviour(teacher, BCSettings(epochs=2), lambda line: None)
    seen = teacher.batches("validation", 256).__next__().observations
    state = learner.policy.initial_state(256, 0)
    cloned = learner.policy.decide(seen, state)
    rollout = make_rollout(learner.policy, spec)
    learner.update(rollout, PPOSettings(train_policy=False, learning_rate=1e-2))
    warmed = learner.policy.decide(seen, state)
    assert np.array_equal(cloned.logits, warmed.logits)
    assert not np.array_equal(cloned.values, warmed.values)


def test_the_errors_of_a_separate_critic_do_not_reach_the_policy(spec, make_learner, make_rollout):
    """Where every advantage is 0, a wrong critic moves a shared trunk, and leaves a separate policy as it is."""
    moved = {}
    for critic in ("separate", "shared"):
        learner = make_learner(spec, critic=critic)
        rollout = make_rollout(learner.policy, spec)
        rollout.rewards[:] = rollout.values[:] = 1.0
        rollout.terminated[:] = True
        before = {name: tensor.clone() for name, tensor in learner.policy.network.state_dict().items()}
        settings = PPOSettings(entropy_coefficient=0.0, normalise_advantages=False, value_clip_range=None)
        learner.update(rollout, settings)
        after = learner.policy.network.state_dict()
        moved[critic] = {name for name in before if not torch.equal(before[name], after[name])}
    policy = {"features.weight", "joint.0.weight"}
    assert policy <= moved["shared"]
    assert not policy & moved["separate"]
    assert "critic_trunk.joint.0.weight" in moved["separate"]


def test_a_held_policy_is_not_left_far_behind(blind_spec, make_learner, cue_town):
    def kl_after(coefficient: float) -> float:
        town = type(cue_town)(seed=3)
        learner = make_learner(blind_spec)
        learner.hold_reference()
        metrics = None
        for update in range(12):
            settings = PPOSettings(learning_rate=3e-3, gamma=0.5, kl_coefficient=coefficient, seed=update)
            metrics = learner.update(town.collect(learner.policy), settings)
        return metrics.reference_kl

    assert kl_after(3.0) < kl_after(1e-6) / 3


def test_the_cloning_term_of_the_mixed_mode_teaches(spec, make_learner, teacher, make_rollout):
    def accuracy_after(coefficient: float) -> float:
        learner = make_learner(spec)
        batch = next(iter(teacher.batches("train", 4096)))
        for update in range(15):
            rollout = make_rollout(learner.policy, spec, ticks=16, seed=update)
            metrics = learner.update(
                replace(rollout, demonstrations=batch),
                PPOSettings(bc_coefficient=coefficient, learning_rate=3e-3, entropy_coefficient=0.0, seed=update),
            )
            assert (metrics.bc_loss > 0) == (coefficient > 0)
        held_out = next(iter(teacher.batches("validation", 1024)))
        decided = learner.policy.decide(held_out.observations, learner.policy.initial_state(1024, 0))
        return float((decided.actions == held_out.actions).mean())

    assert accuracy_after(1.0) > accuracy_after(0.0) + 0.2
