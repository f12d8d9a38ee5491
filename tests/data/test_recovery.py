"""What a killed recording had on the disk can be recovered, and nothing else is taken for it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from townlet.data import DatasetWriter, open_dataset, recover
from townlet.data.recovery import recoverable
from townlet.data.shard_log import LOG_NAME
from townlet.errors import DatasetError
from townlet.storage import find_partials

WRITER = Path(__file__).with_name("writer_script.txt").read_text(encoding="utf-8")
KILLED = (
    WRITER
    + """
origin = DatasetOrigin(agents=8, seeds=tuple(range(8)))
writer = DatasetWriter(Path(sys.argv[1]), spec=spec, origin=origin, shard_bytes=1)
for number in range(3):
    writer.append(block(16 + number))
writer.new_segment(range(8, 16), first_tick=100)
writer.append(block(5))
writer._syncer.submit(lambda: None).result()
writer._shard_bytes = 1 << 40
writer.append(block(7))  # in memory only
print("ready", flush=True)
import time
time.sleep(60)
"""
)


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The unfinished folder of a recording that was killed with four shards on the disk, on its way to ``town``."""
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "town")], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    child.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    child.wait()
    child.stdout.close()
    (partial,) = find_partials(tmp_path)
    assert not partial.alive
    return partial.path


class TestRecovered:
    def test_whole_shards_come_back_under_their_name(self, killed: Path, tmp_path: Path) -> None:
        assert recoverable(killed).ticks == 16 + 17 + 18 + 5
        dataset = recover(tmp_path / "town")
        dataset.verify()
        manifest = dataset.manifest
        assert (dataset.path, dataset.ticks, manifest.complete) == (tmp_path / "town", 56, False)
        assert "killed" in str(manifest.interruption)
        assert [(s.first_tick, s.ticks) for s in manifest.segments] == [(0, 51), (100, 5)]
        assert manifest.segments[1].seeds == tuple(range(8, 16))
        assert [p.name for p in tmp_path.iterdir()] == ["town"]
        assert sorted(p.suffix for p in dataset.path.iterdir()) == [".json", *[".safetensors"] * 4]

    def test_it_is_what_closing_then_would_have_written(self, tmp_path: Path, spec, origin, make_block) -> None:
        """The same ticks, once recovered and once cut short in the usual way: the same shards, totals and metrics."""
        whole = DatasetWriter(tmp_path / "whole", spec=spec, origin=origin, shard_bytes=1)
        broken = DatasetWriter(tmp_path / "broken", spec=spec, origin=origin, shard_bytes=1)
        for first in (0, 4):
            whole.append(make_block(4, first=first))
            broken.append(make_block(4, first=first))
        broken._syncer.submit(lambda: None).result()
        broken._folder.give_back()  # as the system does for a process that is gone
        broken._shut()
        mine = whole.close(interruption="x")
        theirs = recover(tmp_path / "broken").manifest
        leave_out = {"timing", "interruption"}
        assert theirs.model_dump(exclude=leave_out) == mine.model_dump(exclude=leave_out)

    def test_by_the_unfinished_folder_and_under_another_name(self, killed: Path, tmp_path: Path) -> None:
        (tmp_path / "town").mkdir()
        (tmp_path / "town" / "other").write_text("")
        with pytest.raises(DatasetError, match="nothing is overwritten"):
            recover(killed)
        assert recover(killed, out=tmp_path / "rescued").path == tmp_path / "rescued"

    def test_killed_between_the_manifest_and_the_name(self, killed: Path, tmp_path: Path) -> None:
        other = tmp_path / "other"
        shutil.copytree(killed, other / ".town.0123456789ab.partial")
        manifest = recover(tmp_path / "town").path / "manifest.json"
        shutil.copy(manifest, other / ".town.0123456789ab.partial")
        dataset = recover(other / "town")
        dataset.verify()
        assert dataset.ticks == 56


class TestDamage:
    @pytest.mark.parametrize("index", [1, 3])
    def test_a_shard_that_was_cut_ends_it_there(self, killed: Path, tmp_path: Path, index: int) -> None:
        shard = killed / f"shard-{index:05d}.safetensors"
        shard.write_bytes(shard.read_bytes()[:-1])
        dataset = recover(tmp_path / "town")
        dataset.verify()
        assert len(dataset.manifest.shards) == index

    def test_a_line_that_was_cut_off_ends_it_there(self, killed: Path, tmp_path: Path) -> None:
        log = killed / LOG_NAME
        log.write_bytes(log.read_bytes()[:-20])
        assert len(recover(tmp_path / "town").manifest.shards) == 3

    @pytest.mark.parametrize("kept", [0, 1])
    def test_nothing_whole_is_said_and_nothing_touched(self, killed: Path, tmp_path: Path, kept: int) -> None:
        log = killed / LOG_NAME
        lines = log.read_bytes().splitlines(keepends=True)
        log.write_bytes(b"".join(lines[:kept]))
        before = sorted(p.name for p in killed.iterdir())
        with pytest.raises(DatasetError, match=r"no shard|cannot be read"):
            recover(tmp_path / "town")
        assert sorted(p.name for p in killed.iterdir()) == before

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("format", "other"),
            ("schema_version", 2),
            ("observation", {}),
            ("observation", None),
            ("origin", []),
            ("origin", {"agents": 0}),
            ("derived_from", 3),
            ("layout", "spiral"),
        ],
    )
    def test_a_log_of_something_else(self, killed: Path, tmp_path: Path, key: str, value: object) -> None:
        log = killed / LOG_NAME
        head, *rest = log.read_text().splitlines()
        log.write_text("\n".join([json.dumps({**json.loads(head), key: value}), *rest, ""]))
        with pytest.raises(DatasetError):
            recover(tmp_path / "town")
        assert killed.is_dir()
        assert not (tmp_path / "town").exists()

    def test_a_shard_entry_that_points_elsewhere(self, killed: Path, tmp_path: Path) -> None:
        log = killed / LOG_NAME
        log.write_text(log.read_text().replace("shard-00000", "../shard-00000"))
        with pytest.raises(DatasetError, match="no shard"):
            recover(tmp_path / "town")


class TestRefused:
    def test_nothing_of_that_name(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="no unfinished recording of this name"):
            recover(tmp_path / "town")

    def test_what_is_whole(self, tmp_path: Path, spec, origin, make_block) -> None:
        with DatasetWriter(tmp_path / "town", spec=spec, origin=origin) as writer:
            writer.append(make_block(4))
        with pytest.raises(DatasetError, match="what is here is complete"):
            recover(tmp_path / "town")

    def test_what_is_still_being_recorded(self, tmp_path: Path, spec, origin, make_block) -> None:
        writer = DatasetWriter(tmp_path / "town", spec=spec, origin=origin, shard_bytes=1)
        writer.append(make_block(4))
        with pytest.raises(DatasetError, match="still running"):
            recover(tmp_path / "town")
        with pytest.raises(DatasetError, match="is being written by process"):
            recover(writer._folder.path)
        writer.close()
        open_dataset(tmp_path / "town").verify()

    def test_several_of_that_name(self, killed: Path, tmp_path: Path) -> None:
        shutil.copytree(killed, tmp_path / ".town.0123456789ab.partial")
        with pytest.raises(DatasetError, match="several unfinished") as refused:
            recover(tmp_path / "town")
        assert str(refused.value).count("townlet dataset recover") == 2


def test_a_second_recording_of_a_name_is_refused_at_once(tmp_path: Path, spec, origin, make_block) -> None:
    """The finding: the longer of two lost everything when it came to its end second."""
    longer = DatasetWriter(tmp_path / "town", spec=spec, origin=origin)
    with pytest.raises(DatasetError, match="is being written by process"):
        DatasetWriter(tmp_path / "town", spec=spec, origin=origin)
    longer.append(make_block(4))
    longer.close()
    assert open_dataset(tmp_path / "town").ticks == 4


def test_a_log_that_cannot_be_written_does_not_cost_the_recording(
    tmp_path: Path, spec, origin, make_block, monkeypatch
) -> None:
    def fails(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("townlet.data.shard_log.os.fsync", fails)
    writer = DatasetWriter(tmp_path / "town", spec=spec, origin=origin)
    monkeypatch.undo()
    writer.append(make_block(4))
    writer.close()
    dataset = open_dataset(tmp_path / "town")
    assert dataset.ticks == 4
    assert not (dataset.path / LOG_NAME).exists()
    assert np.isfinite(dataset.metrics["reward_mean"])
