"""Power cuts, kills and full disks: a whole dataset or none, and nothing that was whole is lost."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from townlet.data import DatasetWriter, open_dataset
from townlet.errors import DatasetError
from townlet.storage import find_partials

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")

WRITER = Path(__file__).with_name("writer_script.txt").read_text(encoding="utf-8")

ENDLESS = (
    WRITER
    + """
print("ready", flush=True)
for number in range(10**6):
    write(Path(sys.argv[1]) / f"town-{number}", blocks=1 + number % 4)
"""
)


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_whole_datasets_only(tmp_path):
    rng = random.Random(20)
    finished = 0
    deadline = time.monotonic() + 25
    for attempt in range(20):
        if time.monotonic() > deadline:
            break
        folder = tmp_path / f"attempt-{attempt}"
        folder.mkdir()
        child = subprocess.Popen([sys.executable, "-c", ENDLESS, str(folder)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.25))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        for path in sorted(folder.glob("town-*")):
            dataset = open_dataset(path)
            dataset.verify()
            assert dataset.manifest.complete
            finished += 1
        partials = find_partials(folder)
        assert len(partials) <= 1
        for partial in partials:
            assert not partial.alive
            with pytest.raises(DatasetError, match="never finished"):
                open_dataset(partial.path)
            with pytest.raises(DatasetError, match="an unfinished recording is here"):
                open_dataset(folder / partial.target)
    assert finished > 10  # otherwise the kills came too early to prove anything


LIMITED = (
    WRITER
    + """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
writer = DatasetWriter(Path(sys.argv[1]) / "town", spec=spec, origin=DatasetOrigin(agents=8), shard_bytes=1)
for ticks in (16, 32, 4096):
    writer.append(block(ticks))
"""
)


def run(script: str, *arguments: object) -> str:
    """Run a script that ends with a DatasetError; its last words."""
    done = subprocess.run([sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "townlet.errors.DatasetError" in done.stderr
    return done.stderr


def test_a_write_that_fails_keeps_what_was_whole(tmp_path):
    text = run(LIMITED, tmp_path, 1 << 20)
    assert "cannot write the dataset: File too large" in text
    assert "the first 48 ticks are complete" in text
    dataset = open_dataset(tmp_path / "town")
    dataset.verify()
    assert dataset.ticks == 48
    assert not dataset.manifest.complete
    assert "File too large" in str(dataset.manifest.interruption)
    assert [p.name for p in tmp_path.iterdir()] == ["town"]


def test_a_write_that_fails_at_once_leaves_nothing(tmp_path):
    assert "nothing was kept" in run(LIMITED, tmp_path, 5_000)
    assert list(tmp_path.iterdir()) == []


FULL = (
    WRITER
    + """
write(Path(sys.argv[1]) / "before", blocks=1)
write(Path(sys.argv[1]) / "town", blocks=1000, ticks=256)
"""
)


def test_a_full_disk_keeps_what_was_whole(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True).returncode
    ):
        pytest.skip("no right to mount a small disk here; the limit on file sizes above stands for it")
    try:
        assert "No space left on device" in run(FULL, disk)
        open_dataset(disk / "before").verify()
        dataset = open_dataset(disk / "town")
        dataset.verify()
        assert dataset.ticks >= 256
        assert not dataset.manifest.complete
        assert not find_partials(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_fails_when_synchronising(tmp_path, spec, origin, make_block, monkeypatch):
    def fails(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    writer = DatasetWriter(tmp_path / "town", spec=spec, origin=origin, shard_bytes=1)
    writer.append(make_block(4))
    writer._written[0][2].result()
    monkeypatch.setattr("townlet.data.writer.os.fsync", fails)
    writer.append(make_block(4, first=4))
    writer._written[1][2].exception()
    monkeypatch.undo()
    with pytest.raises(DatasetError, match="Input/output error"):
        writer.close()
    assert open_dataset(tmp_path / "town").ticks == 4


def test_stale_recordings_are_reported_to_the_next_writer(tmp_path, spec, origin):
    killed = tmp_path / ".town.0123456789ab.partial"
    killed.mkdir()
    (killed / "writer.lock").touch()
    running = DatasetWriter(tmp_path / "town", spec=spec, origin=origin)
    assert running.stale == (killed,)
    running.abort()
    assert killed.exists()
