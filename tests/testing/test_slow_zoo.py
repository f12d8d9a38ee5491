"""Slow minds that are wrong in one way each, and the check that finds it."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Sequence

import pytest

from townlet.api import Answer, ObservationSpec, Plan, PlanStep, Question, SlowMind
from townlet.testing import run_checks
from townlet.testing.checks import ALL_CHECKS, slow
from townlet.testing.checks.slow import CHECKS
from townlet.testing.installed import played
from townlet.testing.subject import Subject

SPEC = ObservationSpec.of_names(
    "slow", channels=("wall",), map_size=(3, 3), features=("hunger", "energy"), actions=("wait", "north", "use")
)


class Good:
    """Answers on the second look, with the last possible action."""

    life = 0

    def __init__(self) -> None:
        self.under_way: dict[str, tuple[Question, int]] = {}
        self.count, self.looks = 0, 0

    def ponder(self, questions: Sequence[Question], *, most_steps: int) -> Sequence[str]:
        tickets = [f"q{self.count + i}" for i in range(len(questions))]
        self.count += len(questions)
        self.under_way |= {t: (q, most_steps) for t, q in zip(tickets, questions, strict=True)}
        return tickets

    def collect(self, *, timeout: float) -> Sequence[Answer]:
        self.looks += 1
        if self.looks % 2:
            return []
        asked, self.under_way = self.under_way, {}
        return [Answer(ticket=t, plan=self.plan(q, steps)) for t, (q, steps) in asked.items()]

    def plan(self, question: Question, most_steps: int) -> Plan:
        return Plan(steps=(PlanStep(action=question.choices[-1], ticks=2),), reasons="last of all")

    def forget(self, tickets: Sequence[str]) -> None:
        for ticket in tickets:
            self.under_way.pop(ticket, None)

    def fingerprint(self) -> str:
        return "good-1"

    def close(self) -> None:
        self.under_way = {}


class NoForget(Good):
    forget = None


class Synchronous(Good):
    def ponder(self, questions, *, most_steps):
        time.sleep(0.3)
        return super().ponder(questions, most_steps=most_steps)


class SameTickets(Good):
    def ponder(self, questions, *, most_steps):
        self.count = 0
        return super().ponder(questions, most_steps=most_steps)


class OneTicket(Good):
    def ponder(self, questions, *, most_steps):
        return list(super().ponder(questions, most_steps=most_steps))[:1]


class Twice(Good):
    def collect(self, *, timeout):
        told = super().collect(timeout=timeout)
        self.again = [*getattr(self, "again", []), *told] if told else getattr(self, "again", [])
        return told or self.again[:1]


class Waits(Good):
    def collect(self, *, timeout):
        time.sleep(0.3 if not self.under_way else 0)
        return super().collect(timeout=timeout)


class Impossible(Good):
    def plan(self, question, most_steps):
        wrong = [action for action in range(3) if action not in question.choices]
        return Plan(steps=(PlanStep(action=wrong[0] if wrong else 0),))


class Wordy(Good):
    def plan(self, question, most_steps):
        return Plan(steps=(PlanStep(action=0),) * (most_steps + 1))


class Silent(Good):
    def collect(self, *, timeout):
        return [Answer(ticket=answer.ticket, failure="no idea") for answer in super().collect(timeout=timeout)]


class Scribbles(Good):
    def plan(self, question, most_steps):
        question.observation.features[:] = 0
        return super().plan(question, most_steps)


class NeverForgets(Good):
    def forget(self, tickets):
        pass


class ForgetsAll(Good):
    def forget(self, tickets):
        self.under_way = {}


class Moody(Good):
    def plan(self, question, most_steps):
        Moody.life += 1
        return Plan(steps=(PlanStep(action=0, ticks=Moody.life),))


class ClosesOnce(Good):
    def close(self):
        del self.under_way


WRONG = {
    NoForget: "slow.mind-has-the-methods",
    Synchronous: "slow.each-question-gets-a-ticket",
    SameTickets: "slow.each-question-gets-a-ticket",
    OneTicket: "slow.each-question-gets-a-ticket",
    Twice: "slow.each-ticket-is-answered-once",
    Waits: "slow.each-ticket-is-answered-once",
    Impossible: "slow.plans-can-be-taken",
    Wordy: "slow.plans-can-be-taken",
    Silent: "slow.plans-can-be-taken",
    Scribbles: "slow.questions-stay-as-they-are",
    NeverForgets: "slow.forgotten-tickets-are-not-answered",
    ForgetsAll: "slow.forgotten-tickets-are-not-answered",
    Moody: "slow.equal-questions-have-equal-plans",
    ClosesOnce: "slow.close-ends-what-is-under-way",
}


def subject_of(make: Callable[[], SlowMind]) -> Subject:
    def learner(**_: object) -> None:
        raise AssertionError("nobody learns here")

    return Subject(
        name="slow",
        spec=SPEC,
        policy=lambda **_: played(make(), SPEC, "slow"),
        learner=learner,
        capabilities=frozenset({"act", "slow"}),
        slow=make,
    )


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(slow, "AT_ONCE", 0.15)
    monkeypatch.setattr(slow, "PATIENCE", 1.0)


def test_a_right_one_passes_every_check_as_a_slow_mind_and_as_a_policy() -> None:
    report = run_checks(subject_of(Good))
    wrong = [f"{r.name}: {r.message}" for r in report.results if r.outcome not in ("passed", "skipped")]
    assert not wrong
    assert report.levels[7].name == "slow minds"
    assert report.levels[7].ran == len(CHECKS) == 8


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_a_wrong_one_is_found_by_the_check_that_is_meant_for_it(wrong) -> None:
    report = run_checks(subject_of(wrong), checks=CHECKS)
    assert [r.name for r in report.results if r.outcome == "failed"] == [WRONG[wrong]]


def test_every_check_finds_somebody() -> None:
    assert {check.name for check in CHECKS} == set(WRONG.values())
    assert importlib.util.find_spec("townlet.testing.checks.slow") is not None


def test_how_long_it_thinks_is_not_measured() -> None:
    class Sleepy(Good):
        def collect(self, *, timeout):
            time.sleep(0.6)  # twice for each answer
            return super().collect(timeout=timeout)

    shape = next(each for each in ALL_CHECKS if each.name == "protocol.decision-has-the-right-shape")
    latency = next(each for each in ALL_CHECKS if each.name == "resources.latency-is-bounded")
    report = run_checks(subject_of(Sleepy), checks=[shape, latency])
    (found,) = [each for each in report.results if each.name == "resources.latency-is-bounded"]
    assert (found.outcome, found.message) == ("passed", "waits for its answers, not measured")
