"""Scenarios: what the scripted mind does in each is what their authors expected of a sensible mind."""

from __future__ import annotations

import pytest

from townlet.config import load_document
from townlet.errors import UsageError
from townlet.evaluation import evaluate, evaluation_seeds
from townlet.evaluation.scenarios import Expectation, Scorecard, load_scenario, scenario_names, score
from townlet.telemetry.kpis import KPI_NAMES

NAMES = scenario_names()


def test_the_promised_situations_are_there() -> None:
    assert set(NAMES) >= {
        "newcomer-week",
        "one-shower-for-eight",
        "outage-at-breakfast",
        "price-spike-on-rent-day",
        "rivals-in-one-office",
    }


@pytest.mark.parametrize("name", NAMES)
class TestEvery:
    def test_it_changes_a_config_that_is_checked_and_expects_figures_that_are_measured(self, name: str) -> None:
        scenario = load_scenario(name)
        changed = load_document(None, scenario.overrides()).config
        assert changed.config_id != load_document(None, []).config.config_id
        assert {e.figure for e in scenario.expect} <= set(KPI_NAMES)
        assert all(e.words() and e.why for e in scenario.expect)

    @pytest.mark.slow
    def test_the_scripted_mind_does_as_expected(self, name: str) -> None:
        scenario = load_scenario(name)
        config = load_document(None, scenario.overrides()).config
        seeds = evaluation_seeds(config, scenario.seeds)
        found = score(scenario, evaluate(config, "scripted", seeds=seeds, days=scenario.days, scenario=name))
        assert found.passed, [
            (e.figure, value, e.words())
            for e, value, met in zip(found.expectations, found.found, found.met, strict=True)
            if not met
        ]

    @pytest.mark.slow
    def test_waiting_is_not_enough(self, name: str) -> None:
        """An expectation that the stub meets says nothing: each scenario has one that it misses."""
        scenario = load_scenario(name)
        config = load_document(None, scenario.overrides()).config
        found = score(scenario, evaluate(config, "stub", seeds=(1, 2), days=scenario.days, scenario=name))
        assert not found.passed


def test_a_scenario_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no scenario 'one-shower-for-ten'") as caught:
        load_scenario("one-shower-for-ten")
    assert "did you mean 'one-shower-for-eight'?" in str(caught.value)


@pytest.mark.parametrize(
    ("bounds", "value", "holds"),
    [
        ({"at_least": 0.5}, 0.5, True),
        ({"at_least": 0.5}, 0.49, False),
        ({"at_most": 0.5}, 0.51, False),
        ({"at_least": 0.1, "at_most": 0.2}, 0.15, True),
    ],
)
def test_bounds_are_included(bounds: dict[str, float], value: float, holds: bool) -> None:
    expectation = Expectation(figure="reward", why="because", **bounds)
    assert expectation.holds(value) is holds


def test_a_scorecard_counts_what_was_met() -> None:
    assert Scorecard.of("nobody", ()).passed == 0
