"""Values of the contract check themselves at birth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from townlet.api import (
    ArrayState,
    Decision,
    DemonstrationBatch,
    DemonstrationSequences,
    ObservationBatch,
    ObservationSpec,
    RolloutBatch,
    stack_states,
)
from townlet.errors import ContractError


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("features", np.zeros((4, 2)), "dtype float32, found float64"),
        ("map", np.zeros((4, 2, 3), np.uint8), "shape"),
        ("map", np.zeros((3, 2, 3, 5), np.uint8), "shape"),
        ("action_mask", np.zeros((4, 3), np.uint8), "dtype bool"),
        ("active", np.zeros(3, np.bool_), "shape"),
        ("episode_start", [True] * 4, "numpy array, found list"),
    ],
)
def test_an_observation_batch_refuses(batch: ObservationBatch, field: str, value: object, message: str) -> None:
    with pytest.raises(ContractError, match=message) as caught:
        replace(batch, **{field: value})  # type: ignore[arg-type]
    assert f"ObservationBatch.{field}" in str(caught.value)


def test_taking_a_slice_is_a_view_and_taking_an_index_a_copy(batch: ObservationBatch) -> None:
    assert np.shares_memory(batch.take(slice(1, 3)).features, batch.features)
    some = batch.take(np.array([2, 0]))
    assert some.features[:, 0].tolist() == [4.0, 0.0]
    assert not np.shares_memory(some.features, batch.features)
    assert not np.shares_memory(batch.copy().map, batch.map)


def test_an_empty_batch_allows_only_the_first_action(spec: ObservationSpec) -> None:
    batch = ObservationBatch.empty(spec, 3)
    assert batch.action_mask.tolist() == [[True, False, False]] * 3
    assert not batch.active.any()


class TestDecision:
    def test_holds_what_it_was_given(self) -> None:
        state = ArrayState({"memory": np.zeros((2, 7))})
        decision = Decision(np.array([0, 1]), state, values=np.zeros(2, np.float32))
        assert decision.state is state

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"actions": np.zeros(2, np.int32)}, "dtype int64"),
            ({"actions": np.zeros((2, 1), np.int64)}, "shape"),
            ({"log_probs": np.zeros(3, np.float32)}, "log_probs"),
            ({"values": np.zeros(2)}, "float32"),
            ({"logits": np.zeros((3, 5), np.float32)}, "logits"),
            ({"state": ArrayState({"memory": np.zeros(3)})}, r"state\['memory'\]"),
        ],
    )
    def test_refuses(self, arguments: dict[str, object], message: str) -> None:
        given = {"actions": np.zeros(2, np.int64), "state": ArrayState(), **arguments}
        with pytest.raises(ContractError, match=message):
            Decision(**given)  # type: ignore[arg-type]


class TestArrayState:
    def test_every_array_has_one_entry_per_row(self) -> None:
        with pytest.raises(ContractError, match="one entry per row"):
            ArrayState({"a": np.zeros(2), "b": np.zeros(3)})
        with pytest.raises(ContractError, match="one entry per row"):
            ArrayState({"a": np.array(1.0)})

    def test_reads_back_only_its_own_names_and_dtypes(self) -> None:
        state = ArrayState({"a": np.zeros(2, np.uint64)})
        assert state.with_arrays({"a": np.ones(5, np.uint64)}).arrays()["a"].sum() == 5
        for wrong in ({"b": np.zeros(2, np.uint64)}, {"a": np.zeros(2)}, {}):
            with pytest.raises(ContractError, match="state holds"):
                state.with_arrays(wrong)

    def test_states_of_worlds_stack_row_after_row(self) -> None:
        states = [ArrayState({"a": np.full(2, i)}) for i in range(3)]
        assert stack_states(states).arrays()["a"].tolist() == [0, 0, 1, 1, 2, 2]
        with pytest.raises(ContractError, match="at least one"):
            stack_states([])


def rollout(ticks: int = 3, rows: int = 2) -> dict[str, np.ndarray]:
    floats = {k: np.zeros((ticks, rows), np.float32) for k in ("log_probs", "values", "rewards", "bootstrap")}
    flags = {k: np.zeros((ticks, rows), np.bool_) for k in ("active", "episode_start", "terminated", "truncated")}
    return {
        "map": np.zeros((ticks, rows, 1, 2, 2), np.uint8),
        "features": np.zeros((ticks, rows, 4), np.float32),
        "action_mask": np.ones((ticks, rows, 3), np.bool_),
        "actions": np.zeros((ticks, rows), np.int64),
        **floats,
        **flags,
    }


def test_a_rollout_knows_its_axes() -> None:
    batch = RolloutBatch(**rollout())
    assert (batch.ticks, batch.rows) == (3, 2)


@pytest.mark.parametrize("field", list(rollout()))
def test_a_rollout_refuses_a_field_of_another_length(field: str) -> None:
    arrays = rollout()
    arrays[field] = arrays[field][:2]
    with pytest.raises(ContractError, match=r"RolloutBatch\."):
        RolloutBatch(**arrays)


def test_demonstrations_pair_each_row_with_one_action(batch: ObservationBatch) -> None:
    assert DemonstrationBatch(batch, np.zeros(4, np.int64)).actions.shape == (4,)
    with pytest.raises(ContractError, match=r"DemonstrationBatch\.actions"):
        DemonstrationBatch(batch, np.zeros(3, np.int64))


class TestWhoIsAsked:
    def test_left_out_it_is_whoever_is_active_and_stays_so(self, batch: ObservationBatch) -> None:
        assert batch.asked is batch.active
        assert batch.everybody_asked
        for other in (batch.copy(), batch.take(slice(1, 3)), ObservationBatch.concatenate([batch, batch])):
            assert other.everybody_asked

    def test_where_decisions_span_ticks_it_is_an_array_of_its_own(self, batch: ObservationBatch) -> None:
        asked = batch.active.copy()
        asked[0] = False
        some = replace(batch, asked=asked)
        assert not some.everybody_asked
        assert some.take(slice(0, 2)).asked.tolist() == asked[:2].tolist()
        assert ObservationBatch.concatenate([some, batch]).asked.tolist() == [*asked, *batch.active]
        kept = some.copy()
        asked[:] = False
        assert kept.asked.tolist() == [False, *batch.active[1:].tolist()]

    def test_an_array_of_another_length_is_refused(self, batch: ObservationBatch) -> None:
        with pytest.raises(ContractError, match=r"ObservationBatch\.asked"):
            replace(batch, asked=np.zeros(2, np.bool_))


def test_a_rollout_that_says_nothing_of_spans_has_one_decision_a_tick() -> None:
    batch = RolloutBatch(**rollout())
    assert batch.every_tick
    assert batch.asked is batch.active
    assert batch.duration.tolist() == [[1, 1]] * 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"asked": np.zeros((2, 2), np.bool_)},
        {"duration": np.ones((3, 2), np.int64)},
        {"state": {"memory": np.zeros(3)}},
    ],
)
def test_a_rollout_refuses_spans_or_a_state_of_another_shape(wrong: dict[str, object]) -> None:
    with pytest.raises(ContractError, match=r"RolloutBatch\."):
        RolloutBatch(**rollout(), **wrong)


def test_sequences_of_demonstrations_check_themselves() -> None:
    arrays = rollout()
    given = {name: arrays[name] for name in ("map", "features", "action_mask", "actions")}
    flags = {"starts": np.zeros((3, 2), np.bool_), "counts": np.ones((3, 2), np.bool_)}
    assert DemonstrationSequences(**given, **flags).actions.shape == (3, 2)
    with pytest.raises(ContractError, match=r"DemonstrationSequences\.counts"):
        DemonstrationSequences(**given, **{**flags, "counts": np.ones((2, 2), np.bool_)})
