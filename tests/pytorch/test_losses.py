"""The losses, by hand and by property."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from townlet.errors import ContractError
from townlet_backend_pytorch.bc import action_weights, learning_rate_at
from townlet_backend_pytorch.bc_evaluation import _bins, _calibration
from townlet_backend_pytorch.losses import (
    clipped_value_loss,
    entropy,
    kl_divergence,
    masked_log_softmax,
    normalise,
    policy_surrogate,
    smoothed_cross_entropy,
)
from townlet_backend_pytorch.ppo_utils import value_baseline_from_old_preds

pytestmark = pytest.mark.torch


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(0, 2**31), st.floats(0, 1), st.floats(0.01, 1e4))
def test_masked_probabilities_sum_to_one_over_the_possible_and_gradients_stay_finite(actions, seed, share, size):
    generator = torch.Generator().manual_seed(seed)
    logits = (torch.randn(6, actions, generator=generator) * size).requires_grad_()
    mask = torch.rand(6, actions, generator=generator) < share  # rows with nothing possible included
    log_probs = masked_log_softmax(logits, mask)
    probabilities = log_probs.exp().detach()
    torch.testing.assert_close(probabilities.sum(1), torch.ones(6))
    nothing = ~mask.any(1)
    assert (probabilities[mask.logical_not() & ~nothing.unsqueeze(1)] == 0).all()
    assert (probabilities[nothing, 0] == 1).all()
    (entropy(log_probs).sum() + log_probs[:, 0].clamp(min=-1e6).sum()).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert (logits.grad[~mask & ~nothing.unsqueeze(1)] == 0).all()


def test_half_precision_scores_are_widened_first():
    logits = torch.tensor([[3.0, 0.0]], dtype=torch.bfloat16)
    assert masked_log_softmax(logits, torch.ones(1, 2, dtype=torch.bool)).dtype == torch.float32


def test_entropy_of_equal_chances_is_the_logarithm_of_their_number():
    mask = torch.tensor([[True, True, False, True], [True, False, False, False]])
    found = entropy(masked_log_softmax(torch.zeros(2, 4), mask))
    assert found.tolist() == pytest.approx([math.log(3), 0.0])


@pytest.mark.parametrize(
    ("ratio", "advantage", "expected", "has_gradient"),
    [(1.0, 2.0, -2.0, True), (1.5, 2.0, -2.4, False), (0.5, 2.0, -1.0, True), (0.5, -2.0, 1.6, False),
     (1.5, -2.0, 3.0, True)],
)  # fmt: skip
def test_the_surrogate_by_hand(ratio, advantage, expected, has_gradient):
    log_probs = torch.tensor([math.log(ratio)], requires_grad=True)
    found = policy_surrogate(log_probs, torch.zeros(1), torch.tensor([advantage]), 0.2)
    assert found.loss.item() == pytest.approx(expected)
    found.loss.backward()
    assert (log_probs.grad.item() != 0) == has_gradient
    assert found.approx_kl.item() == pytest.approx(ratio - 1 - math.log(ratio), abs=1e-6)
    assert found.clip_fraction.item() == float(abs(ratio - 1) > 0.2)


def test_the_value_loss_by_hand():
    returns, old = torch.tensor([1.0]), torch.tensor([0.0])
    assert clipped_value_loss(torch.tensor([0.1]), returns, old, 0.2).item() == pytest.approx(0.5 * 0.81)
    assert clipped_value_loss(torch.tensor([0.9]), returns, old, 0.2).item() == pytest.approx(0.5 * 0.64)
    assert clipped_value_loss(torch.tensor([0.9]), returns, old, None).item() == pytest.approx(0.5 * 0.01)


def test_kl_is_zero_for_the_same_policy_and_positive_otherwise():
    mask = torch.tensor([[True, True, False]])
    one = masked_log_softmax(torch.tensor([[1.0, 0.0, 5.0]]), mask)
    other = masked_log_softmax(torch.tensor([[0.0, 1.0, -5.0]]), mask)
    p = 1 / (1 + math.exp(-1))
    assert kl_divergence(one, one).item() == 0
    assert kl_divergence(one, other).item() == pytest.approx(p * 1 - (1 - p) * 1, abs=1e-6)


@pytest.mark.parametrize("advantages", [[3.0], [2.0, 2.0, 2.0]])
def test_normalising_what_does_not_vary_gives_zeros(advantages):
    assert normalise(torch.tensor(advantages)).tolist() == [0.0] * len(advantages)


def test_smoothing_spreads_over_the_possible_actions_only():
    mask = torch.tensor([[True, True, False]])
    log_probs = masked_log_softmax(torch.tensor([[2.0, 0.0, 9.0]]), mask)
    a, b = log_probs[0, 0].item(), log_probs[0, 1].item()
    found = smoothed_cross_entropy(log_probs, torch.tensor([0]), mask, 0.1)
    assert found.item() == pytest.approx(-(0.9 * a + 0.1 * (a + b) / 2), abs=1e-5)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_weights_of_actions_average_one_over_the_data(power):
    counts = np.array([900, 90, 10, 0])
    weights = action_weights(counts, power).numpy()
    assert (weights * counts).sum() / counts.sum() == pytest.approx(1.0)
    assert weights[3] == 0
    assert weights[2] / weights[0] == pytest.approx(90**power, rel=1e-5)


def test_the_learning_rate_falls_to_a_tenth():
    from townlet.api import BCSettings

    rates = [learning_rate_at(step, 11, BCSettings(learning_rate=1.0)) for step in range(11)]
    assert rates[0] == 1.0
    assert rates[5] == pytest.approx(0.55)
    assert rates[-1] == pytest.approx(0.1)
    assert rates == sorted(rates, reverse=True)


def test_calibration_error_by_hand():
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55])
    right = np.array([True, True, True, False, True, False])
    assert _calibration(_bins(confidence, right)) == pytest.approx((abs(3.8 - 3) + abs(1.1 - 1)) / 6)
    assert _calibration(_bins(np.array([1.0, 1.0]), np.array([True, True]))) == 0


def test_the_baseline_drops_a_bootstrap_row_and_nothing_else():
    values = torch.arange(10.0).view(5, 2)
    assert torch.equal(value_baseline_from_old_preds(values, 5), values)
    assert torch.equal(value_baseline_from_old_preds(values, 4), values[:4])
    with pytest.raises(ContractError, match="expected 3 or 4 value predictions, found 5"):
        value_baseline_from_old_preds(values, 3)
