"""``metrics.jsonl``: appended, survives kills, cut back to a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from townlet.errors import CheckpointError
from townlet.training.metrics.log import MetricsLog, read_metrics


def test_lines_are_whole_at_once(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "m.jsonl")
    log.append({"step": 1, "loss": 0.5})
    assert json.loads((tmp_path / "m.jsonl").read_text()) == {"step": 1, "loss": 0.5}
    log.close()


def test_a_number_that_is_not_finite_is_null(tmp_path: Path) -> None:
    with MetricsLog(tmp_path / "m.jsonl") as log:
        log.append({"a": float("nan"), "b": float("inf")})
    assert read_metrics(tmp_path / "m.jsonl") == [{"a": None, "b": None}]


def test_it_goes_on_behind_the_checkpoints_line(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    with MetricsLog(path) as log:
        for step in range(5):
            log.append({"step": step})
    with MetricsLog(path, lines=3) as log:
        assert log.lines == 3
        log.append({"step": 30})
    assert [line["step"] for line in read_metrics(path)] == [0, 1, 2, 30]


def test_a_line_cut_by_a_kill_is_left_out_and_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'{"step":0}\n{"ste')
    assert read_metrics(path) == [{"step": 0}]
    with MetricsLog(path) as log:
        log.append({"step": 1})
    assert [line["step"] for line in read_metrics(path)] == [0, 1]


def test_fewer_lines_than_the_checkpoint_says_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'{"step":0}\n')
    with pytest.raises(CheckpointError, match="1 lines, but the checkpoint was written after line 2"):
        MetricsLog(path, lines=2)
    with pytest.raises(CheckpointError, match="missing"):
        MetricsLog(tmp_path / "other.jsonl", lines=1)
