"""The runtime asks the minds of a town, keeps their memory, and checks that they follow the contract."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from townlet.api import ArrayState, Decision
from townlet.errors import BackendContractError, ContractError
from townlet.minds.parts import Part
from townlet.minds.runtime import PolicyRuntime
from townlet.plugins.provenance import Provenance

TOLD = Provenance(requested="c", active="c")


def test_it_wants_to_be_started(spec, certain, crowd):
    runtime = PolicyRuntime(certain(0), spec)
    assert not runtime.started
    with pytest.raises(ContractError, match="was not started"):
        runtime.decide(crowd(2))


@pytest.mark.parametrize(("action", "what"), [(3, "action number 3"), (-1, "action number -1")])
def test_an_action_out_of_range_is_refused(spec, certain, crowd, action, what):
    runtime = PolicyRuntime(certain(action), spec, TOLD)
    runtime.start(2, [0])
    with pytest.raises(BackendContractError, match=f"'c' chose {what} for agent 0"):
        runtime.decide(crowd(2))


def test_a_masked_action_is_refused_and_nothing_is_remembered_of_it(spec, certain, crowd):
    runtime = PolicyRuntime(certain(2), spec, TOLD)
    runtime.agent_names = ("alice", "bob")
    runtime.start(2, [0, 1])
    observations = crowd(4)
    observations.action_mask[1:, 2] = False
    with pytest.raises(BackendContractError) as caught:
        runtime.decide(observations)
    *said, place = str(caught.value).splitlines()
    assert said == [
        "policy backend 'c' chose 'use' for bob (town 0), which is not possible now",
        "  possible by the action mask: wait, north",
        "  the same in 2 further rows of this tick",
    ]
    line = inspect.getsourcelines(certain.decide)[1]
    assert place == f"  at: tests/minds/conftest.py:{line}, in decide", "where the answer is written"
    assert (runtime.state_arrays()["asked"] == 0).all()


def test_a_wrong_number_of_actions_is_refused(spec, certain, crowd):
    class Short(certain):
        def decide(self, observations, state, *, explore=False):
            return super().decide(observations.take(slice(0, 3)), self.initial_state(3, 0))

    runtime = PolicyRuntime(Short(0), spec)
    runtime.start(4, [0])
    with pytest.raises(BackendContractError, match=r"3 actions for 4 rows\n  at: tests/minds/test_runtime"):
        runtime.decide(crowd(4))


def test_values_that_are_no_numbers_are_refused_with_the_line_that_gave_them(spec, softmax, crowd):
    class Lost(softmax):
        def values(self, observations, state):
            return np.full(observations.rows, np.nan, np.float32)

    runtime = PolicyRuntime(Lost((0.0, 0.0, 0.0)), spec)
    runtime.start(4, [0])
    with pytest.raises(BackendContractError, match="values that are not finite") as caught:
        runtime.values(crowd(4))
    assert ", in values" in str(caught.value)


def test_a_value_can_be_asked_without_acting(spec, softmax, crowd):
    runtime = PolicyRuntime(softmax((0.0, 0.0, 0.0)), spec)
    runtime.start(3, [0])
    assert (runtime.values(crowd(3)) == 7).all()
    assert (runtime.state_arrays()["counters"] == 0).all()


def test_a_restored_runtime_goes_on_as_if_nothing_had_happened(spec, softmax, crowd):
    def fresh():
        return PolicyRuntime(softmax((0.0, 0.0, 0.0)), spec)

    one = fresh()
    one.start(5, [3, 4])
    for _ in range(6):
        one.decide(crowd(10), explore=True)
    two = fresh()
    two.restore(5, [3, 4], {name: array.copy() for name, array in one.state_arrays().items()})
    for _ in range(6):
        np.testing.assert_array_equal(
            one.decide(crowd(10), explore=True).actions, two.decide(crowd(10), explore=True).actions
        )
    with pytest.raises(ContractError, match="not 10 rows"):
        two.restore(5, [3, 4], {"keys": np.zeros(3, np.uint64), "counters": np.zeros(3, np.uint64)})


# -- several minds


def cast_of(spec, *policies, seats):
    parts = [Part(policy, Provenance(requested=f"m{n}", active=f"m{n}")) for n, policy in enumerate(policies)]
    minds = tuple(Provenance(requested=f"m{n}", active=f"m{n}", who=str(n)) for n in range(len(parts)))
    told = Provenance(requested="all", active="cast", minds=minds)
    return PolicyRuntime.of_parts(parts, spec, told, lambda seed: np.array(seats[seed]))


SEATS = {0: [0, 1, 1, 0], 1: [1, 1, 1, 0]}


def test_each_mind_decides_for_its_rows(spec, certain, crowd):
    runtime = cast_of(spec, certain(1), certain(2), seats=SEATS)
    runtime.start(4, [0, 1])
    assert runtime.decide(crowd(8)).actions.tolist() == [1, 2, 2, 1, 2, 2, 2, 1]
    assert runtime.rows_of(0).tolist() == [True, False, False, True, False, False, False, True]
    assert runtime.active == "cast"


def test_each_mind_is_asked_once_a_tick(spec, certain, crowd):
    runtime = cast_of(spec, certain(1), certain(2), certain(0), seats=SEATS)
    runtime.start(4, [0, 1])
    runtime.decide(crowd(8))
    runtime.decide(crowd(8))
    memory = runtime.state_arrays()
    assert {name: array.tolist() for name, array in memory.items()} == {
        "0.asked": [2] * 3,
        "1.asked": [2] * 5,
        "2.asked": [],
    }
    assert runtime.state_of(0)["asked"].tolist() == [2, 0, 0, 2, 0, 0, 0, 2]


def test_what_a_slot_draws_does_not_depend_on_who_plays_its_neighbours(spec, softmax, crowd):
    alone = PolicyRuntime(softmax((0.0, 0.0, 0.0)), spec)
    alone.start(4, [5])
    among = cast_of(spec, softmax((0.0, 0.0, 0.0)), softmax((9.0, 0.0, 0.0)), seats={5: [0, 1, 0, 1]})
    among.start(4, [5])
    for _ in range(20):
        mine = alone.decide(crowd(4), explore=True).actions[[0, 2]]
        np.testing.assert_array_equal(among.decide(crowd(4), explore=True).actions[[0, 2]], mine)


def test_what_a_mind_does_not_tell_is_unknown_in_its_rows_only(spec, certain, softmax, crowd):
    runtime = cast_of(spec, certain(1), softmax((0.0, 0.0, 0.0)), seats={0: [0, 1, 0]})
    runtime.start(3, [0])
    decision = runtime.decide(crowd(3), explore=True)
    assert np.isnan(decision.values).tolist() == [True, False, True]
    assert np.isnan(decision.logits).all(1).tolist() == [True, False, True]
    assert decision.values[1] == runtime.values(crowd(3))[1] == 7
    silent = cast_of(spec, certain(1), certain(2), seats={0: [0, 1, 0]})
    silent.start(3, [0])
    assert silent.decide(crowd(3)).values is None
    assert silent.values(crowd(3)) is None


def test_the_mind_at_fault_and_the_agent_are_named(spec, certain, crowd):
    runtime = cast_of(spec, certain(1), certain(2), seats=SEATS)
    runtime.agent_names = ("alice", "bob", "carol", "dave")
    runtime.start(4, [0, 1])
    observations = crowd(8)
    observations.action_mask[6, 2] = False
    with pytest.raises(BackendContractError, match=r"'m1' chose 'use' for carol \(town 1\)"):
        runtime.decide(observations)
    assert all((array == 0).all() for array in runtime.state_arrays().values()), "nobody remembers the tick"


def test_a_cast_goes_on_from_its_memory(spec, softmax, crowd):
    def fresh():
        return cast_of(spec, softmax((0.0, 0.0, 0.0)), softmax((1.0, 0.0, 0.0)), seats=SEATS)

    one, two = fresh(), fresh()
    one.start(4, [1, 0])
    for _ in range(6):
        one.decide(crowd(8), explore=True)
    two.restore(4, [1, 0], {name: array.copy() for name, array in one.state_arrays().items()})
    for _ in range(6):
        mine = one.decide(crowd(8), explore=True).actions
        np.testing.assert_array_equal(two.decide(crowd(8), explore=True).actions, mine)
    with pytest.raises(ContractError, match="not 3 rows"):
        fresh().restore(4, [0, 1], {"0.keys": np.zeros(2, np.uint64), "0.counters": np.zeros(2, np.uint64)})


def test_who_played_tells_the_fingerprint_of_the_whole(spec, certain):
    one = cast_of(spec, certain(1), certain(2), seats=SEATS).provenance()
    other = cast_of(spec, certain(2), certain(1), seats=SEATS).provenance()
    assert [mind.fingerprint for mind in one.minds] == ["certain-1", "certain-2"]
    assert one.fingerprint != other.fingerprint
    assert Provenance.from_json(one.to_json()) == one


class Telling:
    """Waits, and says something that is not a number in one place."""

    def __init__(self, name: str, number: float, row: int = 1, column: int = 2) -> None:
        self.name, self.number, self.row, self.column = name, number, row, column

    def initial_state(self, rows, seed):
        return ArrayState()

    def decide(self, observations, state, *, explore=False):
        rows, actions = observations.action_mask.shape
        told = {
            "logits": np.zeros((rows, actions), np.float32),
            "values": np.zeros(rows, np.float32),
            "log_probs": np.zeros(rows, np.float32),
        }
        where = (self.row, self.column) if self.name == "logits" else self.row
        told[self.name][where] = self.number
        return Decision(np.zeros(rows, np.int64), state, **told)

    def fingerprint(self):
        return "telling"

    def close(self):
        pass


def telling(spec, *wrong):
    runtime = PolicyRuntime(
        Telling(*wrong), spec, Provenance(requested="odd", active="odd", distribution="odd-dist", version="0.3")
    )
    runtime.start(4, [0])
    runtime.agent_names = ("alice", "bob", "carol", "dave")
    return runtime


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["logits", "log_probs", "values"])
def test_numbers_that_are_not_finite_are_a_fault_of_the_backend_and_named(spec, crowd, name, number):
    with pytest.raises(BackendContractError) as caught:
        telling(spec, name, number).decide(crowd(4))
    text = str(caught.value)
    assert f"policy backend 'odd' gave {name} that are not finite for bob" in text
    assert "odd-dist 0.3" in text


@pytest.mark.parametrize("name", ["logits", "log_probs", "values"])
def test_numbers_that_are_large_are_numbers_and_nobody_is_warned(spec, crowd, name):
    telling(spec, name, 3e38).decide(crowd(4))


def test_an_impossible_action_may_have_a_score_of_minus_infinity(spec, crowd):
    telling(spec, "logits", -np.inf).decide(crowd(4))


def test_what_is_said_of_rows_that_nobody_lives_in_does_not_matter(spec, crowd):
    seen = crowd(4)
    seen.active[1] = False
    telling(spec, "values", np.nan).decide(seen)


class Valuing(Telling):
    """Can value without acting."""

    def values(self, observations, state):
        return np.full(observations.rows, 7.0, np.float32)


def test_a_policy_that_can_value_is_not_asked_to_act(spec, crowd):
    runtime = PolicyRuntime(Valuing("values", 0.0), spec)
    runtime.start(4, [0])
    assert runtime.values(crowd(4)).tolist() == [7.0] * 4


@pytest.mark.parametrize("wrong", [np.zeros(3, np.float32), np.zeros(4), np.full(4, np.nan, np.float32)])
def test_values_of_another_kind_are_refused(spec, crowd, wrong, monkeypatch):
    runtime = PolicyRuntime(Valuing("values", 0.0), spec, Provenance(requested="odd", active="odd"))
    runtime.start(4, [0])
    monkeypatch.setattr(Valuing, "values", lambda self, observations, state: wrong)
    with pytest.raises(BackendContractError, match="value"):
        runtime.values(crowd(4))
