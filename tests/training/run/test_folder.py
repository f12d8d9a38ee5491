"""The folder of a run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from townlet.config import load_config
from townlet.errors import CheckpointError, ConfigError, UsageError
from townlet.storage import PartialFolder
from townlet.training.run.folder import BegunRun, RunFolder


@pytest.fixture
def config():
    return load_config()


def created(path: Path, config, mode: str) -> RunFolder:
    return RunFolder.create(BegunRun(path, mode, config))


def resumed(path: Path, config, mode: str) -> RunFolder:
    begun = BegunRun.read(path)
    begun.must_be(config, mode)
    return RunFolder.resume(begun)


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path, config) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(UsageError, match="not empty") as caught:
        created(tmp_path, config, "ppo")
    assert caught.value.details == ("it holds no run that could be resumed", "choose another folder:  --out FOLDER")
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_the_way_to_resume_the_run_that_is_there_can_be_typed(tmp_path: Path, config) -> None:
    place = tmp_path / "my run"
    created(place, config, "ppo").release()
    with pytest.raises(UsageError, match="not empty") as caught:
        created(place, config, "ppo")
    assert caught.value.details[0] == f"resume the run that is there:  townlet train --resume '{place}'"


def test_a_run_appears_whole_or_not_at_all(tmp_path: Path, config, monkeypatch) -> None:
    def full(path: Path, data: bytes) -> None:
        if path.name == "run.json":
            raise OSError(28, "No space left on device")
        path.write_bytes(data)

    monkeypatch.setattr("townlet.training.run.folder.write_bytes_atomic", full)
    with pytest.raises(OSError, match="No space left"):
        created(tmp_path / "run", config, "ppo").release()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    created(tmp_path / "run", config, "ppo").release()
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["checkpoints", "config.json", "run.json"]


def test_resume_needs_a_run(tmp_path: Path, config) -> None:
    with pytest.raises(UsageError, match="no run to resume"):
        resumed(tmp_path, config, "ppo")


def test_resume_in_another_mode_is_refused(tmp_path: Path, config) -> None:
    created(tmp_path / "run", config, "ppo").release()
    with pytest.raises(UsageError, match="started with --mode ppo, not bc"):
        resumed(tmp_path / "run", config, "bc")


def test_resume_with_another_config_names_the_difference(tmp_path: Path, config) -> None:
    created(tmp_path / "run", config, "ppo").release()
    other = load_config(None, ["training.ppo.settings.gamma=0.9"])
    with pytest.raises(ConfigError) as caught:
        resumed(tmp_path / "run", other, "ppo")
    was = config.training.ppo.settings.gamma
    assert f"training.ppo.settings.gamma was {was} and is 0.9 now" in str(caught.value)


def test_resume_with_the_same_config_goes_on(tmp_path: Path, config) -> None:
    created(tmp_path / "run", config, "ppo").release()
    folder = resumed(tmp_path / "run", load_config(), "ppo")
    assert folder.latest() is None
    folder.release()


def test_a_key_that_came_later_has_its_default_and_hinders_nothing(tmp_path: Path, config) -> None:
    folder = created(tmp_path / "run", config, "ppo")
    folder.release()
    run = folder.path
    document, begun = (json.loads((run / name).read_text(encoding="utf-8")) for name in ("config.json", "run.json"))
    del document["training"]["ppo"]["bc_batch"]  # as a version wrote it that did not know the key
    begun["config_digest"] = "0" * 64
    (run / "config.json").write_text(json.dumps(document), encoding="utf-8")
    (run / "run.json").write_text(json.dumps(begun), encoding="utf-8")
    folder = resumed(run, config, "ppo")
    assert folder.latest() is None
    folder.release()
    with pytest.raises(ConfigError, match="bc_batch was 1024 and is 5 now"):
        resumed(run, load_config(None, ["training.ppo.bc_batch=5"]), "ppo")


def test_a_resume_removes_what_a_kill_left_unfinished(tmp_path: Path, config) -> None:
    folder = created(tmp_path / "run", config, "ppo")
    folder.release()
    run = folder.path
    dead = [run / "checkpoints" / ".s000-u00000002.abc.partial", run / "demonstrations" / ".stage-000.def.partial"]
    for folder in (*dead, run / "checkpoints" / ".mine"):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    with PartialFolder(run / "checkpoints" / "s000-u00000004", error=CheckpointError) as alive:
        resumed(run, config, "ppo").release()
        assert alive.path.exists(), "another process that is still at it"
        assert (run / "checkpoints" / ".mine" / "file").exists()
        assert [folder for folder in dead if folder.exists()] == []


def test_a_damaged_run_is_refused(tmp_path: Path, config) -> None:
    created(tmp_path / "run", config, "ppo").release()
    (tmp_path / "run" / "run.json").write_text("{")
    with pytest.raises(CheckpointError, match="cannot be read"):
        resumed(tmp_path / "run", config, "ppo")


def test_a_mode_that_there_is_not_is_a_damaged_run(tmp_path: Path, config) -> None:
    created(tmp_path / "run", config, "ppo").release()
    (tmp_path / "run" / "run.json").write_text('{"mode": "magic"}')
    with pytest.raises(CheckpointError, match="says the mode 'magic'"):
        BegunRun.read(tmp_path / "run")


def test_the_last_name_is_the_latest(tmp_path: Path, config) -> None:
    folder = created(tmp_path / "run", config, "anneal")
    for stage, update in [(0, 0), (2, 9), (2, 10), (1, 500)]:
        folder.checkpoint(stage, update).mkdir()
    assert folder.latest() == folder.checkpoint(2, 10)
    folder.release()


HOLDER = """
import sys, time
from pathlib import Path
from townlet.config import load_config
from townlet.training.run.folder import BegunRun, RunFolder
folder = RunFolder.create(BegunRun(Path(sys.argv[1]), "ppo", load_config()))
print("training", flush=True)
time.sleep(60)
"""


def test_a_run_that_is_being_trained_is_refused_to_a_second_who_touches_nothing(tmp_path: Path, config) -> None:
    """The finding: two ``--resume`` of one folder at once wrote over each other's metrics."""
    run = tmp_path / "run"
    child = subprocess.Popen([sys.executable, "-c", HOLDER, str(run)], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"training\n"
        unfinished = run / "checkpoints" / ".s000-u00000004.0123456789ab.partial"
        unfinished.mkdir()
        with pytest.raises(UsageError, match=f"this run is being trained by process {child.pid}"):
            resumed(run, config, "ppo")
        assert unfinished.exists()
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    resumed(run, config, "ppo").release()
    assert not unfinished.exists()


def test_a_run_can_be_resumed_again_and_again(tmp_path: Path, config) -> None:
    created(tmp_path / "run", config, "ppo").release()
    for _ in range(2):
        resumed(tmp_path / "run", config, "ppo").release()
    with pytest.raises(UsageError, match="started with --mode ppo"):
        resumed(tmp_path / "run", config, "bc")
