"""Files on their way between processes lie in memory once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from townlet.errors import ExecutorError
from townlet.executors.files import read_folder, write_folder


def test_what_was_read_is_what_is_written(tmp_path):
    (tmp_path / "there" / "inside").mkdir(parents=True)
    (tmp_path / "there" / "inside" / "a").write_bytes(b"abc")
    (tmp_path / "there" / "b").write_bytes(b"")
    contents = read_folder(tmp_path / "there")
    assert {name: content.tobytes() for name, content in contents.items()} == {"inside/a": b"abc", "b": b""}
    write_folder(tmp_path / "here", contents)
    assert read_folder(tmp_path / "here").keys() == contents.keys()
    assert (tmp_path / "here" / "inside" / "a").read_bytes() == b"abc"


def test_writing_copies_nothing(tmp_path):
    contents = {"shard": np.ones(16 << 20, np.uint8)}
    tracemalloc.start()
    write_folder(tmp_path / "here", contents)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1 << 20


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", ""])
def test_nothing_is_written_outside(tmp_path, name):
    with pytest.raises(ExecutorError, match="points outside its folder"):
        write_folder(tmp_path / "here", {name: np.ones(1, np.uint8)})
    assert not (tmp_path / "a").exists()
