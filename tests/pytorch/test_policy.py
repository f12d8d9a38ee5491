"""The policy: follows the contract, row by row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from townlet.api import ArrayState, PolicyBackendProtocol, stack_states
from townlet.errors import BackendContractError, ContractError

pytestmark = pytest.mark.torch


@pytest.fixture
def policy(spec, make_learner):
    learner = make_learner(spec)
    with torch.no_grad():
        learner.network.policy_head.weight.mul_(300)  # scores that differ, as after training
    return learner.policy


def test_it_is_a_policy(policy):
    assert isinstance(policy, PolicyBackendProtocol)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.integers(0, 70), seed=st.integers(0, 10_000), share=st.floats(0, 1), explore=st.booleans())
def test_masked_actions_are_never_chosen(policy, spec, see, rows, seed, share, explore):
    seen = see(spec, rows, seed, active=0.8)
    rng = np.random.default_rng(seed)
    seen.action_mask[:] = rng.random(seen.action_mask.shape) < share
    nothing = ~seen.action_mask.any(1)
    decision = policy.decide(seen, policy.initial_state(rows, seed), explore=explore)
    possible = seen.action_mask[np.arange(rows), decision.actions]
    waits = nothing | ~seen.active
    assert possible[~waits].all()
    assert (decision.actions[waits] == 0).all()
    assert np.isfinite(decision.log_probs).all()


@pytest.mark.parametrize("explore", [False, True])
def test_a_row_does_not_depend_on_its_company(policy, spec, see, explore):
    seen, state = see(spec, 300, 3), policy.initial_state(300, 9)
    whole = policy.decide(seen, state, explore=explore)
    order = np.random.default_rng(0).permutation(300)
    shuffled = policy.decide(
        seen.take(order), state.with_arrays({k: v[order] for k, v in state.arrays().items()}), explore=explore
    )
    for name in ("actions", "log_probs", "values", "logits"):
        assert np.array_equal(getattr(shuffled, name), getattr(whole, name)[order]), name
    for rows in (slice(0, 1), slice(5, 12), slice(100, 133), slice(17, 290)):
        part = policy.decide(
            seen.take(rows), state.with_arrays({k: v[rows] for k, v in state.arrays().items()}), explore=explore
        )
        for name in ("actions", "log_probs", "values", "logits"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[rows]), (name, rows)


def test_worlds_stacked_act_as_worlds_alone(policy, spec, see):
    seen = see(spec, 24, 4)
    states = [policy.initial_state(8, seed) for seed in (5, 6, 7)]
    together = policy.decide(seen, stack_states(states), explore=True)
    for w, state in enumerate(states):
        alone = policy.decide(seen.take(slice(8 * w, 8 * w + 8)), state, explore=True)
        assert np.array_equal(alone.actions, together.actions[8 * w : 8 * w + 8])


def test_exploring_is_a_function_of_the_state_and_moves_it(policy, spec, see):
    seen, state = see(spec, 200), policy.initial_state(200, 1)
    torch.manual_seed(1)
    one = policy.decide(seen, state, explore=True)
    torch.manual_seed(2)
    same = policy.decide(seen, state, explore=True)
    later = policy.decide(seen, one.state, explore=True)
    other = policy.decide(seen, policy.initial_state(200, 2), explore=True)
    assert np.array_equal(one.actions, same.actions)
    assert not np.array_equal(one.actions, later.actions)
    assert not np.array_equal(one.actions, other.actions)
    assert (state.arrays()["counter"] == 0).all()


def test_log_probs_are_those_of_the_softmax_over_the_possible(policy, spec, see):
    seen = see(spec, 64)
    decision = policy.decide(seen, policy.initial_state(64, 1), explore=True)
    scores = np.where(seen.action_mask, decision.logits.astype(np.float64), -np.inf)
    expected = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    np.testing.assert_allclose(decision.log_probs, expected[np.arange(64), decision.actions], atol=1e-5)
    greedy = policy.decide(seen, policy.initial_state(64, 1))
    assert np.array_equal(greedy.actions, scores.argmax(1))
    assert (greedy.log_probs == 0).all()


def test_actions_are_drawn_as_often_as_their_probabilities_say(policy, spec, see):
    seen = see(spec, 1)
    many = seen.take(np.zeros(20_000, np.intp))
    decision = policy.decide(many, policy.initial_state(20_000, 3), explore=True)
    scores = np.where(seen.action_mask[0], decision.logits[0].astype(np.float64), -np.inf)
    expected = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    found = np.bincount(decision.actions, minlength=spec.action_count) / 20_000
    np.testing.assert_allclose(found, expected, atol=0.015)


def test_values_are_in_units_of_reward(policy, spec, see):
    seen, state = see(spec, 16), policy.initial_state(16, 0)
    before = policy.decide(seen, state).values
    policy.network.value_mean.fill_(100.0)
    policy.network.value_scale.fill_(10.0)
    np.testing.assert_allclose(policy.decide(seen, state).values, 100 + 10 * before, rtol=1e-6)


def test_arrays_that_may_not_be_written_are_read_all_the_same(policy, spec, see):
    seen = see(spec, 16)
    expected = policy.decide(seen, policy.initial_state(16, 0)).logits
    for array in (seen.map, seen.features, seen.action_mask, seen.active):
        array.setflags(write=False)
    assert np.array_equal(policy.decide(seen, policy.initial_state(16, 0)).logits, expected)


def test_the_fingerprint_follows_the_weights(policy, spec, make_learner):
    assert policy.fingerprint() == policy.fingerprint()
    before = policy.fingerprint()
    with torch.no_grad():
        policy.network.joint[0].bias[0] += 1e-6
    assert policy.fingerprint() != before
    assert make_learner(spec).policy.fingerprint() == make_learner(spec).policy.fingerprint()


def test_weights_gone_wrong_are_reported_not_acted_on(policy, spec, see):
    with torch.no_grad():
        policy.network.policy_head.bias[1] = float("nan")
    with pytest.raises(BackendContractError, match="not finite"):
        policy.decide(see(spec, 4), policy.initial_state(4, 0))


def test_other_observations_are_refused(policy, blind_spec, see):
    with pytest.raises(ContractError, match="not of the kind this policy was made for"):
        policy.decide(see(blind_spec, 4), policy.initial_state(4, 0))


def test_states_of_other_policies_or_sizes_are_refused(policy, spec, see):
    for state in (ArrayState(), policy.initial_state(3, 0), ArrayState({"memory": np.zeros(4)})):
        with pytest.raises(ContractError, match="not one of this policy's for 4 rows"):
            policy.decide(see(spec, 4), state)


def test_deciding_leaves_the_threads_as_they_were(policy, spec, see):
    torch.set_num_threads(2)
    policy.decide(see(spec, 4), policy.initial_state(4, 0))
    assert torch.get_num_threads() == 2
    assert isinstance(policy.initial_state(3, 0), ArrayState)


@pytest.mark.parametrize("explore", [False, True])
def test_rows_that_nobody_asked_cost_nothing_and_remember_nothing_new(policy, spec, see, explore):
    every = see(spec, 90, 5)
    asked = np.random.default_rng(0).random(90) < 0.3
    some = replace(every, asked=asked & every.active)
    state = policy.initial_state(90, 2)
    whole, part = policy.decide(every, state, explore=explore), policy.decide(some, state, explore=explore)
    heard = some.asked
    for name in ("actions", "log_probs", "values", "logits"):
        np.testing.assert_array_equal(getattr(part, name)[heard], getattr(whole, name)[heard], err_msg=name)
        assert not getattr(part, name)[~heard].any(), name
    moved = part.state.arrays()["counter"] - state.arrays()["counter"]
    assert (moved == heard).all()
    np.testing.assert_array_equal(policy.values(some, state), whole.values)
