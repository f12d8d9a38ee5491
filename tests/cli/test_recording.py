"""A recording whose run breaks half-way: what was whole is kept, and the message says what failed and where it lies."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from townlet.config import load_config
from townlet.data import DatasetWriter, open_dataset
from townlet.errors import BackendRunError, DatasetError
from townlet.play import Cast, Job, Journal, Stage, recording
from townlet.plugins import loading, refresh
from townlet.registry import Registry

HAMLET = ("--set", "town.map=hamlet")
PLUGIN = """
from townlet.plugins import StubPolicy, hookimpl

class Tired(StubPolicy):
    '''Waits, and after some ticks can no more.'''

    left = {ticks}

    def decide(self, observations, state, *, explore=False):
        if self.left == 0:
            raise ValueError("too tired")
        self.left -= 1
        return super().decide(observations, state, explore=explore)

@hookimpl
def townlet_create_policy(request):
    return Tired()
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def tired(tmp_path, monkeypatch):
    """Installs a backend ``tired`` that acts for 40 ticks and then raises."""
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(str(site))

    def install(ticks: int = 40) -> None:
        package, info = site / "acme_tired", site / "acme_tired-2.1.dist-info"
        package.mkdir(parents=True)
        info.mkdir()
        (package / "__init__.py").touch()
        (package / "plugin.py").write_text(PLUGIN.format(ticks=ticks))
        manifest = 'schema = 1\nname = "tired"\napi = ">=1,<2"\nsummary = "s"\ncapabilities = ["act"]\n'
        (package / "backend.toml").write_text(manifest)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-tired\nVersion: 2.1\n\n")
        points = "[townlet.backends]\ntired = acme_tired.plugin\n[townlet.backend_manifests]\n"
        (info / "entry_points.txt").write_text(points + "tired = acme_tired:backend.toml\n")
        refresh()

    yield install
    loading.load_backend.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme_tired"]:
        del sys.modules[name]
    monkeypatch.undo()
    refresh()


def failure(folder: str | None) -> str:
    kept = (
        f"the first 40 ticks are complete and kept in {Path.cwd() / folder}, marked as incomplete\n" if folder else ""
    )
    return (
        "error: policy backend 'tired' failed while it chose actions: ValueError: too tired\n"
        "  at: acme_tired/plugin.py:11, in decide\n"
        "  backend: acme-tired 2.1\n"
        "  next:  townlet backends check tired\n"
    ) + (f"  {kept}" if kept else "")


def arrays_of(path):
    blocks = list(open_dataset(path).blocks())
    names = ("features", "map", "action_mask", "actions", "rewards", "terminated", "active", "episode_start")
    return {name: np.concatenate([getattr(block, name) for block in blocks]) for name in names}


def assert_kept(folder: str) -> None:
    """The dataset is whole as far as it goes, says so, and is in the registry under a failed run."""
    dataset = open_dataset(folder)
    dataset.verify()
    assert dataset.ticks == 40
    assert dataset.manifest.complete is False
    assert dataset.manifest.interruption == (
        "policy backend 'tired' failed while it chose actions: ValueError: too tired"
    )
    assert "self_sufficiency" in dataset.metrics
    assert [path.name for path in Path.cwd().iterdir() if path.name.endswith(".partial")] == []
    with Registry("runs", create=False) as registry:
        (run,) = registry.runs()
        assert (run.status, run.summary["ticks"]) == ("failed", 40)
        assert [entry.digest for entry in registry.datasets(run=run.id)] == [dataset.digest]


class TestRun:
    def test_what_was_recorded_is_kept(self, townlet, tired):
        tired()
        done = townlet("run", *HAMLET, "--backend", "tired", "--ticks", "100", "--record", "rec")
        assert (done.code, done.err) == (3, "writing to rec\n" + failure("rec"))
        assert done.out.startswith("hamlet, seed 0: failed at tick 40 (0.04 days) with tired, ")
        assert_kept("rec")
        townlet("run", *HAMLET, "--backend", "stub", "--ticks", "40", "--record", "whole", "--no-registry")
        kept, whole = arrays_of("rec"), arrays_of("whole")
        for name, array in whole.items():
            np.testing.assert_array_equal(kept[name], array, err_msg=name)

    def test_a_snapshot_of_the_tick_it_failed_at_is_the_way_to_go_on(self, townlet, tired):
        tired()
        words = ("--snapshot-every", "25", "--snapshots", "snaps")
        done = townlet("run", *HAMLET, "--backend", "tired", "--ticks", "60", *words, "--json")
        assert (done.code, done.err) == (3, "writing to snaps\n" + failure(None))
        found = json.loads(done.out)
        assert [Path(path).name for path in found["snapshots"]] == ["tick-000000025", "tick-000000040"]
        assert (found["ticks"], found["interrupted"], found["recorded"]) == (40, False, None)
        assert found["failure"] == failure(None).removeprefix("error: ").rstrip("\n")
        rest = json.loads(townlet("run", "--resume", "snaps", "--ticks", "20", "--json").out)
        whole = json.loads(townlet("run", *HAMLET, "--backend", "stub", "--ticks", "60", "--json").out)
        assert (rest["first_tick"], rest["failure"]) == (40, None)
        assert rest["kpis"] == whole["kpis"]

    def test_a_policy_that_fails_at_once_leaves_nothing(self, townlet, tired):
        tired(ticks=0)
        done = townlet("run", *HAMLET, "--backend", "tired", "--ticks", "60", "--record", "rec", "--no-registry")
        assert (done.code, done.out) == (3, "")
        assert done.err.endswith("  nothing was recorded by then, so there is no dataset\n")
        assert list(Path.cwd().iterdir()) == []

    def test_a_mixture_names_the_side_that_failed(self, townlet, tired):
        tired()
        done = townlet("run", *HAMLET, "--backend", "mixture:scripted,tired,0.5", "--ticks", "60", "--record", "rec")
        assert (done.code, done.err) == (3, "writing to rec\n" + failure("rec"))
        assert_kept("rec")


class TestRollout:
    WORDS = ("rollout", *HAMLET, "--backend", "tired", "--worlds", "3", "--ticks", "100", "--out", "data")

    def test_what_was_recorded_is_kept(self, townlet, tired):
        tired()
        done = townlet(*self.WORDS)
        assert (done.code, done.err) == (3, "writing to data\n" + failure("data"))
        assert done.out.startswith("failed after 40 ticks of 3 worlds with 4 agents: ")
        assert_kept("data")

    def test_json_says_what_failed(self, townlet, tired):
        tired()
        found = json.loads(townlet(*self.WORDS, "--json").out)
        assert found["failure"] == failure(None).removeprefix("error: ").rstrip("\n")
        assert (found["ticks"], found["interrupted"]) == (40, False)

    def test_a_policy_that_fails_at_once_leaves_nothing(self, townlet, tired):
        tired(ticks=0)
        done = townlet(*self.WORDS, "--no-registry")
        assert (done.code, done.out) == (3, "")
        assert done.err.endswith("  nothing was recorded by then, so there is no dataset\n")
        assert list(Path.cwd().iterdir()) == []


@pytest.fixture(scope="module")
def config():
    return load_config(None, ["town.map=hamlet"])


def record(config, ticks: int, then) -> None:
    """Record some ticks in which everybody waits, then do ``then`` with the towns."""
    stage = Stage(Job(config, Cast.of("stub"), (0,), ticks))
    with stage, recording(stage, Path("rec"), Journal(kind="run", warn=pytest.fail)) as made:
        stage.run(ticks, sink=made.recorder)
        then(stage.engine)


def raising(error: BaseException):
    """A way to end a recording."""

    def fail(engine) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (KeyboardInterrupt(), "stopped by a person"),
        (BackendRunError("policy backend 'x' failed", details=("at: x.py:1",)), "policy backend 'x' failed"),
    ],
)
def test_whatever_ends_it_what_was_whole_is_kept(config, error, reason):
    with pytest.raises(type(error)) as caught:
        record(config, 5, raising(error))
    assert caught.value is error
    (note,) = error.__notes__
    assert note == f"the first 5 ticks are complete and kept in {Path('rec').absolute()}, marked as incomplete"
    dataset = open_dataset("rec")
    dataset.verify()
    assert (dataset.ticks, dataset.manifest.complete, dataset.manifest.interruption) == (5, False, reason)


def test_a_write_that_failed_has_said_so_already(config, monkeypatch):
    def full(self, block):
        raise self._salvage(OSError(28, "No space left on device"))

    monkeypatch.setattr(DatasetWriter, "append", full)
    with pytest.raises(DatasetError, match="No space left on device; nothing was kept") as caught:
        record(config, 3, lambda engine: None)
    assert not hasattr(caught.value, "__notes__")
    assert list(Path.cwd().iterdir()) == []


def test_a_recording_that_cannot_be_finished_does_not_hide_what_ended_it(config, monkeypatch):
    def full(self, *blocks):
        raise self._salvage(OSError(28, "No space left on device"))

    monkeypatch.setattr(DatasetWriter, "_write", full)
    with pytest.raises(ZeroDivisionError) as caught:
        record(config, 3, raising(ZeroDivisionError()))
    (note,) = caught.value.__notes__
    assert note.startswith("the recording could not be finished either: cannot write the dataset: No space left")


def test_figures_that_tell_of_more_than_is_kept_are_left_out(config):
    def go_on_unrecorded(engine) -> None:
        engine.step(np.zeros(engine.rows, np.int64))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record(config, 3, go_on_unrecorded)
    assert "self_sufficiency" not in open_dataset("rec").metrics


def test_a_bug_of_ours_says_where_the_recording_is(townlet, monkeypatch):
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("townlet.play.resuming.Snapshots.write", broken)
    done = townlet("run", *HAMLET, "--ticks", "9", "--record", "rec", "--snapshot-every", "5", "--no-registry")
    assert done.code == 1
    assert done.out == ""
    assert done.err == (
        "writing to rec\nwriting to runs/snapshots-001\n"
        "error: a bug in Townlet: ZeroDivisionError: division by zero\n"
        f"  the first 5 ticks are complete and kept in {Path('rec').absolute()}, marked as incomplete\n"
        "  next:  run the same command with --debug and report what it prints\n"
    )
    assert open_dataset("rec").ticks == 5
