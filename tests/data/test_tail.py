"""What a kill can cost of a recording: the ticks of a few seconds, however slowly its shards fill."""

from __future__ import annotations

import json
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

KILLED = """
import os, signal
from townlet.data.writer import DatasetWriter
from townlet.play.recording import TrajectoryService
DatasetWriter.__init__.__kwdefaults__["secured_seconds"] = float({every})
record = TrajectoryService.record
def until_killed(self, step):
    record(self, step)
    if self.ticks == {ticks}:
        os.kill(os.getpid(), signal.SIGKILL)
TrajectoryService.record = until_killed
from townlet.cli.entry import main
main(["rollout", "--set", "town.map=hamlet", "--worlds", "2", "--ticks", "60", "--out", "town", "--no-registry"])
"""


def died(writer: DatasetWriter) -> Path:
    """The folder of a writer whose process is gone."""
    writer._syncer.submit(lambda: None).result()
    writer._folder.give_back()
    writer._shut()
    return writer._folder.path


@pytest.fixture
def write(tmp_path: Path, spec, origin):
    """``write(name, **settings)``: a writer."""
    return lambda name, **settings: DatasetWriter(tmp_path / name, spec=spec, origin=origin, **settings)


def ticks_of(dataset) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in dataset.read(0, dataset.ticks).arrays().items()}


def assert_the_same(one, other) -> None:
    theirs = ticks_of(other)
    for name, array in ticks_of(one).items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


class TestTail:
    def test_what_fills_no_shard_yet_is_recovered(self, write, make_block, tmp_path: Path) -> None:
        writer = write("town", secured_seconds=0.0)
        for first in (0, 4, 8):
            writer.append(make_block(4, first=first))
        assert recoverable(died(writer)).ticks == 12
        found = recover(tmp_path / "town")
        found.verify()
        whole = write("whole")
        for first in (0, 4, 8):
            whole.append(make_block(4, first=first))
        whole.close()
        assert_the_same(found, open_dataset(tmp_path / "whole"))
        assert sorted(p.name for p in found.path.iterdir()) == ["manifest.json", "shard-00000.safetensors"]

    def test_it_follows_the_shards_before_and_those_replace_it(self, write, make_block, tmp_path: Path) -> None:
        writer = write("town", secured_seconds=0.0, shard_bytes=1)
        writer.append(make_block(4, first=0))
        writer._shard_bytes = 1 << 40
        writer.append(make_block(4, first=4))
        writer.append(make_block(4, first=8))
        folder = died(writer)
        assert [p.name[:10] for p in folder.glob("tail-*")] == ["tail-00001"] * 2
        assert recover(tmp_path / "town").ticks == 12

    def test_what_is_not_handed_on_yet_is_kept_too(self, write, make_block, tmp_path: Path) -> None:
        writer = write("town", secured_seconds=0.0)
        writer.append(make_block(4, first=0))
        writer.secure(lambda: make_block(3, first=4).arrays())
        died(writer)
        assert recover(tmp_path / "town").ticks == 7

    def test_not_before_it_is_time_to(self, write, make_block, tmp_path: Path) -> None:
        writer = write("town", secured_seconds=1000.0)
        writer.append(make_block(4))
        writer.secure(lambda: pytest.fail("it is not time to"))
        died(writer)
        with pytest.raises(DatasetError, match="killed within its first seconds"):
            recover(tmp_path / "town")

    def test_one_that_was_torn_gives_way_to_the_one_before(self, write, make_block, tmp_path: Path) -> None:
        writer = write("town", secured_seconds=0.0)
        writer.append(make_block(4, first=0))
        writer.append(make_block(4, first=4))
        folder = died(writer)
        newest = json.loads((folder / LOG_NAME).read_bytes().splitlines()[-1])["tail"]
        (folder / newest).write_bytes(b"torn")
        assert recover(tmp_path / "town").ticks == 4

    def test_a_full_disk_is_no_reason_to_stop(self, write, make_block, tmp_path: Path, monkeypatch) -> None:
        from townlet.data import tail

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(tail, "write_shard", full)
        with write("town", secured_seconds=0.0) as writer:
            writer.append(make_block(4))
        assert open_dataset(tmp_path / "town").ticks == 4

    def test_the_dataset_is_the_same_whatever_was_secured(self, write, make_block, tmp_path: Path) -> None:
        for name, every in (("often", 0.0), ("never", 1e9)):
            with write(name, secured_seconds=every, shard_bytes=4000) as writer:
                for first in range(0, 40, 4):
                    writer.append(make_block(4, first=first))
        often, never = tmp_path / "often", tmp_path / "never"
        assert [p.name for p in sorted(often.iterdir())] == [p.name for p in sorted(never.iterdir())]
        for file in never.glob("shard-*"):
            assert (often / file.name).read_bytes() == file.read_bytes()

    @pytest.mark.parametrize("name", ["../../x", "tail-00000-0", 5, None, "writer.lock"])
    def test_the_log_cannot_name_another_file(self, write, make_block, tmp_path: Path, name) -> None:
        writer = write("town", secured_seconds=0.0)
        writer.append(make_block(4))
        folder = died(writer)
        head, line = (folder / LOG_NAME).read_bytes().splitlines()
        forged = json.dumps({**json.loads(line), "tail": name}).encode()
        (folder / LOG_NAME).write_bytes(head + b"\n" + forged + b"\n")
        with pytest.raises(DatasetError):
            recover(tmp_path / "town")
        assert folder.is_dir()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_a_rollout_that_was_killed_loses_no_tick_that_was_due(tmp_path: Path) -> None:
    code = KILLED.format(every=0.0, ticks=37)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False, timeout=300)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    (partial,) = find_partials(tmp_path)
    assert not partial.alive
    found = recover(tmp_path / "town")
    found.verify()
    assert found.ticks == 37
    whole = [sys.executable, "-c", KILLED.format(every=0.0, ticks=10**9).replace('"town"', '"whole"')]
    subprocess.run(whole, cwd=tmp_path, capture_output=True, check=True, timeout=300)
    theirs = open_dataset(tmp_path / "whole").read(0, 37)
    for name, array in ticks_of(found).items():
        np.testing.assert_array_equal(array, theirs.arrays()[name], err_msg=name)
