"""Actions drawn on a device are NumPy's, but for rows whose number lies within a rounding of a boundary."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from townlet import api
from townlet_backend_pytorch.sampling import greedy_actions, row_uniforms, sample_actions

pytestmark = pytest.mark.torch


def scores(rows: int, actions: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    logits = (rng.normal(0, 3, (rows, actions))).astype(np.float32)
    mask = rng.random((rows, actions)) < 0.6
    mask[: rows // 50] = False  # nothing is possible: action 0
    return logits, mask, rng.random(rows)


def there(*arrays):
    return [torch.from_numpy(array) for array in arrays]


def test_numbers_are_those_of_the_contract_bit_by_bit():
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 2**64, 100_000, np.uint64)
    counters = np.concatenate([np.arange(50_000, dtype=np.uint64), rng.integers(0, 2**64, 50_000, np.uint64)])
    found = row_uniforms(*there(keys.view(np.int64), counters.view(np.int64))).numpy()
    np.testing.assert_array_equal(found, api.row_uniforms(keys, counters))


@pytest.mark.parametrize("actions", [1, 2, 8, 17])
def test_actions_are_those_of_the_contract(actions):
    logits, mask, uniforms = scores(50_000, actions)
    expected, expected_log_probs = api.sample_actions(logits, mask, uniforms)
    found, log_probs = sample_actions(*there(logits, mask, uniforms))
    np.testing.assert_array_equal(found.numpy(), expected)
    np.testing.assert_allclose(log_probs.numpy(), expected_log_probs, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(greedy_actions(*there(logits, mask)).numpy(), api.greedy_actions(logits, mask))


def test_a_number_just_below_one_takes_the_last_possible_action():
    logits, mask = np.zeros((3, 4), np.float32), np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]], np.bool_)
    uniforms = np.full(3, np.nextafter(1.0, 0.0))
    expected, _ = api.sample_actions(logits, mask, uniforms)
    found, _ = sample_actions(*there(logits, mask, uniforms))
    np.testing.assert_array_equal(found.numpy(), expected)
    np.testing.assert_array_equal(expected, [1, 2, 0])


@pytest.mark.slow
def test_ten_million_rows_of_equal_scores():
    """Boundaries at each eighth are where numbers fall exactly on them most easily."""
    rows, at_once, differ = 10_000_000, 1_000_000, 0
    for part in range(rows // at_once):
        keys = api.row_keys(at_once, part)
        uniforms = api.row_uniforms(keys, np.zeros(at_once, np.uint64))
        logits, mask = np.zeros((at_once, 8), np.float32), np.ones((at_once, 8), np.bool_)
        expected, _ = api.sample_actions(logits, mask, uniforms)
        found = sample_actions(*there(logits, mask, uniforms))[0].numpy()
        wrong = np.flatnonzero(found != expected)
        differ += len(wrong)
        share = uniforms[wrong] * 8
        assert (np.abs(share - np.round(share)) < 1e-14).all(), "only where a number lies on a boundary"
    assert differ <= 1
