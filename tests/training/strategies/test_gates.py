"""What must hold between the stages of an anneal schedule."""

from __future__ import annotations

import pytest

from townlet.api import BCMetrics
from townlet.config.training import AnnealConfig
from townlet.training.strategies.gates import cloning_flags, drift_flags, gate_verdict

CONFIG = AnnealConfig()
CALM = {"loss": 1.0, "queue_conflicts": 2.0, "queue_conflict_intensity": 3.0}


def cloned(accuracy: float, majority: float) -> BCMetrics:
    return BCMetrics(
        epochs=1, samples=1, seconds=0, train_loss=0.1, loss=0.1, accuracy=accuracy, majority_accuracy=majority
    )


def test_a_good_clone_passes() -> None:
    assert cloning_flags(cloned(0.95, 0.4), 0.9) == ()


def test_too_little_accuracy_is_named() -> None:
    (flag,) = cloning_flags(cloned(0.89, 0.4), 0.9)
    assert "0.8900 is below the threshold 0.9000" in flag


def test_demonstrations_of_one_action_do_not_pass() -> None:
    (flag,) = cloning_flags(cloned(1.0, 1.0), 0.9)
    assert "not above" in flag
    assert "commonest" in flag


@pytest.mark.parametrize("name", sorted(CALM))
def test_getting_better_is_never_a_flag(name: str) -> None:
    for share in (0.99, 0.5, 0.0, -1.0):
        assert drift_flags(CALM, {**CALM, name: CALM[name] * share}, CONFIG) == ()


@pytest.mark.parametrize(
    ("name", "factor", "flagged"),
    [
        ("loss", 1.09, False),
        ("loss", 1.11, True),
        ("queue_conflicts", 1.14, False),
        ("queue_conflicts", 1.16, True),
        ("queue_conflict_intensity", 1.14, False),
        ("queue_conflict_intensity", 1.16, True),
    ],
)
def test_drift_beyond_the_limit_is_a_flag(name: str, factor: float, flagged: bool) -> None:
    flags = drift_flags(CALM, {**CALM, name: CALM[name] * factor}, CONFIG)
    assert bool(flags) is flagged
    assert all(name in flag for flag in flags)


def test_a_rise_from_nearly_nothing_says_what_it_is_measured_by() -> None:
    (flag,) = drift_flags({"queue_conflicts": 0.0}, {"queue_conflicts": 0.3}, CONFIG)
    assert flag == (
        "queue_conflicts rose from 0 to 0.3, by 60% of 0.5, the least that counts as before; the limit is 15%"
    )


def test_a_loss_below_zero_that_rises_is_a_flag() -> None:
    assert drift_flags({"loss": -1.0}, {"loss": -0.8}, CONFIG)
    assert not drift_flags({"loss": -1.0}, {"loss": -1.2}, CONFIG)


def test_a_higher_loss_with_more_reward_is_a_better_result() -> None:
    before = {"loss": 1.0, "reward_mean": 0.1}
    assert drift_flags(before, {"loss": 2.0, "reward_mean": 0.1}, CONFIG)
    assert not drift_flags(before, {"loss": 2.0, "reward_mean": 0.2}, CONFIG)


def test_one_conflict_where_there_was_none_is_not_infinite_drift() -> None:
    assert drift_flags({"queue_conflicts": 0.0}, {"queue_conflicts": 0.05}, CONFIG) == ()
    assert drift_flags({"queue_conflicts": 0.0}, {"queue_conflicts": 0.5}, CONFIG)


def test_what_the_stage_before_did_not_measure_is_not_compared() -> None:
    assert drift_flags({}, {"loss": 99.0}, CONFIG) == ()


def test_a_number_that_is_not_finite_is_a_flag() -> None:
    assert drift_flags({"loss": 1.0}, {"loss": float("nan")}, CONFIG) == ("loss is not finite",)


@pytest.mark.parametrize(
    ("failures", "drifts", "expected"),
    [((), (), "PASS"), ((), ("x",), "HOLD"), (("x",), (), "FAIL"), (("x",), ("y",), "FAIL")],
)
def test_the_verdict(failures: tuple[str, ...], drifts: tuple[str, ...], expected: str) -> None:
    assert gate_verdict(failures, drifts) == expected
