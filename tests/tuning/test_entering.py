"""A study from Python: entered in the registry, with its picture, as ``townlet tune`` does it."""

from __future__ import annotations

import importlib.util

import pytest

from townlet.errors import UsageError
from townlet.registry import Registry
from townlet.tuning import run_study

pytest.importorskip("optuna")

SEARCH = 'tuning.search={eat_below: "0.42:0.95", patience: auto}'


def entries(runs):
    with Registry(runs) as registry:
        return registry.runs()


def test_a_study_stands_in_the_registry_with_what_came_of_it(small, formula, tmp_path):
    result = run_study(small(SEARCH, "tuning.trials=6"), tmp_path / "study", runs=tmp_path, run=formula())
    (entry,) = entries(tmp_path)
    assert (entry.kind, entry.status, entry.folder) == ("tune", "done", "study")
    best = result.best.evaluation.kpis["reward"].mean
    assert entry.summary == {"trials": 6, "objective": "reward", "best": pytest.approx(best)}


def test_its_picture_is_there_where_plots_can_be_drawn(small, formula, tmp_path):
    run_study(small(SEARCH, "tuning.trials=6"), tmp_path / "study", runs=tmp_path, run=formula())
    drawn = importlib.util.find_spec("matplotlib") is not None
    assert (tmp_path / "study" / "tuning.svg").exists() == drawn


def test_one_that_a_person_stopped_is_entered_as_that_and_goes_on(small, formula, tmp_path):
    config = small(SEARCH, "tuning.trials=6")
    with pytest.raises(KeyboardInterrupt):
        run_study(config, tmp_path / "study", runs=tmp_path, run=formula(stop_at=3))
    assert [entry.status for entry in entries(tmp_path)] == ["interrupted"]
    run_study(config, tmp_path / "study", runs=tmp_path, resume=True, run=formula())
    assert [entry.status for entry in entries(tmp_path)] == ["done", "interrupted"]


def test_a_slip_is_told_before_the_registry_hears_of_a_run(small, formula, tmp_path):
    with pytest.raises(UsageError, match="eat_bellow"):
        run_study(small("tuning.search={eat_bellow: auto}"), tmp_path / "study", runs=tmp_path, run=formula())
    assert list(tmp_path.iterdir()) == []


def test_a_registry_that_cannot_be_written_costs_a_warning_and_no_study(small, formula, tmp_path):
    (tmp_path / "runs").write_text("not a folder")
    told = []
    config = small(SEARCH, "tuning.trials=4")
    result = run_study(config, tmp_path / "study", runs=tmp_path / "runs", run=formula(), say=told.append)
    assert result.trials == 4
    assert "goes on without the registry" in told[0]
