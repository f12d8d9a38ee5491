"""What crosses between core and a mind that takes seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from townlet.api import Answer, Condition, ObservationBatch, Plan, PlanStep, Question, SlowMind, Thought, Usage
from townlet.errors import ContractError


@pytest.fixture
def question(batch: ObservationBatch) -> Question:
    one = batch.take(slice(2, 3))
    return Question(agent="carol", tick=7, observation=one, words="You wait.", menu=("0 wait",), choices=(0,))


class Oracle:
    """Waits, and says so."""

    def __init__(self) -> None:
        self.under_way: list[str] = []

    def ponder(self, questions, *, most_steps):
        self.under_way += [f"{q.agent}-{q.tick}" for q in questions]
        return self.under_way[-len(questions) :]

    def collect(self, *, timeout):
        told = [Answer(ticket=t, plan=Plan(steps=(PlanStep(action=0, ticks=3),))) for t in self.under_way]
        self.under_way = []
        return told

    def forget(self, tickets):
        self.under_way = [t for t in self.under_way if t not in tickets]

    def fingerprint(self):
        return "oracle-1"

    def close(self):
        pass


def test_a_mind_answers_each_ticket_once(question: Question) -> None:
    mind = Oracle()
    assert isinstance(mind, SlowMind)
    (ticket,) = mind.ponder([question], most_steps=2)
    assert [answer.ticket for answer in mind.collect(timeout=1.0)] == [ticket]
    assert mind.collect(timeout=0.0) == []


def test_a_question_is_about_one_row_that_has_a_choice(question: Question, batch: ObservationBatch) -> None:
    with pytest.raises(ContractError, match="one row"):
        replace(question, observation=batch)
    with pytest.raises(ContractError, match="at least one action"):
        replace(question, choices=())
    with pytest.raises(ContractError, match="a line for each"):
        replace(question, menu=())


def test_questions_are_equal_in_all_that_an_answer_may_depend_on(question: Question) -> None:
    assert replace(question, agent="dave", tick=9).digest() == question.digest()
    other = question.observation.copy()
    other.features[0, 0] += 1
    changes = ({"words": "You go."}, {"last": "so"}, {"fresh": True}, {"seed": 3}, {"observation": other})
    assert len({question.digest(), *(replace(question, **change).digest() for change in changes)}) == 6


def test_a_thought_is_one_thing() -> None:
    plan = Plan(steps=(PlanStep(action=1),))
    assert Thought(row=0, asked=3, dropped="spoken to").plan is None
    for wrong in ({}, {"plan": plan, "failure": "both"}, {"failure": "a", "dropped": "b"}):
        with pytest.raises(ContractError, match="a thought is"):
            Thought(row=0, asked=0, **wrong)


@pytest.mark.parametrize(
    "wrong", [{"calls": -1}, {"cost": float("nan")}, {"cost": float("inf")}, {"tokens_in": -5}, {"tokens_out": 10**30}]
)
def test_what_an_answer_took_is_bounded(wrong) -> None:
    with pytest.raises(ContractError, match="what an answer took must be from 0 to"):
        Usage(**wrong)


def test_an_answer_holds_a_plan_or_says_why_there_is_none() -> None:
    plan = Plan(steps=(PlanStep(action=1),), until=(Condition(kind="feature_below", feature="hunger", limit=0.3),))
    assert Answer(ticket="a", plan=plan).failure == ""
    assert Answer(ticket="a", failure="the service refused").plan is None
    for wrong in ({}, {"plan": plan, "failure": "both"}):
        with pytest.raises(ContractError, match="either a plan or the failure"):
            Answer(ticket="a", **wrong)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Plan(steps=()),
        lambda: PlanStep(action=-1),
        lambda: PlanStep(action=0, ticks=0),
        lambda: Condition(kind="feature_below"),
        lambda: Condition(kind="spoken_to", feature="hunger"),
    ],
)
def test_plans_that_say_nothing_are_refused(make) -> None:
    with pytest.raises(ContractError):
        make()
