"""A rollout lies where its learner wants it, in parts for groups of towns."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.api import RolloutArrays
from townlet.errors import ContractError
from townlet.minds.runtime import PolicyRuntime
from townlet.rollout import ArrayMemory, Collector, RolloutBuffer


def test_two_groups_write_side_by_side_what_each_writes_alone(make_town, worker) -> None:
    town = make_town([7])
    memory = ArrayMemory(RolloutArrays.empty(town.spec, 6, 2 * town.rows))
    for number, seed in enumerate((7, 8)):
        alone, beside = make_town([seed]), make_town([seed])
        part = slice(number * town.rows, (number + 1) * town.rows)
        own = RolloutBuffer(town.spec, 6, town.rows)
        shared = RolloutBuffer(town.spec, 6, town.rows, memory=memory, part=part)
        Collector(alone, PolicyRuntime(worker, town.spec), own).collect()
        Collector(beside, PolicyRuntime(worker, town.spec), shared).collect()
        for name, array in own.arrays().items():
            np.testing.assert_array_equal(shared.arrays()[name], array, err_msg=name)
            if name != "reward_parts":
                assert np.shares_memory(shared.arrays()[name], getattr(memory.arrays, name)), name
                np.testing.assert_array_equal(getattr(memory.arrays, name)[:6, part], array, err_msg=name)


def test_a_batch_names_the_memory_it_lies_in_and_the_state_before_its_first_tick(make_town, worker) -> None:
    town = make_town([7])
    memory = ArrayMemory(RolloutArrays.empty(town.spec, 4, town.rows))
    buffer = RolloutBuffer(town.spec, 4, town.rows, memory=memory)
    collector = Collector(town, PolicyRuntime(worker, town.spec), buffer)
    for piece in range(2):
        collector.collect()
        assert buffer.arrays()["values"].shape == (4, town.rows)
        buffer.arrays()["log_probs"][:] = 0.0  # the worker does not tell them
        batch = buffer.batch()
        assert batch.memory is memory
        assert batch.state is not None
        assert (batch.state["asked"] == 4 * piece).all()


def test_a_memory_of_another_size_is_refused(make_town) -> None:
    town = make_town([7])
    memory = ArrayMemory(RolloutArrays.empty(town.spec, 3, town.rows))
    with pytest.raises(ContractError, match="cannot hold"):
        RolloutBuffer(town.spec, 4, town.rows, memory=memory)


def test_rows_that_somebody_else_plays_teach_nothing(make_town, worker) -> None:
    town = make_town([7, 8])
    buffer = RolloutBuffer(town.spec, 5, town.rows)
    Collector(town, PolicyRuntime(worker, town.spec), buffer).collect()
    played = np.arange(town.rows) % 2 == 0
    buffer.arrays()["log_probs"][:, played] = 0.0
    batch = buffer.batch(played=played)
    assert not batch.active[:, ~played].any()
    np.testing.assert_array_equal(batch.active[:, played], buffer.arrays()["active"][:, played])
    assert np.isfinite(batch.log_probs).all()
