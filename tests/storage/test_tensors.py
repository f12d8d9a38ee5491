"""Safetensors: the field's own library reads what we write, and we read what it writes."""

from __future__ import annotations

import hashlib
import os
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from safetensors.numpy import load_file, save_file

from townlet.errors import DatasetError
from townlet.storage import map_tensors, read_tensor_header, write_tensors

DTYPES = ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32")
DTYPES += ("float64",)
SHAPES = arrays_of.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)
JSON = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda s: st.dictionaries(st.text(max_size=9), s))


def write(path, arrays, metadata=None):
    with ThreadPoolExecutor(1) as hasher:
        size, digest, handle = write_tensors(path, arrays, metadata or {}, hasher)
    os.close(handle)
    return size, digest


@pytest.mark.parametrize("dtype", DTYPES)
def test_each_dtype_both_ways(tmp_path, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    write(tmp_path / "ours", {"a": [array]})
    np.testing.assert_array_equal(load_file(tmp_path / "ours")["a"], array)
    save_file({"a": array}, tmp_path / "theirs")
    found = map_tensors(tmp_path / "theirs", error=DatasetError).arrays["a"]
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@settings(max_examples=60, deadline=None)
@given(
    named=st.dictionaries(
        st.text(st.characters(codec="ascii", min_codepoint=97, max_codepoint=122), min_size=1, max_size=8),
        st.sampled_from(DTYPES).flatmap(lambda dtype: arrays_of.arrays(dtype, SHAPES)),
        min_size=1,
        max_size=6,
    )
)
def test_any_arrays_come_back(tmp_path_factory, named):
    path = tmp_path_factory.mktemp("t") / "file"
    size, digest = write(path, {name: [array] for name, array in named.items()}, {"who": "alice"})
    assert path.stat().st_size == size
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    opened = map_tensors(path, error=DatasetError)
    assert opened.metadata == {"who": "alice"}
    assert set(opened.arrays) == set(named)
    for name, array in named.items():
        np.testing.assert_array_equal(opened.arrays[name], array)
        assert not opened.arrays[name].flags.writeable
        assert opened.arrays[name].flags.aligned


def test_pieces_are_joined_on_their_first_axis(tmp_path):
    pieces = [np.arange(6).reshape(2, 3), np.arange(6, 15).reshape(3, 3)]
    write(tmp_path / "f", {"a": pieces})
    np.testing.assert_array_equal(load_file(tmp_path / "f")["a"], np.concatenate(pieces))


def test_views_that_are_not_contiguous(tmp_path):
    array = np.arange(24).reshape(4, 6)
    write(tmp_path / "f", {"a": [array[:, ::2]], "b": [array.T]})
    found = load_file(tmp_path / "f")
    np.testing.assert_array_equal(found["a"], array[:, ::2])
    np.testing.assert_array_equal(found["b"], array.T)


def test_an_existing_file_is_left_alone(tmp_path):
    (tmp_path / "f").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        write(tmp_path / "f", {"a": [np.zeros(3)]})
    assert (tmp_path / "f").read_bytes() == b"mine"


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=64))
def test_nonsense_is_refused(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("n") / "file"
    path.write_bytes(raw)
    with pytest.raises(DatasetError, match="file"):
        read_tensor_header(path, error=DatasetError)


@settings(max_examples=200, deadline=None)
@given(text=JSON)
def test_any_other_json_is_refused_or_empty(tmp_path_factory, text):
    import json

    path = tmp_path_factory.mktemp("j") / "file"
    encoded = json.dumps(text).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded)
    try:
        infos, _, _ = read_tensor_header(path, error=DatasetError)
    except DatasetError:
        return
    assert infos == {}
