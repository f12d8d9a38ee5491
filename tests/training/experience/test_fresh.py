"""Experience of fresh towns: the returns of lives that ended."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def fresh(services_of, toy_config, learner):
    """Four towns of two agents."""
    return services_of(toy_config).rollout.experience(learner)


def reference(pieces) -> list[list[float]]:
    """Tick after tick: what each life earned from its first tick to its last, of lives seen from their beginning."""
    earned, whole, told = np.zeros(8), np.zeros(8, np.bool_), []
    for arrays in pieces:
        ended = []
        for rewards, starts, ends in zip(arrays["rewards"], arrays["episode_start"], arrays["terminated"], strict=True):
            for row in range(8):
                if starts[row]:
                    earned[row], whole[row] = 0.0, True
                earned[row] += float(rewards[row])
                if ends[row] and whole[row]:
                    ended.append(earned[row])
        told.append(ended)
    return told


def test_returns_of_ended_lives_are_those_of_adding_tick_after_tick(fresh) -> None:
    rng = np.random.default_rng(3)
    pieces = [
        {
            "rewards": rng.normal(size=(50, 8)).astype(np.float32),
            "episode_start": rng.random((50, 8)) < 0.02,
            "terminated": rng.random((50, 8)) < 0.03,
        }
        for _ in range(4)
    ]
    pieces.append({name: np.zeros_like(array) for name, array in pieces[0].items()})  # nothing happens
    expected = reference(pieces)
    assert sum(map(len, expected)) > 20
    assert [fresh._finished_returns(arrays) for arrays in pieces] == expected
