from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from townlet.errors import UsageError
from townlet.evaluation.training_page import is_training_run, metrics_lines, training_page


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of two stages: cloning, then learning, with a gate each."""
    lines = [{"schema": 1, "phase": "bc", "step": i, "loss": 1.0 / i, "accuracy": 0.9} for i in (1, 2, 3)]
    lines += [{"schema": 1, "phase": "anneal", "stage": 0, "passed": 1, "rolled_back": 0}]
    lines += [{"schema": 1, "phase": "ppo", "step": i, "reward_mean": i / 10, "approx_kl": None} for i in (1, 2)]
    lines += [{"schema": 1, "phase": "anneal", "stage": 1, "passed": 0, "rolled_back": 1}]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "run.json").write_text(json.dumps({"mode": "anneal", "config_id": "riverside-abc"}))
    return tmp_path


def test_an_unfinished_run_is_shown_and_said_to_be_unfinished(run: Path) -> None:
    assert is_training_run(run)
    text = training_page(run).html()
    assert "This run has no result" in text
    assert text.count("<svg") == 2
    assert "How cloning went" in text
    assert "How learning from reward went" in text


def test_a_finished_run_shows_verdict_and_stages(run: Path) -> None:
    stage = {"stage": 0, "mode": "bc", "verdict": "PASS", "flags": [], "teacher_ratio": 1.0, "social_stage": None}
    held = {**stage, "stage": 1, "mode": "ppo", "verdict": "HOLD", "flags": ["conflicts rose by 20 %"]}
    (run / "result.json").write_text(
        json.dumps({"status": "completed", "verdict": "HOLD", "stages": [stage, held], "candidate": None})
    )
    text = training_page(run).html()
    assert "verdict HOLD" in text
    assert "conflicts rose by 20 %" in text
    assert "How the schedule hands over from teacher to learner." in text


def test_a_line_that_was_cut_off_at_the_end_is_left_out(run: Path) -> None:
    path = run / "metrics.jsonl"
    whole = len(metrics_lines(path))
    path.write_text(path.read_text() + '{"phase": "pp')
    assert len(metrics_lines(path)) == whole


@pytest.mark.parametrize(
    ("text", "message"), [('{"a": 1}\nno\n{"a": 2}\n', "not JSON"), ("[1]\n", "a JSON object is expected")]
)
def test_a_file_that_is_no_log_is_refused_with_the_line(run: Path, text: str, message: str) -> None:
    (run / "metrics.jsonl").write_text(text)
    with pytest.raises(UsageError, match=message):
        metrics_lines(run / "metrics.jsonl")


def test_a_run_that_logged_nothing_yet_has_no_report(run: Path) -> None:
    (run / "metrics.jsonl").write_text("")
    with pytest.raises(UsageError, match="nothing to report"):
        training_page(run)
