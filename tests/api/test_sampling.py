from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from townlet.api import greedy_actions, row_keys, row_uniforms, sample_actions

LOGITS = arrays(np.float32, (6, 4), elements=st.floats(-80, 80, width=32))
MASKS = arrays(np.bool_, (6, 4))
UNIFORMS = arrays(np.float64, 6, elements=st.floats(0, 1, exclude_max=True))


@given(LOGITS, MASKS, UNIFORMS)
def test_a_masked_action_is_never_drawn(logits: np.ndarray, mask: np.ndarray, uniforms: np.ndarray) -> None:
    nothing = ~mask.any(axis=1)
    for actions in (sample_actions(logits, mask, uniforms)[0], greedy_actions(logits, mask)):
        assert actions.dtype == np.int64
        assert (actions[nothing] == 0).all()
        assert mask[np.arange(6), actions][~nothing].all()


@given(LOGITS, MASKS, UNIFORMS)
def test_log_probabilities_are_those_of_the_masked_softmax(
    logits: np.ndarray, mask: np.ndarray, uniforms: np.ndarray
) -> None:
    mask[:, 0] = True
    actions, log_probs = sample_actions(logits, mask, uniforms)
    scores = np.where(mask, logits.astype(np.float64), -np.inf)
    expected = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    np.testing.assert_allclose(log_probs, expected[np.arange(6), actions], atol=1e-4)


def plainly(logits: np.ndarray, mask: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rule as it reads, without a thought of speed."""
    mask = mask.copy()
    mask[:, 0] |= ~mask.any(axis=1)
    scores = np.where(mask, logits, np.float64(-np.inf))
    scores -= scores.max(axis=1, keepdims=True)
    totals = np.exp(scores).cumsum(axis=1)
    actions = (totals <= (uniforms * totals[:, -1])[:, None]).sum(axis=1)
    last = mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)
    actions = np.where(actions == mask.shape[1], last, actions)
    return actions, (scores[np.arange(len(scores)), actions] - np.log(totals[:, -1])).astype(np.float32)


@pytest.mark.parametrize("possible", [0.1, 0.6, 1.1])
@pytest.mark.parametrize(("rows", "count"), [(0, 8), (1, 1), (7, 40), (64, 8), (3000, 8)])
def test_the_draw_is_bit_by_bit_that_of_the_rule_as_it_reads(rows: int, count: int, possible: float) -> None:
    rng = np.random.default_rng(7)
    for spread in (0.1, 30.0, 700.0):
        logits = (rng.normal(size=(rows, count)) * spread).astype(np.float32)
        mask = rng.random((rows, count)) < possible
        uniforms = rng.random(rows)
        uniforms[rng.random(rows) < 0.2] = 1 - 2.0**-53
        uniforms[rng.random(rows) < 0.1] = 1.0  # beyond every total, as a rounding can leave it
        for one, other in zip(sample_actions(logits, mask, uniforms), plainly(logits, mask, uniforms), strict=True):
            assert one.tobytes() == other.tobytes()
        if rows:
            in_columns = sample_actions(np.asfortranarray(logits), np.asfortranarray(mask), uniforms)
            assert in_columns[0].tolist() == plainly(logits, mask, uniforms)[0].tolist()


def test_draws_follow_the_probabilities() -> None:
    rows = 40_000
    probabilities = np.array([0.1, 0.6, 0.0, 0.3])
    logits = np.tile(np.log(np.maximum(probabilities, 1e-30)), (rows, 1)).astype(np.float32)
    mask = np.tile([True, True, False, True], (rows, 1))
    uniforms = row_uniforms(row_keys(rows, seed=3), np.zeros(rows, np.uint64))
    actions, _ = sample_actions(logits, mask, uniforms)
    shares = np.bincount(actions, minlength=4) / rows
    np.testing.assert_allclose(shares, probabilities, atol=0.01)


def test_keys_of_a_row_do_not_depend_on_how_many_rows_there_are() -> None:
    assert (row_keys(3, seed=5) == row_keys(100, seed=5)[:3]).all()
    assert len(np.unique(np.concatenate([row_keys(100, seed=s) for s in range(5)]))) == 500
