"""Packed columns: what goes in comes out, and badly shaped ones are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from townlet.viewer.columns import pack, quantised, unpack

DTYPES = ("uint8", "int8", "uint16", "int16", "int32", "float32")


@given(
    st.lists(
        st.sampled_from(DTYPES).flatmap(
            lambda kind: arrays(np.dtype(kind), array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=7))
        ),
        max_size=4,
    )
)
def test_what_is_packed_comes_out_again(columns: list[np.ndarray]) -> None:
    named = {f"column {i}": column for i, column in enumerate(columns)}
    found, about = unpack(pack(named, {"kinds": ["a", "\u202e</script>"]}))
    assert about == {"kinds": ["a", "\u202e</script>"]}
    assert list(found) == list(named)
    for name, column in named.items():
        assert found[name].dtype == column.dtype
        assert found[name].tobytes() == np.ascontiguousarray(column).tobytes()


def test_a_number_is_rounded_to_the_next_step_and_kept_within_its_dtype() -> None:
    assert quantised(np.array([0.04, 0.06, -3.0, 99.0]), 0.1, np.uint8).tolist() == [0, 1, 0, 255]


def test_slow_changes_pack_small() -> None:
    falling = np.linspace(255, 0, 10_000)[:, None].repeat(8, axis=1).astype(np.uint8)
    assert len(pack({"need": falling})) < falling.nbytes / 100


def test_a_dtype_that_the_page_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"int64 cannot be packed: tick"):
        pack({"tick": np.zeros((2, 1), np.int64)})


def test_a_column_of_one_axis_is_refused() -> None:
    with pytest.raises(ValueError, match=r"found \[2\]: tick"):
        pack({"tick": np.zeros(2, np.int32)})
