"""Views: what compiled code sees of a NamedTuple of arrays."""

from __future__ import annotations

import pickle
from typing import Annotated, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from townlet.world.compiled import compiled
from townlet.world.views import bind, viewer


class Inner(NamedTuple):
    small: Annotated[NDArray[np.int16], "A"]
    flag: Annotated[NDArray[np.bool_], "A"]
    number: int
    share: float
    on: bool


class Outer(NamedTuple):
    grid: Annotated[NDArray[np.float32], "A B C"]
    inner: Inner
    key: Annotated[NDArray[np.uint64], "A"]


as_outer = viewer(Outer)


def outer():
    inner = Inner(np.arange(-2, 3, dtype=np.int16), np.array([True, False]), -7, 0.25, True)
    return Outer(np.arange(24, dtype=np.float32).reshape(2, 3, 4), inner, np.array([2**63 + 5], np.uint64))


@compiled
def probe(ref, out):
    o = as_outer(ref)
    out[0] = o.grid[1, 2, 3]
    out[1] = o.inner.small[0]
    out[2] = 1.0 if o.inner.flag[0] and not o.inner.flag[1] else 0.0
    out[3] = o.inner.number
    out[4] = o.inner.share
    out[5] = 1.0 if o.inner.on else 0.0
    out[6] = o.grid.shape[1]
    out[7] = len(o.inner.small)
    out[8] = o.inner.small[0] // 2 + 100000


@compiled
def change(ref, key):
    o = as_outer(ref)
    o.grid[0, 1, 2] = 99
    o.inner.small[1] += 40
    o.inner.flag[1] = True
    o.key[0] = o.key[0] + key[0]
    o.inner.small[2], o.inner.small[3] = o.inner.small[3], o.inner.small[2]


def test_everything_is_read():
    value, out = outer(), np.zeros(9)
    probe(bind(value).ref, out)
    assert out.tolist() == [23.0, -2.0, 1.0, -7.0, 0.25, 1.0, 3.0, 5.0, 99999.0]


def test_everything_is_written_where_it_is():
    value = outer()
    bound = bind(value)
    change(bound.ref, np.array([10], np.uint64))
    assert value.grid[0, 1, 2] == 99
    assert value.inner.small.tolist() == [-2, 39, 1, 0, 2]
    assert value.inner.flag.tolist() == [True, True]
    assert int(value.key[0]) == 2**63 + 15


@pytest.mark.parametrize(
    "grid",
    [np.zeros((2, 3, 4), np.float64), np.zeros((2, 3), np.float32), np.zeros((2, 3, 8), np.float32)[:, :, ::2]],
)
def test_arrays_of_another_kind_are_refused(grid):
    with pytest.raises(ValueError, match=r"Outer\.grid must be C-contiguous"):
        bind(outer()._replace(grid=grid))


def test_addresses_of_this_process_cannot_be_pickled():
    with pytest.raises(TypeError, match="cannot be pickled; save the engine instead"):
        pickle.dumps(bind(outer()))
