"""Teacher and learner by ratio: how often, with which probabilities, with whose memory."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.api import PolicyBackendProtocol, PolicyState, stack_states
from townlet.errors import ContractError
from townlet.minds.mixture import MixturePolicy


def act(policy, crowd, rows, ticks, *, seed=0, explore=True):
    state = policy.initial_state(rows, seed)
    decisions = []
    for _ in range(ticks):
        decisions.append(policy.decide(crowd(rows), state, explore=explore))
        state = decisions[-1].state
    return decisions


@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.5, 0.85, 1.0])
def test_the_learner_acts_as_often_as_the_ratio_says(certain, crowd, ratio):
    policy = MixturePolicy(certain(1), certain(2), ratio)
    actions = np.array([d.actions for d in act(policy, crowd, 400, 50)])
    share = (actions == 2).mean()
    assert share == pytest.approx(ratio, abs=4 * np.sqrt(ratio * (1 - ratio) / actions.size) + 1e-12)
    assert set(np.unique(actions)) <= {1, 2}


def test_rows_and_ticks_draw_apart_from_each_other(certain, crowd):
    policy = MixturePolicy(certain(1), certain(2), 0.5)
    learner = np.array([d.actions for d in act(policy, crowd, 300, 300)]) == 2
    for one, two in ((learner[:-1], learner[1:]), (learner[:, :-1], learner[:, 1:])):
        assert np.corrcoef(one.ravel(), two.ravel())[0, 1] == pytest.approx(0, abs=0.02)


def test_the_draw_does_not_repeat_the_learners_own(softmax, certain, crowd):
    """Were both drawn from the same numbers, a learner that acts would always take its first action."""
    policy = MixturePolicy(certain(0), softmax((0.0, 0.0, 0.0)), 0.3)
    drawn = np.array([d.actions for d in act(policy, crowd, 500, 40)])
    by_learner = drawn[drawn != 0]
    assert (by_learner == 1).mean() == pytest.approx(0.5, abs=0.03)


def test_log_probs_are_those_of_the_mixture(softmax, certain, crowd):
    ratio, logits = 0.4, (0.0, 1.0, 2.0)
    policy = MixturePolicy(certain(1), softmax(logits), ratio)
    decisions = act(policy, crowd, 2000, 20)
    actions = np.array([d.actions for d in decisions])
    log_probs = np.array([d.log_probs for d in decisions])
    learner = np.exp(logits) / np.exp(logits).sum()
    for action in range(3):
        expected = ratio * learner[action] + (1 - ratio) * (action == 1)
        assert np.exp(log_probs[actions == action]) == pytest.approx(expected, rel=1e-5)
        assert (actions == action).mean() == pytest.approx(expected, abs=0.01)


def test_log_probs_respect_the_mask(softmax, certain, crowd):
    observations = crowd(50)
    observations.action_mask[:, 2] = False
    policy = MixturePolicy(certain(0), softmax((0.0, 0.0, 9.0)), 0.5)
    decision = policy.decide(observations, policy.initial_state(50, 0), explore=True)
    assert np.exp(decision.log_probs[decision.actions == 1]) == pytest.approx(0.25)
    assert np.exp(decision.log_probs[decision.actions == 0]) == pytest.approx(0.75)


def test_alone_the_learner_keeps_its_own_log_probs(softmax, certain, crowd):
    mixture = MixturePolicy(certain(1), softmax((0.0, 1.0, 2.0)), 1.0)
    alone = softmax((0.0, 1.0, 2.0))
    ours, theirs = act(mixture, crowd, 20, 3), act(alone, crowd, 20, 3)
    for one, two in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.actions, two.actions)
        np.testing.assert_array_equal(one.log_probs, two.log_probs)


def test_without_logits_the_probability_is_not_made_up(certain, crowd):
    assert act(MixturePolicy(certain(1), certain(2), 0.5), crowd, 4, 1)[0].log_probs is None


def test_the_learners_values_and_logits_are_handed_on(softmax, certain, crowd):
    decision = act(MixturePolicy(certain(1), softmax((0.0, 1.0, 2.0)), 0.0), crowd, 4, 1)[0]
    assert (decision.values == 7).all()
    assert decision.logits.shape == (4, 3)


def test_both_remember_every_tick(certain, crowd):
    last = act(MixturePolicy(certain(1), certain(2), 0.5), crowd, 4, 9)[-1]
    arrays = last.state.arrays()
    assert (arrays["teacher.asked"] == 9).all()
    assert (arrays["learner.asked"] == 9).all()
    assert (arrays["counters"] == 9).all()


def test_the_state_can_be_written_as_arrays_and_read_back(softmax, certain, crowd):
    policy = MixturePolicy(certain(1), softmax((0.0, 0.0, 0.0)), 0.5)
    state = act(policy, crowd, 30, 5)[-1].state
    again = policy.initial_state(30, 99).with_arrays({n: a.copy() for n, a in state.arrays().items()})
    one, two = (policy.decide(crowd(30), s, explore=True) for s in (state, again))
    np.testing.assert_array_equal(one.actions, two.actions)
    with pytest.raises(ContractError, match="mixture's state holds"):
        state.with_arrays({"keys": np.zeros(30, np.uint64)})


def test_a_world_acts_alone_as_among_others(softmax, certain, crowd):
    policy = MixturePolicy(certain(1), softmax((0.0, 0.0, 0.0)), 0.5)
    states = [policy.initial_state(6, seed) for seed in (3, 4)]
    together = policy.decide(crowd(12), stack_states(states), explore=True)
    alone = [policy.decide(crowd(6), s, explore=True).actions for s in states]
    np.testing.assert_array_equal(together.actions, np.concatenate(alone))


@pytest.mark.parametrize("ratio", [-0.01, 1.01, float("nan")])
def test_the_ratio_is_a_share(certain, ratio):
    with pytest.raises(ContractError, match="from 0 to 1"):
        MixturePolicy(certain(1), certain(2), ratio)


def test_it_keeps_the_contract_and_closes_both(certain):
    teacher, learner = certain(1), certain(2)
    policy = MixturePolicy(teacher, learner, 0.5)
    assert isinstance(policy, PolicyBackendProtocol)
    assert isinstance(policy.initial_state(2, 0), PolicyState)
    policy.close()
    assert (teacher.closed, learner.closed) == (1, 1)
    prints = {
        MixturePolicy(certain(a), certain(b), r).fingerprint() for a, b, r in ((1, 2, 0.5), (2, 1, 0.5), (1, 2, 0.6))
    }
    assert len(prints) == 3
