"""Numbers that follow the course of training."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townlet.config.training import ScheduleConfig, SocialScheduleConfig
from townlet.training.seeds import town_seeds
from townlet.training.strategies.schedules import scheduled, social_stage

LINEAR = ScheduleConfig(start=1.0, end=0.0)


@pytest.mark.parametrize(
    ("schedule", "update", "total", "expected"),
    [
        (LINEAR, 0, 11, 1.0),
        (LINEAR, 5, 11, 0.5),
        (LINEAR, 10, 11, 0.0),
        (LINEAR, 99, 11, 0.0),
        (LINEAR, 0, 1, 1.0),
        (ScheduleConfig(start=1.0, end=0.0, shape="constant"), 10, 11, 1.0),
        (ScheduleConfig(start=1.0, end=0.0, shape="cosine"), 5, 11, 0.5),
        (ScheduleConfig(start=1.0, end=0.0, shape="cosine"), 10, 11, 0.0),
        (ScheduleConfig(start=1.0, end=0.0, updates=3), 1, 100, 0.5),
        (ScheduleConfig(start=1.0, end=0.0, updates=3), 50, 100, 0.0),
        (ScheduleConfig(start=0.0, end=4.0), 3, 5, 3.0),
    ],
)
def test_a_schedule(schedule: ScheduleConfig, update: int, total: int, expected: float) -> None:
    assert scheduled(schedule, update, total) == pytest.approx(expected)


@given(st.integers(0, 500), st.integers(1, 300), st.sampled_from(["constant", "linear", "cosine"]))
def test_a_schedule_stays_between_its_ends(update: int, total: int, shape: str) -> None:
    value = scheduled(ScheduleConfig(start=0.3, end=0.1, shape=shape), update, total)
    assert 0.1 - 1e-12 <= value <= 0.3 + 1e-12


@pytest.mark.parametrize(("cycle", "stage"), [(0, None), (1, "C1"), (2, "C1"), (3, "C3"), (9, "C3")])
def test_the_social_stage_follows_the_cycles(cycle: int, stage: str | None) -> None:
    steps = ({"cycle": 1, "stage": "C1"}, {"cycle": 3, "stage": "C3"})
    assert social_stage(SocialScheduleConfig(steps=steps), cycle) == stage


def test_town_seeds_are_their_own() -> None:
    drawn = town_seeds(0, "rollout", 8)
    assert drawn == town_seeds(0, "rollout", 8)
    assert drawn[:3] == town_seeds(0, "rollout", 3)
    others = [town_seeds(1, "rollout", 8), town_seeds(0, "demonstrations", 8), town_seeds(0, "rollout", 8, 1)]
    assert len({*drawn, *(seed for other in others for seed in other)}) == 32


@given(st.integers(0, 2**62), st.integers(0, 1000))
def test_no_town_of_training_is_one_of_evaluation(seed: int, generation: int) -> None:
    assert all(2**52 <= s < 2**53 for s in town_seeds(seed, "rollout", 4, generation))
