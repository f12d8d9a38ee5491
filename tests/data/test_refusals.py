"""A dataset that was damaged, moved about or made by somebody else is refused by name."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from townlet.api import Feature
from townlet.data import open_dataset
from townlet.errors import DatasetError
from townlet.storage import canonical_bytes, content_digest


def refusal(path, **kwargs) -> str:
    """Open and read everything; the text of the refusal."""
    with pytest.raises(DatasetError) as caught:
        open_dataset(path, **kwargs).verify()
    return str(caught.value)


def edit(path, change, *, sign: bool = True) -> None:
    """Change the manifest; with ``sign`` as somebody would who knows how digests are made."""
    document = json.loads((path / "manifest.json").read_text())
    del document["digest"]
    change(document)
    document["digest"] = content_digest(document) if sign else "0" * 64
    (path / "manifest.json").write_bytes(canonical_bytes(document))


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Files of one dataset, as bytes, so that each hypothesis example can start from whole ones."""
    return {"path": tmp_path_factory.mktemp("damage") / "town", "files": {}}


@pytest.fixture
def whole(shared, record):
    if not shared["files"]:
        made = record(blocks=2, ticks=4).path
        made.rename(shared["path"])
        shared["files"] = {p.name: p.read_bytes() for p in sorted(shared["path"].iterdir())}
    for name, data in shared["files"].items():
        (shared["path"] / name).write_bytes(data)
    return shared


MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _tells_when(raw: bytes, position: int) -> bool:
    """Whether a byte is one of the date in a manifest, which no digest covers: the same towns have the same digest."""
    start = raw.find(b'"created": "') if raw.startswith(b"{") else -1
    return start >= 0 and start + 12 <= position < raw.index(b'"', start + 12)


@MANY
@given(data=st.data())
def test_any_flipped_byte(whole, data):
    name = data.draw(st.sampled_from(sorted(whole["files"])))
    raw = bytearray(whole["files"][name])
    position = data.draw(st.integers(0, len(raw) - 1).filter(lambda at: not _tells_when(whole["files"][name], at)))
    raw[position] ^= data.draw(st.integers(1, 255))
    path = whole["path"] / name
    path.write_bytes(raw)
    try:
        assert name in refusal(whole["path"])
    finally:
        path.write_bytes(whole["files"][name])


@MANY
@given(data=st.data())
def test_any_truncation_or_extension(whole, data):
    name = data.draw(st.sampled_from(sorted(whole["files"])))
    raw = whole["files"][name]
    length = data.draw(st.integers(0, len(raw) + 8).filter(lambda n: n != len(raw)))
    path = whole["path"] / name
    path.write_bytes((raw + b"\0" * 8)[:length])
    try:
        assert name in refusal(whole["path"])
    finally:
        path.write_bytes(raw)


class TestShards:
    def test_missing(self, record):
        path = record().path
        (path / "shard-00001.safetensors").unlink()
        assert "shard-00001.safetensors is missing" in refusal(path)

    def test_renamed(self, record):
        path = record().path
        (path / "shard-00001.safetensors").rename(path / "shard-00009.safetensors")
        text = refusal(path)
        assert "shard-00001.safetensors is missing" in text
        assert "does not list: shard-00009.safetensors" in text

    def test_swapped(self, record):
        path = record().path
        first, second = path / "shard-00000.safetensors", path / "shard-00001.safetensors"
        content = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(content)
        assert "shard-00000.safetensors holds shard '1', not 0: it was renamed" in refusal(path)

    def test_of_another_dataset(self, record):
        path, other = record("a").path, record("b", seed=5).path
        (other / "shard-00001.safetensors").replace(path / "shard-00001.safetensors")
        assert "shard-00001.safetensors is damaged" in refusal(path)

    def test_unlisted(self, record):
        path = record().path
        (path / "extra.safetensors").write_bytes(b"x")
        assert "extra.safetensors is not listed" in refusal(path)

    def test_a_link(self, record, tmp_path):
        path = record().path
        shard = path / "shard-00000.safetensors"
        shard.rename(tmp_path / "elsewhere")
        shard.symlink_to(tmp_path / "elsewhere")
        assert "is not a regular file" in refusal(path)

    @pytest.mark.parametrize("length", [2**63, 2**40, (1 << 20) + 1])
    def test_an_oversize_header_is_not_read(self, record, length):
        path = record().path
        shard = path / "shard-00000.safetensors"
        raw = shard.read_bytes()
        shard.write_bytes(struct.pack("<Q", length) + raw[8:])
        assert f"shard-00000.safetensors has a header of {length} bytes" in refusal(path)

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            (lambda h: h["rewards"].update(shape=[4, 10**12]), "do not fit its shape"),
            (lambda h: h["rewards"].update(shape=[-4, -4]), "not a whole number"),
            (lambda h: h["rewards"].update(data_offsets=[0, 64]), "leave a gap"),
            (lambda h: h["rewards"].update(dtype="PICKLE"), "damaged header"),
            (lambda h: h.pop("rewards"), "leave a gap"),
            (lambda h: h.update(__metadata__={"index": 0}), "text to text"),
            (lambda h: h.update(rewards=None), "damaged header"),
        ],
    )
    def test_a_header_that_lies(self, record, change, text):
        path = record(blocks=1, ticks=4).path
        shard = path / "shard-00000.safetensors"
        raw = shard.read_bytes()
        length = struct.unpack("<Q", raw[:8])[0]
        header = json.loads(raw[8 : 8 + length])
        change(header)
        encoded = json.dumps(header).encode()
        forged = struct.pack("<Q", len(encoded)) + encoded + raw[8 + length :]
        shard.write_bytes(forged)
        edit(path, lambda d: d["shards"][0].update(size=len(forged)))
        found = refusal(path)
        assert "shard-00000.safetensors" in found
        assert text in found

    def test_an_action_that_does_not_exist(self, record):
        path = record(blocks=1, ticks=4).path
        shard = path / "shard-00000.safetensors"
        raw = bytearray(shard.read_bytes())
        length = struct.unpack("<Q", raw[:8])[0]
        begin = 8 + length + json.loads(raw[8 : 8 + length])["actions"]["data_offsets"][0]
        raw[begin : begin + 8] = struct.pack("<q", -1)
        shard.write_bytes(raw)
        edit(path, lambda d: d["shards"][0].update(sha256=hashlib.sha256(raw).hexdigest()))
        assert "shard-00000.safetensors holds an action outside 0..2" in refusal(path)


class TestManifest:
    @pytest.mark.parametrize(
        "name",
        [
            "../outside.safetensors",
            "..",
            "/etc/passwd",
            "C:\\windows",
            "a/b.safetensors",
            "a\\b",
            "",
            ".hidden",
            "x\0y",
            "a..b",
            "nul:",
        ],
    )
    def test_a_name_that_points_elsewhere(self, record, name):
        path = record().path
        (path.parent / "outside.safetensors").write_bytes((path / "shard-00000.safetensors").read_bytes())
        edit(path, lambda d: d["shards"][0].update(name=name))
        assert "points outside its folder or is not plain" in refusal(path)

    def test_edited_by_hand(self, record):
        path = record().path
        edit(path, lambda d: d["policy"].update(active="pytorch"), sign=False)
        assert "was changed after it was written" in refusal(path)

    @pytest.mark.parametrize("version", [0, 1, 3, "2", None])
    def test_another_schema_version(self, record, version):
        path = record().path
        edit(path, lambda d: d.update(schema_version=version))
        text = refusal(path)
        assert "cannot be read; this Townlet reads 2" in text
        assert ("record it again" in text) == (version == 1)

    def test_another_format(self, record):
        path = record().path
        edit(path, lambda d: d.update(format="minari"))
        assert "not the manifest of a dataset" in refusal(path)

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            (lambda d: d["shards"].append(d["shards"][0]), "contradicts itself"),
            (lambda d: d["segments"][0].update(ticks=31), "contradicts itself"),
            (lambda d: d["shards"][0].update(segment=4), "contradicts itself"),
            (lambda d: d.update(agents=3), "contradicts itself"),
            (lambda d: d["segments"][0].update(seeds=[1]), "seeds are not one per world"),
            (lambda d: d.update(config={"name": "other"}), "config digest"),
            (lambda d: d["observation"]["features"].reverse(), "fingerprint"),
            (lambda d: d["observation"].update(map_height=-1), "observation spec is wrong"),
            (lambda d: d.update(mood="good"), "'mood'"),
            (lambda d: d["shards"][0].update(sha256="abc"), "'shards.0.sha256'"),
            (lambda d: d["shards"][0].update(ticks=0), "'shards.0.ticks'"),
            (lambda d: d.pop("rows"), "'rows'"),
            (lambda d: d.update(shards=[], segments=[]), "no shards"),
        ],
    )
    def test_a_content_that_cannot_be(self, record, change, text):
        path = record().path
        edit(path, change)
        assert text in refusal(path)

    @pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"nonsense", b"[" * 100_000, b'"x"\n', b"\xff\xfe"])
    def test_no_json_object(self, record, raw):
        path = record().path
        (path / "manifest.json").write_bytes(raw)
        assert "manifest.json" in refusal(path)

    def test_no_manifest(self, record):
        path = record().path
        (path / "manifest.json").unlink()
        assert "it has no manifest.json" in refusal(path)


def test_nothing_there(tmp_path):
    assert "there is no dataset here" in refusal(tmp_path / "nowhere")


def test_a_foreign_spec_is_refused_by_its_first_difference(record, spec):
    path = record().path
    other = replace(spec, features=(spec.features[0], Feature("column"), spec.features[2]))
    assert "feature 'column' is missing there" in refusal(path, spec=other)


def test_the_same_spec_is_welcome(record, spec):
    open_dataset(record().path, spec=spec).verify()


def test_an_unreadable_shard(record, monkeypatch):
    path = record().path
    monkeypatch.setattr("townlet.data.shards.sha256_file", lambda _: (_ for _ in ()).throw(OSError(5, os.strerror(5))))
    assert "cannot be read: Input/output error" in refusal(path)


def test_a_damaged_shard_is_refused_before_its_first_tick(record):
    path = record(blocks=3).path
    shard = path / "shard-00001.safetensors"
    raw = bytearray(shard.read_bytes())
    raw[-1] ^= 1
    shard.write_bytes(raw)
    blocks = open_dataset(path).blocks()
    next(blocks)
    with pytest.raises(DatasetError, match=r"shard-00001\.safetensors is damaged"):
        next(blocks)


def test_without_verification_the_digests_are_not_read(record):
    path = record(blocks=1).path
    shard = path / "shard-00000.safetensors"
    raw = bytearray(shard.read_bytes())
    raw[-1] ^= 1
    shard.write_bytes(raw)
    assert len(list(open_dataset(path, verify=False).blocks())) == 1
