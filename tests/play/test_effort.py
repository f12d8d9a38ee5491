"""What jobs take is told before they are played."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from townlet.cli.app import townlet
from townlet.config import load_config
from townlet.errors import UsageError
from townlet.play import Cast, Job, Keep, MindSpec, play
from townlet.play.effort import Effort, LongWorkWarning, note_long_work, refuse_endless, refuse_endless_recording
from townlet.training.services import RolloutCaptureService

CONFIG = load_config(None, ["town.map=hamlet"])


def jobs(towns: int, ticks: int, count: int = 1) -> list[Job]:
    cast = Cast.of(MindSpec(requested="stub", backend="stub"))
    return [Job(CONFIG, cast, tuple(range(towns)), ticks)] * count


def test_agent_steps_time_and_memory_of_all_jobs_together() -> None:
    day = CONFIG.town.time.day_ticks
    effort = Effort.of(jobs(10, 2 * day, 3))
    assert (effort.towns, effort.days) == (30, 2.0)
    agents = effort.steps / (30 * 2 * day)
    assert agents == 4
    assert effort.seconds == effort.steps / 1e6
    assert effort.memory > 30 * 12 * 12 * 4
    assert Effort.of(jobs(10, 2 * day, 3), workers=4).seconds == effort.seconds / 4


def test_more_than_a_year_is_refused_with_what_to_lower() -> None:
    with pytest.raises(UsageError) as refused:
        refuse_endless(jobs(100_000, 10**9))
    assert str(refused.value) == (
        "100,000 towns of 1e+06 days are 4.0e+14 agent-steps, which take 13 years or more\n"
        "  ask for fewer towns or days:  --seeds 32 --days 5  is what most comparisons need"
    )
    with pytest.warns(LongWorkWarning, match=r"which take 5 days or more"):
        refuse_endless(jobs(100_000, 10**9), workers=1000)


def test_results_larger_than_the_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("townlet.play.effort.machine_bytes", lambda: 1 << 20)
    with pytest.raises(UsageError, match="the results of 5,000 towns take"):
        refuse_endless(jobs(5000, 10))
    monkeypatch.setattr("townlet.play.effort.machine_bytes", lambda: None)
    refuse_endless(jobs(5000, 10))


def test_a_run_of_more_than_an_hour_is_told_and_not_refused() -> None:
    with pytest.warns(
        LongWorkWarning, match=r"^1 town of 1e\+06 days are 4.0e\+09 agent-steps, which take 1 hour or more"
    ):
        note_long_work(*jobs(1, 10**9))
    note_long_work(*jobs(1, 10**8))


class TestRecordings:
    def test_more_than_a_year_is_refused_with_what_to_lower(self, tmp_path: Path) -> None:
        (job,) = jobs(65_536, 10**9)
        with pytest.raises(UsageError, match="which take 8 years or more") as refused:
            refuse_endless_recording(job, tmp_path / "not" / "there")
        assert refused.value.details == ("record fewer towns or days, such as  --worlds 16 --days 5",)

    def test_more_than_the_disk_has_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (job,) = jobs(64, 10**6)
        monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=1 << 30))
        with pytest.raises(UsageError, match=r"this recording takes [0-9.,]+ GiB; 1.0 GiB are free") as refused:
            refuse_endless_recording(job, tmp_path / "there")
        assert "--worlds" in refused.value.details[0]

    def test_what_is_small_is_not_told_as_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=3 << 20))
        with pytest.raises(UsageError, match=r"this recording takes [0-9.]+ MiB; 3\.0 MiB are free"):
            refuse_endless_recording(*jobs(1, 20_000), tmp_path)

    def test_what_is_recorded_takes_what_was_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The estimate is of the bytes that a recording has: the disk is as large as the dataset, and a tenth more."""
        (job,) = jobs(4, 200)
        play(replace(job, keep=Keep.dataset(tmp_path / "there")))
        took = sum(file.stat().st_size for file in (tmp_path / "there").glob("*.safetensors"))
        monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=int(1.1 * took)))
        refuse_endless_recording(job, tmp_path / "again")
        monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=int(0.9 * took)))
        with pytest.raises(UsageError, match="are free on its disk"):
            refuse_endless_recording(job, tmp_path / "again")

    def test_a_run_that_is_recorded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=1 << 30))
        words = ["run", "--set", "town.map=hamlet", "--days", "10000", "--record", "d"]
        refused = CliRunner().invoke(townlet, words).exception
        assert isinstance(refused, UsageError)
        assert "this recording takes" in refused.summary
        assert refused.details == ("record fewer days, such as  --days 5", "or write to another disk:  --record DIR")
        assert list(tmp_path.iterdir()) == []

    def test_demonstrations(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=1 << 20))
        service = RolloutCaptureService(CONFIG)
        with pytest.raises(UsageError, match="this recording takes") as refused:
            service.demonstrate(tmp_path / "lesson")
        assert "training.demonstrations.worlds" in refused.value.details[0]
        assert list(tmp_path.iterdir()) == []

    def test_the_command_refuses_it_and_leaves_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        words = ["rollout", "--set", "town.map=hamlet", "--worlds", "65536", "--ticks", "1000000000", "--out", "d"]
        done = CliRunner().invoke(townlet, words)
        assert isinstance(done.exception, UsageError)
        assert "which take" in str(done.exception)
        assert not (tmp_path / "d").exists()
