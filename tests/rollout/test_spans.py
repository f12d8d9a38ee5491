"""Decisions of several ticks, against a reference that follows one row at a time."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from townlet.api import ObservationSpec, RolloutArrays
from townlet.rollout.spans import decisions_only, gather_spans, side_by_side

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


def rollout_of(arrays: RolloutArrays) -> dict[str, np.ndarray]:
    kept = {field.name: getattr(arrays, field.name)[:TICKS] for field in fields(RolloutArrays)}
    arrays.features[..., 0] = np.arange(TICKS + 1)[:, None]
    return {**kept, **gather_spans(arrays, TICKS, GAMMA)._asdict()}


def test_decisions_alone_stand_in_their_order_and_none_is_lost(arrays: RolloutArrays) -> None:
    written = rollout_of(arrays)
    found = decisions_only(written)
    asked = written["asked"]
    assert found["asked"].sum(axis=0).tolist() == asked.sum(axis=0).tolist()
    assert len(found["asked"]) == asked.sum(axis=0).max() < TICKS
    for row in range(ROWS):
        ticks = np.flatnonzero(asked[:, row])
        first = slice(0, len(ticks))
        assert found["asked"][first, row].all()
        assert not found["asked"][len(ticks) :, row].any()
        assert found["features"][first, row, 0].tolist() == ticks.tolist()
        for name in ("actions", "rewards", "duration", "terminated", "truncated", "bootstrap", "active"):
            np.testing.assert_array_equal(found[name][first, row], written[name][ticks, row], err_msg=name)


def test_a_life_that_began_between_two_decisions_begins_with_the_second(arrays: RolloutArrays) -> None:
    written = rollout_of(arrays)
    found = decisions_only(written)
    for row in range(ROWS):
        last = -1
        for place, t in enumerate(np.flatnonzero(written["asked"][:, row])):
            assert found["episode_start"][place, row] == written["episode_start"][last + 1 : t + 1, row].any()
            last = t


def test_what_fills_up_shorter_rows_is_nothing_and_action_0_is_possible_in_it(arrays: RolloutArrays) -> None:
    found = decisions_only(rollout_of(arrays))
    idle = ~found["asked"]
    assert idle.any()
    assert found["action_mask"][idle].tolist() == [[True, False]] * int(idle.sum())
    assert (found["duration"][idle] == 1).all()
    assert not found["active"][idle].any()
    assert not found["rewards"][idle].any()


def test_a_rollout_in_which_nobody_decides_keeps_one_empty_entry() -> None:
    found = decisions_only(rollout_of(RolloutArrays.empty(SPEC, TICKS, ROWS, spans=True)))
    assert {name: len(array) for name, array in found.items()} == dict.fromkeys(found, 1)
    assert not found["asked"].any()


def test_groups_side_by_side_are_what_they_were_alone(arrays: RolloutArrays) -> None:
    whole = rollout_of(arrays)
    pieces = [decisions_only({name: array[:, rows] for name, array in whole.items()}) for rows in (slice(0, 2), [2])]
    pieces.append(decisions_only({name: array[:, 3:] for name, array in whole.items()}))
    joined, expected = side_by_side(pieces), decisions_only(whole)
    for name, array in expected.items():
        np.testing.assert_array_equal(joined[name], array, err_msg=name)
