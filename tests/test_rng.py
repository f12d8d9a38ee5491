"""The generator: a pure function of key and counter, with the published constants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from townlet.rng import GAMMA, STREAMS, derive, mix, uniform

U64 = st.integers(0, 2**64 - 1)
MASK = 2**64 - 1


def reference_splitmix64(seed: int, n: int) -> int:
    """Number n of SplitMix64 in plain integers, from the paper's definition."""
    z = (seed + n * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def array(*values: int) -> np.ndarray:
    return np.array(values, np.uint64)


def test_matches_the_published_first_numbers_of_seed_1234567() -> None:
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    numbers = mix(array(1234567) + array(1, 2, 3) * GAMMA)
    assert numbers.tolist() == published


@given(U64, st.integers(0, 2**32))
def test_equals_the_reference_in_plain_integers(key: int, n: int) -> None:
    got = mix(array(key) + array(n) * GAMMA)
    assert int(got[0]) == reference_splitmix64(key, n)


@given(U64, U64)
def test_uniform_is_in_the_half_open_unit_interval(key: int, n: int) -> None:
    u = uniform(array(key), array(n))
    assert u.dtype == np.float64
    assert 0.0 <= u[0] < 1.0


def test_uniform_is_flat_and_streams_do_not_correlate() -> None:
    keys = derive(np.zeros(4, np.uint64), np.arange(4, dtype=np.uint64))
    counters = np.arange(20_000, dtype=np.uint64)
    draws = uniform(keys[:, None], counters[None, :])
    counts = np.stack([np.histogram(row, 20, (0, 1))[0] for row in draws])
    chi_squared = ((counts - 1000) ** 2 / 1000).sum(axis=1)
    assert (chi_squared < 50).all()  # 19 degrees of freedom: beyond 50 is a chance of 1e-4
    correlations = np.corrcoef(draws)[np.triu_indices(4, 1)]
    assert np.abs(correlations).max() < 0.03


def test_derived_keys_differ_for_neighbouring_keys_and_streams() -> None:
    keys = derive(np.arange(1000, dtype=np.uint64)[:, None], np.arange(10, dtype=np.uint64)[None, :])
    assert len(np.unique(keys)) == 10_000


def test_the_three_streams_are_named_once() -> None:
    assert STREAMS == ("world", "events", "policy")


def test_compiled_scalars_equal_arrays() -> None:
    numba = pytest.importorskip("numba")
    compiled_mix = numba.njit(mix)
    assert int(compiled_mix(np.uint64(99))) == int(mix(array(99))[0])
