from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from townlet.errors import UsageError
from townlet.evaluation.statistics import FEWEST_TOWNS, difference, estimate, interquartile_mean

SAMPLES = arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e3, 1e3))


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ([0, 1, 2, 100], 1.5),  # the outer quarter on either side is left out
        ([5], 5.0),
        ([1, 2], 1.5),
        ([0, 0, 3, 4, 5, 6, 90, 90], 4.5),
        ([1, 2, 3, 4, 100], (0.75 * 2 + 3 + 0.75 * 4) / 2.5),  # shares of the entries at the quartiles
    ],
)
def test_interquartile_mean_by_hand(sample: list[float], expected: float) -> None:
    assert interquartile_mean(np.array(sample, np.float64)) == pytest.approx(expected)


@settings(max_examples=50)
@given(SAMPLES)
def test_an_interval_holds_its_estimate_and_stays_inside_the_sample(sample: np.ndarray) -> None:
    found = estimate(sample)
    slack = 1e-6 + 0.35 * (sample.max() - sample.min())
    assert sample.min() - 1e-6 <= found.low <= found.mean + slack
    assert found.mean - slack <= found.high <= sample.max() + 1e-6
    assert found.iqm_low <= found.iqm_high


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.Generator(np.random.PCG64(1))
    covered = 0
    for trial in range(200):
        found = estimate(generator.normal(3.0, 2.0, 32), seed=trial)
        covered += found.low <= 3.0 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_the_same_sample_gives_the_same_interval() -> None:
    sample = np.arange(10.0)
    assert estimate(sample) == estimate(sample)
    assert estimate(sample).iqm_low != estimate(sample, seed=1).iqm_low


class TestDifference:
    def test_pairing_sees_what_two_wide_intervals_hide(self) -> None:
        generator = np.random.Generator(np.random.PCG64(2))
        towns = generator.normal(0.0, 10.0, 32)
        a, b = towns, towns + 0.5 + generator.normal(0.0, 0.1, 32)
        assert estimate(a).high > estimate(b).low
        found = difference(a, b)
        assert found.verdict == "better"
        assert found.mean == pytest.approx(0.5, abs=0.1)
        assert found.probability_of_improvement == 1.0

    def test_less_is_better_for_some_numbers(self) -> None:
        a, b = np.arange(20.0), np.arange(20.0) + 1.0
        assert difference(a, b, higher_is_better=False).verdict == "worse"
        assert difference(b, a, higher_is_better=False).verdict == "better"
        assert difference(a, b, higher_is_better=False).probability_of_improvement == 0.0

    def test_equal_policies_are_no_different(self) -> None:
        same = np.arange(20.0)
        found = difference(same, same)
        assert (found.verdict, found.probability_of_improvement, found.mean) == ("no clear difference", 0.5, 0.0)

    @pytest.mark.parametrize("seeds", range(1, FEWEST_TOWNS))
    def test_a_few_seeds_prove_nothing_however_far_apart(self, seeds: int) -> None:
        assert difference(np.zeros(seeds), np.arange(seeds) + 5.0).verdict == "no clear difference"
        assert difference(np.zeros(FEWEST_TOWNS), np.arange(FEWEST_TOWNS) + 5.0).verdict == "better"

    def test_other_seeds_cannot_be_paired(self) -> None:
        with pytest.raises(UsageError, match="found 3 and 2"):
            difference(np.zeros(3), np.zeros(2))


@pytest.mark.parametrize(("sample", "message"), [([], "no seeds"), ([1.0, np.nan], "1 of 2 seeds")])
def test_a_sample_that_says_nothing_is_refused(sample: list[float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        estimate(np.array(sample))
