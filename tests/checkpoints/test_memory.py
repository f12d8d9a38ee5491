"""Checkpoints as named bytes: the same checkpoint in memory, in a folder and on its way between machines."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from townlet.api import ObservationSpec
from townlet.checkpoints import Checkpoint, CheckpointBytes, read_checkpoint
from townlet.errors import CheckpointError


@pytest.fixture
def held(save: Callable[..., Checkpoint]) -> CheckpointBytes:
    return CheckpointBytes.read(save())


def test_a_folder_becomes_bytes_and_the_bytes_the_same_folder(
    save: Callable[..., Checkpoint], tmp_path: Path, spec: ObservationSpec
) -> None:
    first = save()
    held = CheckpointBytes.read(first)
    again = held.write(tmp_path / "elsewhere" / "copy")
    assert again.digest == held.digest == first.digest
    assert read_checkpoint(again.path, spec).manifest == first.manifest
    for name in (*first.manifest.files, "manifest.json"):
        assert (again.path / name).read_bytes() == (first.path / name).read_bytes()


def test_members_are_plain_bytes_by_name_and_read_back(held: CheckpointBytes) -> None:
    members = held.members()
    assert sorted(members) == ["manifest.json", "training/progress.json", "weights.safetensors"]
    assert all(type(content) is bytes for content in members.values())
    assert CheckpointBytes.from_members(pickle.loads(pickle.dumps(members))) == held


def test_whatever_saves_itself_can_travel(fill: Callable[[Path], None], spec: ObservationSpec, tmp_path: Path) -> None:
    held = CheckpointBytes.make(fill, backend="mine", spec=spec, config_digest="0" * 64, version="3")
    assert held.files["weights.safetensors"] == bytes(range(256))
    assert held.write(tmp_path / "there").manifest.version == "3"


def test_writing_where_it_lies_already_changes_nothing(held: CheckpointBytes, tmp_path: Path) -> None:
    first = held.write(tmp_path / "c")
    before = (first.path / "manifest.json").stat().st_mtime_ns
    assert held.write(tmp_path / "c") == first
    assert (first.path / "manifest.json").stat().st_mtime_ns == before


def test_another_checkpoint_is_not_overwritten(held: CheckpointBytes, save: Callable[..., Checkpoint]) -> None:
    other = save("other", version="2")
    with pytest.raises(CheckpointError, match="nothing is overwritten"):
        held.write(other.path)


def test_damage_on_the_way_is_noticed(held: CheckpointBytes) -> None:
    members = held.members()
    members["weights.safetensors"] = b"x" * 256
    with pytest.raises(CheckpointError, match=r"weights\.safetensors is damaged"):
        CheckpointBytes.from_members(members)


@pytest.mark.parametrize("change", ["missing", "more"])
def test_a_missing_or_a_foreign_file_is_named(held: CheckpointBytes, change: str) -> None:
    members = held.members()
    if change == "missing":
        del members["weights.safetensors"]
    else:
        members["virus.bin"] = b""
    with pytest.raises(CheckpointError, match=r"weights\.safetensors|virus\.bin"):
        CheckpointBytes.from_members(members)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"3", b"{}"])
def test_bytes_that_are_no_checkpoint_are_refused(text: bytes) -> None:
    with pytest.raises(CheckpointError):
        CheckpointBytes.from_members({"manifest.json": text})


def test_an_edited_manifest_is_refused(held: CheckpointBytes) -> None:
    members = held.members()
    members["manifest.json"] = members["manifest.json"].replace(b'"pytorch"', b'"scripted"')
    with pytest.raises(CheckpointError, match="digest does not match"):
        CheckpointBytes.from_members(members)


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a/../../b", "a\\b", "c:d"])
def test_no_name_leaves_the_folder(held: CheckpointBytes, tmp_path: Path, name: str) -> None:
    entry = held.manifest.files["weights.safetensors"]
    files = {**held.manifest.files, name: entry}
    hostile = CheckpointBytes(
        held.manifest.model_copy(update={"files": files}), {**held.files, name: held.files["weights.safetensors"]}
    )
    with pytest.raises(CheckpointError, match="points outside"):
        hostile.write(tmp_path / "inside" / "c")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "manifest.json",
        "progress.json",
        "weights.safetensors",
    ]  # those of the checkpoint that was read


def test_bytes_that_changed_on_disk_meanwhile_are_noticed(save: Callable[..., Checkpoint]) -> None:
    checkpoint = save()
    (checkpoint.path / "weights.safetensors").write_bytes(b"y" * 256)
    with pytest.raises(CheckpointError, match="damaged"):
        CheckpointBytes.read(checkpoint)


def test_files_cannot_be_changed_in_memory(held: CheckpointBytes) -> None:
    with pytest.raises(TypeError):
        held.files["weights.safetensors"] = b""  # type: ignore[index]
    assert replace(held) == held
