from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from townlet.api import FLAG, Code, Feature, MapChannel, Transform
from townlet.errors import ContractError

INVERTIBLE = ("identity", "scaled", "saturating")


@given(kind=st.sampled_from(INVERTIBLE), scale=st.floats(0.1, 1e5), number=st.floats(0, 1e4))
def test_what_was_applied_can_be_inverted(kind: str, scale: float, number: float) -> None:
    transform = Transform(kind, scale)  # type: ignore[arg-type]
    again = float(transform.invert(transform.apply(number)))
    assert again == pytest.approx(number, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("transform", "number", "value"),
    [
        (Transform(), 3.0, 3.0),
        (Transform("scaled", 4), 3.0, 0.75),
        (Transform("saturating", 50), 50.0, 0.5),
        (Transform("closeness", 8), 0, 255),
        (Transform("closeness", 8), 8, 127),
        (Transform("sine", 1000), 250, 1.0),
        (Transform("cosine", 1000), 500, -1.0),
    ],
)
def test_known_values(transform: Transform, number: float, value: float) -> None:
    assert float(transform.apply(number)) == pytest.approx(value)


def test_out_of_reach_is_infinite() -> None:
    assert np.isinf(Transform("saturating", 8).invert(1.0))
    assert np.isinf(Transform("closeness", 8).invert(0.0))


def test_a_sine_alone_cannot_be_inverted() -> None:
    with pytest.raises(ContractError, match="a sine alone"):
        Transform("sine", 1000).invert(0.5)


def test_floats_keep_their_dtype_and_whole_numbers_become_floats() -> None:
    transform = Transform("scaled", 5)
    assert transform.apply(np.ones(3, np.float32)).dtype == np.float32
    assert transform.apply(np.ones(3, np.int64)).dtype == np.float64


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_is_above_zero(scale: float) -> None:
    with pytest.raises(ContractError, match="above 0"):
        Transform("scaled", scale)


def test_an_unknown_transform_is_refused_with_those_there_are() -> None:
    with pytest.raises(ContractError, match="'log'; choose from identity, scaled"):
        Transform("log")  # type: ignore[arg-type]


def test_what_lies_beyond_the_bounds_is_shown_as_the_nearer_one() -> None:
    feature = Feature("groceries", unit="items", transform=Transform("scaled", 5))
    assert feature.encode(np.array([0, 2, 9])).tolist() == pytest.approx([0, 0.4, 1])
    assert feature.decode(np.array([0.4])).tolist() == pytest.approx([2])


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (float("-inf"), 1.0), (0.0, float("nan"))])
def test_bounds_are_finite_and_in_order(low: float, high: float) -> None:
    with pytest.raises(ContractError, match="'x': low must be below high"):
        Feature("x", low=low, high=high)


@pytest.mark.parametrize("codes", [(Code(0, "a"), Code(0, "b")), (Code(2, "beyond"),)])
def test_codes_are_different_values_within_the_bounds(codes: tuple[Code, ...]) -> None:
    with pytest.raises(ContractError, match="its codes must be different values"):
        Feature("x", codes=codes)


def test_cells_are_bytes() -> None:
    with pytest.raises(ContractError, match=r"in 0 \.\. 255"):
        MapChannel("wall", high=256)


def test_a_flag_is_yes_or_no() -> None:
    assert [(code.value, code.meaning) for code in FLAG] == [(0, "no"), (1, "yes")]
