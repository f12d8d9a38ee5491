"""Names for checkpoints, and which are kept."""

from __future__ import annotations

import pytest

from townlet.checkpoints import keep_last, read_checkpoint, read_pointer, resolve_checkpoint, write_pointer
from townlet.errors import CheckpointError


def test_a_pointer_is_followed(save, tmp_path):
    first, second = save("step-1"), save("step-2")
    write_pointer(tmp_path, "best", "step-1")
    assert read_checkpoint(tmp_path / "best") == first
    write_pointer(tmp_path, "best", "step-2")
    assert read_checkpoint(tmp_path / "best") == second


def test_a_pointer_is_a_small_text_file(save, tmp_path):
    save("step-1")
    write_pointer(tmp_path, "last", "step-1")
    assert (tmp_path / "last").read_bytes() == b"step-1\n"


def test_a_run_means_its_best_or_else_its_last(save, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    save("checkpoints/a"), save("checkpoints/b")
    write_pointer(tmp_path / "checkpoints", "last", "b")
    assert resolve_checkpoint(tmp_path).name == "b"
    write_pointer(tmp_path / "checkpoints", "best", "a")
    assert resolve_checkpoint(tmp_path).name == "a"
    assert resolve_checkpoint(tmp_path / "checkpoints").name == "a"


def test_of_a_training_under_way_there_is_the_last(save, tmp_path):
    save("step-1")
    write_pointer(tmp_path, "last", "step-1")
    with pytest.raises(CheckpointError, match=r"best is written when training ends; until then, use .*last"):
        resolve_checkpoint(tmp_path / "best")


def test_the_manifest_itself_means_its_checkpoint(save):
    path = save().path
    assert resolve_checkpoint(path / "manifest.json") == path


@pytest.mark.parametrize("text", ["../step-1", "/etc", "", "a/b", "step-1\nstep-2", "x" * 500, ".hidden", "\xff"])
def test_a_pointer_elsewhere_is_refused(save, tmp_path, text):
    save("step-1")
    (tmp_path / "best").write_text(text, encoding="latin-1")
    with pytest.raises(CheckpointError, match="does not point to a checkpoint"):
        read_pointer(tmp_path / "best")


def test_a_pointer_at_nothing(save, tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint 'step-9'"):
        write_pointer(tmp_path, "best", "step-9")
    (tmp_path / "best").write_text("step-9\n")
    with pytest.raises(CheckpointError, match="'step-9', which does not exist"):
        read_checkpoint(tmp_path / "best")


class TestKeepLast:
    def names(self, folder):
        return sorted(p.name for p in folder.iterdir() if p.is_dir())

    def test_the_latest_by_number(self, save, tmp_path):
        for step in (1, 2, 9, 10, 11):
            save(f"step-{step}")
        assert keep_last(tmp_path, 2) == ("step-1", "step-2", "step-9")
        assert self.names(tmp_path) == ["step-10", "step-11"]

    def test_those_pointed_at_and_named_stay(self, save, tmp_path):
        for step in range(5):
            save(f"step-{step}")
        write_pointer(tmp_path, "best", "step-1")
        assert keep_last(tmp_path, 1, keep=["step-2"]) == ("step-0", "step-3")

    def test_fewer_than_asked(self, save, tmp_path):
        save()
        assert keep_last(tmp_path, 3) == ()

    def test_other_folders_are_left_alone(self, save, tmp_path):
        save("step-1"), save("step-2")
        (tmp_path / "notes").mkdir()
        keep_last(tmp_path, 1)
        assert self.names(tmp_path) == ["notes", "step-2"]
