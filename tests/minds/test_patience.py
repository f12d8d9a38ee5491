"""Minds that take seconds, played as policies: plans, conditions, cadence, deadlines, budgets, questions under way."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from townlet.api import Answer, Condition, Plan, PlanStep, Usage
from townlet.errors import BackendContractError, ContractError

sys.path.insert(0, str(Path(__file__).parent))
from clerks import CHAT, NORTH, TOY, USE, WAIT, Clerk, Fields, plan


def test_a_plan_is_followed_step_by_step_and_then_the_mind_is_asked_again() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 2), (USE, 1)))
    town = Fields(clerk)
    assert town.ticks(7) == [[NORTH], [NORTH], [USE], [NORTH], [NORTH], [USE], [NORTH]]
    assert [question.tick for question in clerk.asked] == [0, 3, 6]
    assert (town.ledger.plans, town.ledger.plan_ticks, town.ledger.fallback_ticks) == (3, 7, 0)


def test_between_a_plan_and_the_next_question_the_fallback_acts() -> None:
    town = Fields(Clerk(lambda question: plan((NORTH, 2))), cadence=5)
    assert town.ticks(6) == [[NORTH], [NORTH], [WAIT], [WAIT], [WAIT], [NORTH]]


def test_a_question_holds_what_the_agent_sees_in_words_and_what_it_may_do() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 1), reasons="it is cold"))
    town = Fields(clerk, rows=2)
    town.patience.agent_names = ("alice", "bob")
    town.seen.action_mask[1, USE] = False
    town.ticks(2)
    first, other, later = clerk.asked[0], clerk.asked[1], clerk.asked[2]
    assert (first.agent, other.agent) == ("alice", "bob")
    assert first.fresh
    assert first.last == ""
    assert not later.fresh
    assert later.last == "it is cold"
    assert other.choices == (WAIT, NORTH, CHAT)
    assert [line.split()[0] for line in other.menu] == ["0", "1", "3"]
    assert "hunger" in Fields(Clerk(lambda q: plan((0, 1))), words="long").patience.words.long(first.observation)


def test_the_next_step_that_is_not_possible_ends_a_plan() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 1), (USE, 5)) if question.tick == 0 else plan((CHAT, 1)))
    town = Fields(clerk)
    town.tick()
    town.seen.action_mask[0, USE] = False
    decision = town.tick()
    assert decision.actions.tolist() == [CHAT]
    assert [(thought.dropped, thought.plan is None) for thought in decision.thoughts] == [
        ("use is not possible", True),
        ("", False),
    ]
    assert town.ledger.dropped == 1


@pytest.mark.parametrize(("kind", "limit", "passes"), [("feature_below", 0.3, 0.2), ("feature_above", 0.9, 0.95)])
def test_a_feature_that_passes_its_limit_ends_a_plan(kind: str, limit: float, passes: float) -> None:
    until = (Condition(kind=kind, feature="hunger", limit=limit),)
    town = Fields(Clerk(lambda q: plan((NORTH, 9), until=until) if q.tick == 0 else plan((USE, 1))))
    assert town.ticks(3) == [[NORTH]] * 3
    town.seen.features[0, 0] = passes
    decision = town.tick()
    assert decision.actions.tolist() == [USE]
    assert decision.thoughts[0].dropped.startswith("hunger is")


def test_what_holds_already_when_a_plan_is_made_ends_it_only_when_it_comes_again() -> None:
    until = (Condition(kind="feature_below", feature="hunger", limit=0.3),)
    town = Fields(Clerk(lambda q: plan((NORTH, 9), until=until) if q.tick == 0 else plan((USE, 1))))
    town.seen.features[0, 0] = 0.1
    assert town.ticks(3) == [[NORTH]] * 3
    town.seen.features[0, 0] = 0.5
    assert town.ticks(1) == [[NORTH]]
    town.seen.features[0, 0] = 0.1
    assert town.ticks(1) == [[USE]]


def test_being_spoken_to_ends_a_plan_and_speaking_does_not() -> None:
    until = (Condition(kind="spoken_to"),)
    town = Fields(Clerk(lambda q: plan((NORTH, 9), until=until) if q.tick == 0 else plan((USE, 1))))
    town.tick()
    town.seen.features[0] = (0.8, 1.0, 0.4)  # began the chat itself
    assert town.ticks(1) == [[NORTH]]
    town.seen.features[0] = (0.8, 0.0, 0.5)
    decision = town.tick()
    assert decision.actions.tolist() == [USE]
    assert decision.thoughts[0].dropped == "somebody talked to it"


def test_a_new_life_asks_at_once_and_knows_nothing_of_the_last() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 50)))
    town = Fields(clerk, cadence=100)
    town.ticks(3)
    town.seen.episode_start[0] = True
    town.tick()
    assert [(q.tick, q.fresh, q.last) for q in clerk.asked] == [(0, True, ""), (3, True, "")]


def test_who_is_not_asked_keeps_plan_and_memory() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 2), (USE, 1)))
    town = Fields(clerk)
    town.tick()
    seen = town.seen
    town.seen = replace(seen, asked=np.zeros(1, np.bool_), action_mask=np.array([[True, False, False, False]]))
    assert town.ticks(2) == [[WAIT], [WAIT]]
    town.seen = seen
    assert town.ticks(2) == [[NORTH], [USE]]
    assert len(clerk.asked) == 1


# -- wrong answers


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("the service refused", "the service refused"),
        (plan((9, 1)), "there is no action 9"),
        (plan((USE, 1)), "'use' is not possible"),
        (plan(*[(WAIT, 1)] * 9), "9 steps"),
        (plan((WAIT, 1), until=(Condition(kind="feature_below", feature="thirst"),)), "thirst"),
        (plan((WAIT, 1), until=(Condition(kind="feature_below", feature="hunger", limit=float("nan")),)), "finite"),
        (plan((WAIT, 1), until=(Condition(kind="spoken_to"),) * 9), "9 conditions"),
        (Plan(steps=("north",)), "is not a step"),
        (Plan(steps=(PlanStep(action=True),)), "is not a step"),
        (Plan(steps=(PlanStep(action=0),), reasons=b"raw"), "reasons are not text"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_counted_and_the_fallback_acts(answer, why: str) -> None:
    town = Fields(Clerk(lambda question: answer))
    town.seen.action_mask[0, USE] = False
    decision = town.tick()
    assert decision.actions.tolist() == [WAIT]
    assert why in decision.thoughts[0].failure
    assert (town.ledger.failures + town.ledger.invalid, town.ledger.plans, town.ledger.tokens) == (1, 0, 110)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"ponder": lambda self, q, **_: []}, "0 tickets for 1 questions"),
        ({"ponder": lambda self, q, **_: None}, "a NoneType for 1"),
        ({"ponder": lambda self, q, **_: [3]}, "the ticket 3"),
        ({"collect": lambda self, *, timeout: None}, "which are not answers"),
        ({"collect": lambda self, *, timeout: ["north"]}, "which are not answers"),
    ],
)
def test_a_mind_that_breaks_the_contract_is_an_error_that_names_it(broken, why: str) -> None:
    mind = type("Broken", (Clerk,), broken)(lambda question: plan((NORTH, 1)))
    town = Fields(mind)
    with pytest.raises(BackendContractError, match=f"'clerk' broke the contract.*{why}"):
        town.tick()


def test_answers_to_tickets_that_nobody_holds_are_ignored() -> None:
    class Chatty(Clerk):
        def collect(self, *, timeout):
            return [Answer(ticket="nobody", failure="?"), *super().collect(timeout=timeout)]

    assert Fields(Chatty(lambda question: plan((NORTH, 1)))).ticks(2) == [[NORTH], [NORTH]]


def test_text_without_end_is_cut() -> None:
    town = Fields(Clerk(lambda question: plan((NORTH, 1), reasons="ä" * 10_000_000)))
    assert len(town.tick().thoughts[0].plan.reasons) == 2000
    town.tick()
    assert len(town.patience.mind.asked[1].last) == 300


_PLANS = st.builds(
    lambda steps, until, reasons: Plan(steps=tuple(steps), until=tuple(until), reasons=reasons),
    st.lists(st.builds(PlanStep, action=st.integers(0, 6), ticks=st.integers(1, 2**40)), min_size=1, max_size=8),
    st.lists(
        st.one_of(
            st.just(Condition(kind="spoken_to")),
            st.just(Condition(kind="impossible")),
            st.builds(
                Condition,
                kind=st.sampled_from(["feature_below", "feature_above"]),
                feature=st.sampled_from(["hunger", "thirst", "last_chat"]),
                limit=st.floats(),
            ),
        ),
        max_size=10,
    ),
    st.text(),
)


@given(st.lists(st.one_of(_PLANS, st.text(min_size=1)), min_size=1, max_size=12), st.data())
def test_whatever_is_answered_only_possible_actions_are_chosen(answers, data) -> None:
    town = Fields(Clerk(lambda question: answers[question.tick % len(answers)]), rows=3)
    for _ in range(12):
        mask = data.draw(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=3, max_size=3))
        town.seen.action_mask[:, 1:] = mask
        town.seen.features[:, 0] = data.draw(st.floats(0, 1, width=32))
        actions = town.tick().actions
        assert town.seen.action_mask[np.arange(3), actions].all()
    told = town.ledger
    assert told.questions == told.plans + told.failures + told.invalid + told.late
    assert told.plan_ticks + told.fallback_ticks == 36


# -- time


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.5
        return self.now


def test_in_lockstep_a_town_waits_until_the_deadline_and_no_longer() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 1)), looks=10**9)
    town = Fields(clerk, clock=Clock(), deadline_seconds=5, cadence=10)
    decision = town.tick()
    assert decision.actions.tolist() == [WAIT]
    assert decision.thoughts[0].failure == "no answer within 5 seconds"
    assert clerk.forgotten == ["t0"]
    assert town.ledger.late == 1


def test_in_real_time_the_fallback_acts_until_the_answer_is_there() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 2)), looks=3)
    town = Fields(clerk, mode="realtime", cadence=20)
    decisions = [town.tick() for _ in range(8)]
    assert [d.actions.tolist()[0] for d in decisions] == [WAIT] * 4 + [NORTH] * 2 + [WAIT] * 2
    (thought,) = decisions[4].thoughts
    assert (thought.asked, thought.plan.steps[0].action) == (0, NORTH)
    assert town.ledger.latency_ticks == 4


def test_in_real_time_the_next_question_is_put_while_the_plan_lasts() -> None:
    clerk = Clerk(lambda question: plan((NORTH if question.tick < 5 else USE, 100)), looks=1)
    town = Fields(clerk, mode="realtime", cadence=6)
    assert [a for (a,) in town.ticks(10)] == [WAIT] * 2 + [NORTH] * 6 + [USE] * 2
    assert [question.tick for question in clerk.asked] == [0, 6]


def test_in_real_time_an_answer_that_comes_too_late_is_not_wanted() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 2)), looks=10**9)
    town = Fields(clerk, mode="realtime", cadence=1000, deadline_ticks=5)
    decisions = [town.tick() for _ in range(8)]
    assert [t.failure for d in decisions for t in d.thoughts] == ["no answer within 5 ticks"]
    assert clerk.forgotten == ["t0"]
    assert town.ledger.late == 1


def test_a_plan_that_is_impossible_by_the_time_it_comes_is_dropped_and_not_followed() -> None:
    town = Fields(Clerk(lambda question: plan((USE, 2)), looks=1), mode="realtime", cadence=50)
    town.ticks(1)
    town.seen.action_mask[0, USE] = False
    decision = [town.tick() for _ in range(2)][-1]
    assert decision.actions.tolist() == [WAIT]
    assert [bool(thought.plan) for thought in decision.thoughts] == [True, False]


def test_who_dies_with_a_question_under_way_leaves_nothing_behind() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 2)), looks=3)
    town = Fields(clerk, mode="realtime", cadence=1000)
    town.tick()
    town.seen.active[0] = False
    town.ticks(5)
    assert clerk.forgotten == ["t0"]
    assert (town.ledger.void, town.ledger.plans) == (1, 0)


def test_a_tick_of_real_time_lasts_as_long_as_it_should() -> None:
    clock = Clock()
    town = Fields(Clerk(lambda question: plan((NORTH, 2))), mode="realtime", tick_seconds=20.0, clock=clock)
    before = clock.now
    town.ticks(4)
    assert 60.0 <= clock.now - before < 75.0


def test_questions_under_way_are_put_again_by_whoever_goes_on() -> None:
    first = Clerk(lambda question: plan((NORTH, 2)), looks=10**9)
    town = Fields(first, rows=2, mode="realtime", cadence=1000)
    town.seen.features[:, 0] = (0.25, 0.75)
    town.ticks(3)
    kept = {name: array.copy() for name, array in town.state.arrays().items()}
    town.seen.features[:, 0] = 0.5

    second = Clerk(lambda question: plan((NORTH if question.observation.features[0, 0] < 0.5 else USE, 2)))
    later = Fields(second, rows=2, mode="realtime", cadence=1000)
    later.seen = town.seen
    later.state = later.state.with_arrays(kept)
    decision = later.tick()
    assert [q.digest() for q in second.asked] == [q.digest() for q in first.asked]
    assert [q.tick for q in second.asked] == [0, 0]
    assert second.asked[0].fresh
    assert decision.actions.tolist() == [NORTH, USE]
    assert later.ledger.questions == 2  # each counted once, when it was put first


# -- budgets and sharing


@pytest.mark.parametrize(
    ("budget", "asked"), [({"budget_questions": 3}, 3), ({"budget_tokens": 200}, 2), ({"budget_cost": 1.6}, 4)]
)
def test_a_budget_stops_asking_and_not_the_town(budget, asked: int) -> None:
    clerk = Clerk(lambda question: plan((NORTH, 1)))
    town = Fields(clerk, **budget)
    actions = [action for (action,) in town.ticks(8)]
    assert actions == [NORTH] * asked + [WAIT] * (8 - asked)
    assert len(clerk.asked) == asked
    assert town.ledger.unasked == 8 - asked


def test_a_budget_is_of_one_town_so_a_town_plays_alone_as_it_does_among_others() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 1)))
    both = Fields(clerk, rows=2, seeds=(5, 6), budget_questions=3, cadence=1)
    both.seen.features[:, 0] = (0.1, 0.2, 0.3, 0.4)
    told = np.array(both.ticks(4))
    for world, seed in enumerate((5, 6)):
        alone = Fields(Clerk(lambda question: plan((NORTH, 1))), rows=2, seeds=(seed,), budget_questions=3)
        alone.seen.features[:, 0] = both.seen.features[2 * world : 2 * world + 2, 0]
        assert np.array_equal(alone.ticks(4), told[:, 2 * world : 2 * world + 2])


def test_equal_questions_of_a_town_are_put_once() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 1)))
    town = Fields(clerk, rows=3)
    town.seen.features[2, 0] = 0.1
    assert town.ticks(1) == [[NORTH] * 3]
    assert len(clerk.asked) == 2
    assert (town.ledger.questions, town.ledger.shared, town.ledger.calls, town.ledger.plans) == (3, 1, 2, 3)


def test_who_explores_draws_for_each_agent() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 1)))
    town = Fields(clerk, rows=3)
    town.tick(explore=True)
    assert len({question.seed for question in clerk.asked}) == 3
    assert 0 not in {q.seed for q in clerk.asked}


def test_a_decision_is_a_function_of_observations_and_state() -> None:
    clerk = Clerk(lambda question: plan((question.tick % 3, 2)))
    town = Fields(clerk, rows=2)
    town.ticks(3)
    before = {name: array.copy() for name, array in town.state.arrays().items()}
    one = town.patience.decide(town.seen, town.state)
    two = town.patience.decide(town.seen, town.state)
    assert all(np.array_equal(before[name], array) for name, array in town.state.arrays().items())
    for name, array in one.state.arrays().items():
        assert np.array_equal(array, two.state.arrays()[name]), name
    assert np.array_equal(one.actions, two.actions)


def test_the_state_of_another_mind_is_refused() -> None:
    town = Fields(Clerk(lambda question: plan((NORTH, 1))))
    with pytest.raises(ContractError, match="needs its own state"):
        town.patience.decide(town.seen, town.patience.fallback.initial_state(1, 0))
    with pytest.raises(ContractError, match="holds"):
        town.state.with_arrays({"tick": np.zeros(1, np.int64)})


def test_closing_closes_mind_and_fallback_and_the_fingerprint_covers_how_it_is_asked() -> None:
    clerk = Clerk(lambda question: plan((NORTH, 1)))
    town = Fields(clerk)
    assert town.patience.fingerprint() != Fields(clerk, cadence=9).patience.fingerprint()
    town.patience.close()
    assert clerk.closed == 1


def test_a_ledger_adds_up_and_says_itself_in_a_line() -> None:
    town = Fields(Clerk(lambda question: "no", usage=Usage(calls=2, tokens_in=7, repaired=True)), budget_questions=2)
    town.ticks(3)
    both = town.ledger + town.ledger
    assert (both.questions, both.calls, both.repaired) == (4, 8, 4)
    assert type(both).from_json(both.to_json()) == both
    assert (
        both.words()
        == "4 questions, 0 plans (4 failures); 8 calls, 28 tokens in, 0 out; 0% of decisions by a plan; budget spent"
    )


def test_the_toy_has_what_these_tests_read() -> None:
    assert TOY.feature_names == ("hunger", "last_chat", "friend1_familiarity")
