"""Does the heart beat? A month of the default town under the default mind."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.config import load_config
from townlet.evaluation import evaluation_job, judged
from townlet.play import play

pytestmark = pytest.mark.slow
DAYS = 30


@pytest.fixture(scope="module")
def month():
    config = load_config()
    outcome = play(evaluation_job(config, "scripted", seeds=(1, 2, 3), days=float(DAYS)))
    return judged(outcome.job, [outcome]), outcome.kpis


def test_people_live(month):
    figures = {name: estimate.mean for name, estimate in month[0].kpis.items()}
    assert figures["self_sufficiency"] > 0.8
    assert figures["attendance"] > 0.85
    assert figures["starvations"] < 0.05


@pytest.mark.parametrize(
    ("figure", "low", "high"),
    [
        ("finished_table", 2.0, 4.0),
        ("finished_stove", 1.5, 4.0),
        ("finished_shower", 0.8, 2.5),
        ("mean_energy", 0.45, 1.0),  # nights are often cut short, so ends of sleep say little
        ("wages", 18.0, 28.1),
        ("rent", 10.0, 11.1),
        ("spent", 8.0, 18.0),
    ],
)
def test_a_days_doings_lie_in_a_sane_band(month, figure, low, high):
    assert low < month[0].kpis[figure].mean < high


def test_late_days_are_like_early_ones(month):
    days = month[1].per_day()
    early, late = days[1:6], days[-6:-1]
    for figure in ("finished_table", "wages", "attendance", "mean_need"):
        one, two = (np.mean([day[figure] for day in part]) for part in (early, late))
        assert two == pytest.approx(one, rel=0.15), figure
