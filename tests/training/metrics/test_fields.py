"""The reference of metrics is what the code says."""

from __future__ import annotations

from pathlib import Path

from townlet.api import BCMetrics, PPOMetrics
from townlet.training.metrics.fields import METRICS, WALL_CLOCK, reference

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"


def test_the_page_is_what_the_code_generates() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run: python docs/generate_metrics.py"


def test_each_name_stands_once_per_phase() -> None:
    names = [(field.phase, field.name) for field in METRICS]
    assert len(names) == len(set(names))
    assert all(field.meaning.endswith(".") for field in METRICS)
    assert {field.name for field in METRICS} >= WALL_CLOCK


def test_every_metric_of_a_learner_is_there() -> None:
    ppo = {field.name for field in METRICS if field.phase == "ppo"}
    assert set(PPOMetrics.model_fields) - {"samples", "seconds", "extra"} <= ppo
    assert {"loss", "accuracy", "train_loss"} <= set(BCMetrics.model_fields)
