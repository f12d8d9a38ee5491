"""Decisions of several ticks, against a reference that follows one row at a time."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.api import ObservationSpec, RolloutArrays
from townlet.rollout.spans import gather_spans

SPEC = ObservationSpec.of_names("bare", features=("x",), actions=("wait", "go"))
TICKS, ROWS, GAMMA = 40, 6, 0.9


@pytest.fixture(params=range(5))
def arrays(request: pytest.FixtureRequest) -> RolloutArrays:
    """Lives that end, slots that stay empty for a while, and questions at any time."""
    rng = np.random.default_rng(request.param)
    found = RolloutArrays.empty(SPEC, TICKS, ROWS, spans=True)
    for row in range(ROWS):
        alive, asked_next, fresh = bool(rng.random() < 0.8), bool(rng.random() < 0.5), False
        for t in range(TICKS + 1):
            found.active[t, row] = alive
            found.episode_start[t, row] = alive and fresh
            found.asked[t, row] = alive and (asked_next or fresh)
            if t == TICKS:
                break
            fresh = False
            if not alive:
                alive = fresh = bool(rng.random() < 0.4)
                continue
            found.rewards[t, row] = rng.normal()
            found.terminated[t, row] = rng.random() < 0.05
            found.truncated[t, row] = not found.terminated[t, row] and rng.random() < 0.05
            if found.truncated[t, row] or (t == TICKS - 1 and not found.terminated[t, row]):
                found.bootstrap[t, row] = rng.normal()
            ended = found.terminated[t, row] or found.truncated[t, row]
            alive, fresh = (bool(found.truncated[t, row]), True) if ended else (True, False)
            asked_next = bool(rng.random() < 0.2)
    return found


def follow(arrays: RolloutArrays, row: int, t: int) -> tuple[float, int, bool, bool, float]:
    """One decision, tick by tick."""
    total, lasted = 0.0, 0
    while True:
        total += GAMMA**lasted * float(arrays.rewards[t, row])
        lasted += 1
        ended, cut = bool(arrays.terminated[t, row]), bool(arrays.truncated[t, row])
        over = t + 1 == TICKS or bool(arrays.asked[t + 1, row]) or bool(arrays.episode_start[t + 1, row])
        if ended or cut or over:
            return total, lasted, ended, cut, float(arrays.bootstrap[t, row])
        t += 1


def test_each_asked_entry_holds_its_whole_decision(arrays: RolloutArrays) -> None:
    spans = gather_spans(arrays, TICKS, GAMMA)
    asked = arrays.asked[:TICKS]
    assert 20 < asked.sum() < TICKS * ROWS / 2
    for t, row in np.argwhere(asked):
        found = tuple(array[t, row] for array in spans)
        np.testing.assert_allclose(found, follow(arrays, int(row), int(t)), rtol=1e-5, err_msg=f"tick {t}, row {row}")


def test_entries_that_are_not_asked_hold_nothing(arrays: RolloutArrays) -> None:
    spans, idle = gather_spans(arrays, TICKS, GAMMA), ~arrays.asked[:TICKS]
    assert not spans.rewards[idle].any()
    assert not spans.terminated[idle].any()
    assert not spans.bootstrap[idle].any()
    assert (spans.duration[idle] == 1).all()


def test_no_tick_is_counted_twice(arrays: RolloutArrays) -> None:
    spans, asked = gather_spans(arrays, TICKS, GAMMA), arrays.asked[:TICKS]
    assert spans.duration[asked].sum() <= arrays.active[:TICKS].sum()
