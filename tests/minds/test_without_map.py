"""A mind that was taught without a map sees all but the map, and nothing is done to its answers."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.api import ArrayState, Decision, ObservationBatch
from townlet.minds.without_map import WithoutMap


class Looking:
    """Keeps what it was shown; values are the first feature."""

    def __init__(self) -> None:
        self.seen: list[tuple[ObservationBatch, bool]] = []
        self.closed = False

    def initial_state(self, rows: int, seed: int) -> ArrayState:
        return ArrayState({"seeds": np.full(rows, seed)})

    def decide(self, observations, state, *, explore=False) -> Decision:
        self.seen.append((observations, explore))
        return Decision(np.ones(observations.rows, np.int64), state, values=observations.features[:, 0] + 1)

    def fingerprint(self) -> str:
        return "looking"

    def close(self) -> None:
        self.closed = True


class Valuing(Looking):
    def values(self, observations, state):
        self.seen.append((observations, False))
        return observations.features[:, 0]


@pytest.fixture
def shown() -> ObservationBatch:
    generator = np.random.default_rng(0)
    return ObservationBatch(
        generator.integers(0, 255, (3, 2, 5, 5)).astype(np.uint8),
        generator.random((3, 4), np.float32),
        np.ones((3, 2), bool),
        np.array([True, True, False]),
        np.array([False, True, False]),
    )


@pytest.mark.parametrize("explore", [False, True])
def test_it_sees_everything_but_the_map(shown, explore):
    mind = Looking()
    answer = WithoutMap(mind).decide(shown, mind.initial_state(3, 7), explore=explore)
    ((seen, explored),) = mind.seen
    assert seen.map.shape == (3, 0, 0, 0)
    for name in ("features", "action_mask", "active", "episode_start", "asked"):
        assert getattr(seen, name) is getattr(shown, name)
    assert seen.everybody_asked
    assert explored == explore
    assert answer.actions.tolist() == [1, 1, 1]


def test_who_is_asked_stays_who_is_asked(shown):
    mind, asked = Looking(), np.array([True, False, False])
    some = ObservationBatch(shown.map, shown.features, shown.action_mask, shown.active, shown.episode_start, asked)
    WithoutMap(mind).decide(some, mind.initial_state(3, 0))
    assert mind.seen[0][0].asked is asked


@pytest.mark.parametrize(("mind", "more"), [(Looking(), 1), (Valuing(), 0)])
def test_its_values_are_its_own(shown, mind, more):
    found = WithoutMap(mind).values(shown, mind.initial_state(3, 0))
    np.testing.assert_array_equal(found, shown.features[:, 0] + more)
    assert mind.seen[0][0].map.shape == (3, 0, 0, 0)


def test_it_is_the_same_mind():
    mind = Looking()
    unseeing = WithoutMap(mind)
    assert unseeing.fingerprint() == "looking"
    assert unseeing.initial_state(2, 5).arrays()["seeds"].tolist() == [5, 5]
    unseeing.close()
    assert mind.closed
