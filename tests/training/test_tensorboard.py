"""Training in TensorBoard, through the hook that every observer uses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from townlet.api import TrainingReport
from townlet.training import tensorboard


def report(folder: Path | None, step: int = 1) -> TrainingReport:
    where = None if folder is None else str(folder)
    return TrainingReport(phase="ppo", step=step, metrics={"reward_mean": 0.25 * step}, folder=where)


def test_scalars_can_be_read_back(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    for step in (1, 2):
        tensorboard.townlet_training_report(report(tmp_path, step))
    (file,) = (tmp_path / "tensorboard").iterdir()
    found = [
        (event.step, value.tag, value.tensor.float_val[0] if value.HasField("tensor") else value.simple_value)
        for event in EventFileLoader(str(file)).Load()
        for value in event.summary.value
    ]
    assert found == [(1, "ppo/reward_mean", 0.25), (2, "ppo/reward_mean", 0.5)]


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tensorboard.townlet_training_report(report(None))
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    tensorboard.townlet_training_report(report(tmp_path))
    assert list(tmp_path.iterdir()) == []
