"""Experience pairs each action with what was seen before it, and values with what really came after."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.errors import ContractError
from townlet.minds.runtime import PolicyRuntime
from townlet.minds.stub import StubPolicy
from townlet.rollout import Collector, RolloutBuffer, SimulationLoop


def make(town, policy, ticks, **options):
    runtime = PolicyRuntime(policy, town.spec)
    buffer = RolloutBuffer(town.spec, ticks, town.rows, reward_parts=2)
    return Collector(town, runtime, buffer, **options), buffer, runtime


def test_actions_stand_beside_what_was_seen_when_they_were_chosen(town, worker):
    collector, buffer, _ = make(town, worker, 9)
    collector.collect()
    arrays = buffer.arrays()
    np.testing.assert_array_equal(arrays["features"][:, 0, 0], np.arange(9))
    np.testing.assert_array_equal(arrays["actions"][:, 0], [1, 0, 1, 0, 1, 0, 1, 0, 1])
    np.testing.assert_array_equal(arrays["rewards"][:, 0], arrays["actions"][:, 0] - 0.25)
    np.testing.assert_array_equal(arrays["map"][:, 4, 0, 0, 0], np.arange(9))


def test_the_next_rollout_goes_on_where_the_last_one_stopped(town, worker, make_town):
    collector, buffer, runtime = make(town, worker, 5)
    pieces = []
    for _ in range(8):
        collector.collect()
        pieces.append({name: a.copy() for name, a in buffer.arrays().items()})
    whole_collector, whole, whole_runtime = make(make_town([7, 8]), worker, 40)
    whole_collector.collect()
    for name, array in whole.arrays().items():
        if name != "bootstrap":
            np.testing.assert_array_equal(np.concatenate([p[name] for p in pieces]), array, err_msg=name)
    assert (runtime.state_arrays()["asked"] == 40).all()
    assert (whole_runtime.state_arrays()["asked"] == 40).all()


def test_the_last_tick_bootstraps_from_what_really_came_next(town, worker):
    collector, buffer, runtime = make(town, worker, 5)
    collector.collect()
    arrays = buffer.arrays()
    np.testing.assert_array_equal(arrays["bootstrap"][:4], 0)
    np.testing.assert_array_equal(arrays["bootstrap"][4], 105)  # age 5 came next; nobody has died
    assert (runtime.state_arrays()["asked"] == 5).all(), "asking for a value is not a decision"


def test_a_death_on_the_last_tick_has_nothing_to_bootstrap_from(town, worker):
    collector, buffer, _ = make(town, worker, 10)  # slot 0 dies with the tenth tick
    stats = collector.collect()
    arrays = buffer.arrays()
    assert arrays["terminated"][9].tolist() == [True, False, False] * 2
    np.testing.assert_array_equal(arrays["bootstrap"][9], [0, 110, 110] * 2)
    assert stats.terminated == 2


def test_an_empty_row_carries_no_experience(town, worker):
    collector, buffer, _ = make(town, worker, 11)  # the eleventh tick of slot 0 is empty
    stats = collector.collect()
    arrays = buffer.arrays()
    assert not arrays["active"][10, 0]
    assert arrays["bootstrap"][10, 0] == 0
    assert stats.agent_steps == 11 * 6 - 2
    assert stats.reward == pytest.approx(arrays["rewards"].sum() / stats.agent_steps)
    assert stats.reward_parts["wage"] + stats.reward_parts["rent"] == pytest.approx(stats.reward)


def test_rows_that_the_learner_does_not_play_teach_nothing(town, worker):
    collector, buffer, _ = make(town, worker, 11)
    collector.rows = np.array([True, False, True] * 2)
    stats = collector.collect()
    batch = buffer.batch(played=collector.rows)
    assert not batch.active[:, [1, 4]].any()
    assert stats.agent_steps == batch.active.sum() < buffer.arrays()["active"].sum()
    assert buffer.arrays()["active"][:, 1].any(), "the recording itself is as it was"


def test_a_policy_without_values_cannot_feed_a_learner(town):
    runtime = PolicyRuntime(StubPolicy(), town.spec)
    buffer = RolloutBuffer(town.spec, 4, town.rows)
    Collector(town, runtime, buffer).collect()
    assert np.isnan(buffer.arrays()["values"]).all()
    with pytest.raises(ContractError, match="no values"):
        buffer.batch()


def test_a_batch_shows_the_buffer_itself(town, worker):
    collector, buffer, _ = make(town, worker, 6)
    collector.collect()
    batch = buffer.batch()
    assert (batch.ticks, batch.rows) == (6, 6)
    assert np.shares_memory(batch.map, buffer.arrays()["map"])
    np.testing.assert_array_equal(batch.log_probs, -0.5)


def test_a_full_buffer_takes_no_more(town, worker):
    _, buffer, runtime = make(town, worker, 2)
    loop = SimulationLoop(town, runtime, recorder=buffer)
    loop.run(2)
    with pytest.raises(ContractError, match="full"):
        loop.run(1)


@pytest.mark.parametrize(("ticks", "rows"), [(0, 3), (3, 0), (-1, 2)])
def test_a_buffer_has_a_size(town, ticks, rows):
    with pytest.raises(ContractError, match="at least one"):
        RolloutBuffer(town.spec, ticks, rows)
