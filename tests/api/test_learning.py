"""Metrics ask of a learner what every learner has, and let the rest through under names of its own."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from townlet.api import BCMetrics, PPOMetrics


def test_a_learner_that_counts_nothing_else_says_what_it_learned_from_and_how_long() -> None:
    metrics = PPOMetrics(samples=10, seconds=0.5)
    assert metrics.policy_loss is None
    assert metrics.extra == {}
    assert BCMetrics(epochs=1, samples=10, seconds=0.1, loss=0.2, accuracy=0.9).majority_accuracy is None


@pytest.mark.parametrize("missing", ["samples", "seconds"])
def test_what_every_learner_has_is_asked_for(missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        PPOMetrics(**{name: 1 for name in ("samples", "seconds") if name != missing})


def test_numbers_of_its_own_have_free_names() -> None:
    assert (
        PPOMetrics(samples=1, seconds=0, extra={"temperature": 0.5, "ensemble/spread": 2}).extra["temperature"] == 0.5
    )


@pytest.mark.parametrize("name", ["entropy", "Has Spaces", "", "x" * 61, "<script>", "extra"])
def test_a_name_that_is_taken_or_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="extra"):
        PPOMetrics(samples=1, seconds=0, extra={name: 1.0})


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(number: float) -> None:
    for given in ({"entropy": number}, {"extra": {"mine": number}}):
        with pytest.raises(ValidationError, match="finite"):
            PPOMetrics(samples=1, seconds=0, **given)
