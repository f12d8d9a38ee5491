"""A job takes along what it needs: a town's files by what they hold, checkpoints and snapshots as named bytes."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from importlib.resources import files

import pytest

from townlet.config import load_config
from townlet.errors import CheckpointError, MapError, SnapshotError
from townlet.play import Admission, Cast, Job, Keep, Parcel, Stage, Stored, perform, play, resumed
from townlet.play.stored import digest_of

DATA = files("townlet.world") / "data"

CHILD = """
import json, sys
from townlet.play import Job, Stage, perform
job = Job.from_json(json.load(sys.stdin))
with Stage(job) as stage:
    perform(stage)
    json.dump(stage.digests(), sys.stdout)
"""


@pytest.fixture
def lakeside(tmp_path):
    """A config beside a map and affordances of its own; nobody stands in its folder."""
    folder = tmp_path / "towns"
    folder.mkdir()
    text = (DATA / "maps" / "hamlet.yaml").read_text("utf-8")
    (folder / "lakeside.yaml").write_text(text.replace("name: hamlet", "name: lakeside"), "utf-8")
    text = (DATA / "affordances" / "core.yaml").read_text("utf-8")
    assert "id: shower\n" in text
    (folder / "habits.yaml").write_text(text.replace("id: shower\n", "id: bathe\n"), "utf-8")
    path = folder / "town.yaml"
    path.write_text("town: {map: lakeside.yaml, affordances: habits.yaml}\n", "utf-8")
    return path


def states(job: Job, admission: Admission | None = None) -> tuple[str, ...]:
    with Stage(job, admission=admission) as stage:
        perform(stage)
        return stage.digests()


def test_a_town_of_ones_own_is_played_where_its_files_are_not(lakeside, tmp_path):
    job = Job(load_config(lakeside), Cast.of("scripted"), (3, 4), 60)
    here = states(job)
    for file in lakeside.parent.iterdir():
        file.unlink()
    away = tmp_path / "away"
    away.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", CHILD], input=json.dumps(job.to_json()), capture_output=True, text=True, cwd=away
    )
    assert done.returncode == 0, done.stderr
    assert tuple(json.loads(done.stdout)) == here


def test_it_is_that_town_and_no_shipped_one(lakeside):
    with Stage(Job(load_config(lakeside), Cast.of("stub"), (3,), 1)) as stage:
        assert "doing_bathe" in [feature.name for feature in stage.engine.spec.features]
        assert stage.job.config.name == "lakeside"


def test_another_map_under_the_same_name_is_another_job(lakeside):
    one = Job(load_config(lakeside), Cast.of("stub"), (3,), 5)
    file = lakeside.with_name("lakeside.yaml")
    file.write_text(file.read_text("utf-8").replace("name: lakeside", "name: seaside"), "utf-8")
    assert Job(load_config(lakeside), Cast.of("stub"), (3,), 5).digest != one.digest


def test_a_config_made_in_python_is_taken_along_too(lakeside, monkeypatch):
    monkeypatch.chdir(lakeside.parent)
    config = load_config(None, ["town.map=lakeside.yaml"])
    job = Job(
        config.model_copy(update={"town": config.town.model_copy(update={"files": {}})}), Cast.of("stub"), (3,), 5
    )
    assert job.config.town.files.keys() == {"lakeside.yaml"}


def test_a_recording_of_ones_own_town_is_lived_again_without_its_files(lakeside, tmp_path):
    from townlet.data import open_dataset
    from townlet.evaluation.retrace import retrace

    job = Job(load_config(lakeside), Cast.of("scripted"), (3,), 40, keep=Keep.dataset(tmp_path / "kept"))
    outcome = play(job)
    for file in lakeside.parent.iterdir():
        file.unlink()
    assert retrace(open_dataset(tmp_path / "kept")).kpis.summary() == outcome.kpis.summary()


def test_a_snapshot_travels_as_bytes(lakeside, tmp_path):
    with Stage(Job(load_config(lakeside), Cast.of("scripted"), (3, 4), 30)) as stage:
        perform(stage)
        stage.save(tmp_path / "snapshot")
    job = resumed(tmp_path / "snapshot", 30)
    here = states(job)
    (stored,) = job.stored
    parcel = pickle.loads(pickle.dumps(stored.read()))
    (tmp_path / "snapshot").rename(tmp_path / "gone")
    with pytest.raises(SnapshotError):
        states(job)
    place = parcel.write(tmp_path / "there")
    assert states(job, Admission(stored={stored.digest: place})) == here
    assert parcel.write(tmp_path / "there") == place, "written once"


def test_a_foreign_file_travels_as_bytes(tmp_path):
    (tmp_path / "mind.onnx").write_bytes(b"abc")
    stored = Stored(digest_of(tmp_path / "mind.onnx"), tmp_path / "mind.onnx")
    place = stored.read().write(tmp_path / "there")
    assert (place.name, digest_of(place)) == ("mind.onnx", stored.digest)


def test_where_bytes_lie_is_no_part_of_the_job(hamlet, tmp_path):
    jobs = [Job(hamlet, Cast.of("stub"), (3,), 5, start=Stored("d" * 64, tmp_path / name)) for name in "ab"]
    assert jobs[0].digest == jobs[1].digest


@pytest.mark.parametrize("name", ["../escaped", "/escaped", "a/../../escaped", "", "a\\b"])
def test_a_parcel_that_points_outside_is_refused(tmp_path, name):
    with pytest.raises(CheckpointError, match="points outside"):
        Parcel("d" * 64, {name: b"x"}).write(tmp_path / "there")
    assert not list(tmp_path.rglob("*escaped*"))
    assert not (tmp_path / "there" / ("d" * 64)).exists()


def test_nothing_to_take_along_is_said(tmp_path):
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        Stored("d" * 64, tmp_path / "gone").read()


def test_a_map_that_is_not_there_is_named_with_its_place(tmp_path, monkeypatch):
    (tmp_path / "town.yaml").write_text("town: {map: maps/gone.yaml}\n", "utf-8")
    elsewhere = tmp_path / "elsewhere" / "maps"
    elsewhere.mkdir(parents=True)
    (elsewhere / "gone.yaml").write_text((DATA / "maps" / "hamlet.yaml").read_text("utf-8"), "utf-8")
    monkeypatch.chdir(elsewhere.parent)  # a file of that name in the current folder is not the one that is meant
    config = load_config(tmp_path / "town.yaml")
    with pytest.raises(MapError, match=r"maps.gone\.yaml' cannot be read"):
        Stage(Job(config, Cast.of("stub"), (3,), 5))


def test_what_was_typed_starts_at_the_current_folder(lakeside, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_config(lakeside, ["town.map=towns/lakeside.yaml"])
    assert set(config.town.files) == {"towns/lakeside.yaml", "habits.yaml"}
