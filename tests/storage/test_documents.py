"""JSON documents with one spelling, and names that stay inside."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from townlet.config import config_digest, load_config
from townlet.errors import DatasetError
from townlet.storage import canonical_bytes, canonical_digest, content_digest, member_path, read_json_document

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@example(document={"timing": None})
@given(document=st.dictionaries(st.text(max_size=8).filter(lambda k: k != "digest"), VALUES, max_size=5))
def test_a_document_comes_back(tmp_path_factory, document):
    path = tmp_path_factory.mktemp("d") / "m.json"
    path.write_bytes(canonical_bytes({**document, "digest": content_digest(document)}))
    found = read_json_document(path, error=DatasetError)
    assert found.pop("digest") == content_digest(document)
    assert found == document


@pytest.mark.parametrize(
    "raw",
    [b'{"a":1}', b'{\n "a": 1\n}', b'{\n "a": 1,\n "a": 1\n}\n', b'{\n "b": 1,\n "a": 1\n}\n', b'{\n "a": 1.0e0\n}\n'],
)
def test_another_spelling_is_refused(tmp_path, raw):
    path = tmp_path / "m.json"
    path.write_bytes(raw)
    with pytest.raises(DatasetError, match="was changed after it was written"):
        read_json_document(path, error=DatasetError)


def test_the_digest_of_a_config_is_that_of_its_json():
    config = load_config()
    assert canonical_digest(config.model_dump(mode="json")) == config_digest(config)


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/b", "a\\b", "C:x", "", ".", "..", ".x", "a..b", "x\n", "x y", "é", "x" * 200]
)
def test_names_that_are_not_plain(tmp_path, name):
    with pytest.raises(DatasetError, match="not plain"):
        member_path(tmp_path, name, error=DatasetError)


def test_a_plain_name(tmp_path):
    (tmp_path / "shard-00001.safetensors").touch()
    assert member_path(tmp_path, "shard-00001.safetensors", error=DatasetError).exists()


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "sub").mkdir()
    with pytest.raises(DatasetError, match="not a regular file"):
        member_path(tmp_path, "sub", error=DatasetError)
