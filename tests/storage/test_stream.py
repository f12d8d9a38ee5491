"""The digested stream: the same bytes and digest whichever way they reach the disk."""

from __future__ import annotations

import errno
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from townlet.storage import stream

CHUNK, BLOCK = 64 << 10, 4096
SIZES = (0, 1, BLOCK - 1, BLOCK, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5 * CHUNK + 3 * BLOCK + 7)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Chunks of 64 KiB, and every file of 32 KiB or more past the cache."""
    monkeypatch.setattr(stream, "CHUNK_BYTES", CHUNK)
    monkeypatch.setattr(stream, "DIRECT_BYTES", CHUNK // 2)


def put(path, data: bytes, piece: int) -> str:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        with ThreadPoolExecutor(1) as hasher:
            written = stream.DigestedStream(handle, len(data), hasher)
            for start in range(0, len(data), piece):
                written.write(memoryview(data)[start : start + piece])
            return written.finish()
    finally:
        os.close(handle)


def noise(size: int) -> bytes:
    return np.random.default_rng(size).bytes(size)


def check(path, size: int, piece: int) -> None:
    data = noise(size)
    digest = put(path, data, piece)
    assert path.read_bytes() == data
    assert digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [1000, BLOCK, CHUNK, 1 << 20])
def test_sizes_around_blocks_and_chunks(tmp_path, size, piece):
    check(tmp_path / "f", size, piece)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 6 * CHUNK), st.integers(300, 3 * CHUNK))
def test_any_size_in_any_pieces(tmp_path_factory, size, piece):
    check(tmp_path_factory.getbasetemp() / "any", size, piece)


def test_a_size_that_was_guessed_wrong_changes_nothing(tmp_path):
    data = noise(3 * CHUNK + 11)
    for guess in (0, 100, CHUNK, 1 << 30):
        handle = os.open(tmp_path / "f", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with ThreadPoolExecutor(1) as hasher:
            written = stream.DigestedStream(handle, guess, hasher)
            written.write(memoryview(data))
            assert written.finish() == hashlib.sha256(data).hexdigest()
        os.close(handle)
        assert (tmp_path / "f").read_bytes() == data


@pytest.fixture
def writes(monkeypatch):
    """Lengths of the writes, each with whether the file was asked to be written directly."""
    seen: list[tuple[int, bool]] = []
    direct = False
    switch, write = stream._set_direct, os.write

    def set_direct(handle, wanted):
        nonlocal direct
        switch(handle, wanted)
        direct = wanted
        return True

    def spy(handle, data):
        seen.append((len(data), direct))
        return write(handle, data)

    monkeypatch.setattr(stream, "_set_direct", set_direct)
    monkeypatch.setattr(stream.os, "write", spy)
    return seen


def test_whole_blocks_go_past_the_cache_and_the_rest_does_not(tmp_path, writes):
    check(tmp_path / "f", 2 * CHUNK + BLOCK + 5, 999)
    assert writes == [(CHUNK, True), (CHUNK, True), (BLOCK, True), (5, False)]


def test_a_small_file_goes_through_the_cache(tmp_path, writes):
    check(tmp_path / "f", CHUNK // 2 - 1, 999)
    assert [direct for _, direct in writes] == [False]


def test_a_disk_that_does_not_take_such_blocks_after_all(tmp_path, monkeypatch, writes):
    spy, refused = os.write, []

    def picky(handle, data):
        if not refused:
            refused.append(len(data))
            raise OSError(errno.EINVAL, "Invalid argument")
        return spy(handle, data)

    monkeypatch.setattr(stream.os, "write", picky)
    check(tmp_path / "f", 3 * CHUNK + 1, CHUNK)
    assert refused == [CHUNK]
    assert not any(direct for _, direct in writes)


def test_a_write_that_is_cut_off_within_a_block_goes_on_through_the_cache(tmp_path, monkeypatch):
    write, calls = os.write, []

    def short(handle, data):
        calls.append(len(data))
        return write(handle, data[:1000] if len(calls) == 1 and len(data) > 1000 else data)

    monkeypatch.setattr(stream.os, "write", short)
    check(tmp_path / "f", 2 * CHUNK, CHUNK)
    assert len(calls) >= 3


def test_a_full_disk_is_told_at_once(tmp_path, monkeypatch):
    def full(handle, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stream.os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        put(tmp_path / "f", noise(CHUNK), CHUNK)


def test_an_invalid_argument_of_a_plain_write_is_an_error(tmp_path, monkeypatch):
    def broken(handle, data):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(stream.os, "write", broken)
    monkeypatch.setattr(stream, "_set_direct", lambda handle, wanted: False)
    with pytest.raises(OSError, match="Invalid argument"):
        put(tmp_path / "f", noise(CHUNK), CHUNK)
