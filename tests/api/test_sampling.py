from __future__ import annotations

import numpy as np
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
