"""An observation is what was seen before the choice: nothing in it tells the choice."""

from __future__ import annotations

import numpy as np

from townlet.api import ObservationBatch

TICKS = 2500


def test_the_choice_cannot_be_read_from_the_observation(stage) -> None:
    """Moves drawn at random, where all four are open: no feature and no map cell goes with them.

    The test can fail: with the observation *after* the step it does, on ``last_<action>``.
    """
    engine, rng = stage.engine, np.random.default_rng(3)
    before, after, chosen = [], [], []
    seen = engine.observe().copy()
    for _ in range(TICKS):
        actions = np.array([rng.choice(np.flatnonzero(mask)) for mask in seen.action_mask])
        free = seen.action_mask[:, 1:5].all(axis=1)
        actions[free] = rng.integers(1, 5, int(free.sum()))
        following = engine.step(actions).observations.copy()
        before.append(seen.features[free])
        after.append(following.features[free])
        chosen.append(actions[free])
        seen = following
    moves = np.concatenate(chosen)
    assert len(moves) > 1000

    def strongest(blocks: list[np.ndarray]) -> float:
        features = np.concatenate(blocks).astype(np.float64)
        features = features[:, features.std(axis=0) > 1e-9]
        scores = (features - features.mean(0)) / features.std(0)
        best = 0.0
        for move in range(1, 5):
            target = (moves == move) - (moves == move).mean()
            best = max(best, np.abs(scores.T @ target / len(moves) / target.std()).max())
        return float(best)

    noise = 6 / np.sqrt(len(moves))
    assert strongest(before) < noise
    assert strongest(after) > 0.9


def test_a_step_does_not_touch_what_was_seen_before_it(stage) -> None:
    engine = stage.engine
    first, second = (ObservationBatch.empty(engine.spec, engine.rows) for _ in range(2))
    engine.observe(first)
    kept = first.copy()
    engine.step(np.zeros(4, np.int64), into=second)
    for name in ("map", "features", "action_mask", "active", "episode_start"):
        assert np.array_equal(getattr(first, name), getattr(kept, name))
    assert not np.array_equal(first.features, second.features)


def test_observing_changes_nothing(stage) -> None:
    engine = stage.engine
    once = engine.observe().copy()
    for _ in range(3):
        engine.observe()
    again = engine.observe()
    assert np.array_equal(once.features, again.features)
    assert np.array_equal(once.map, again.map)
