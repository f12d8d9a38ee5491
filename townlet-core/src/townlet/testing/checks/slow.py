"""Level 7: a mind that takes seconds gives tickets at once, answers each once, and says what can be done."""

from __future__ import annotations

import time

import numpy as np

from townlet.api import Answer, Question, SlowMind, Ticket, Words
from townlet.minds.patience_plans import fault_of
from townlet.plugins.structure import slow_faults
from townlet.testing.check import Check, CheckSkip, collect, expect
from townlet.testing.observations import draw_batch
from townlet.testing.subject import Subject

__all__ = ["CHECKS", "drawn_questions"]

CHECKS: list[Check] = []
check = collect(7, "slow", CHECKS)

LOADS = ("packaging.our-contract-is-served", "hygiene.the-plugin-imports")
AT_ONCE = 1.0
"""Seconds that a call may take which is to return at once."""
PATIENCE = 60.0
"""Seconds that the kit waits for all answers to some questions."""
QUESTIONS, STEPS = 6, 3


@check("A slow mind has ponder, collect, forget, fingerprint and close.", needs=("slow",), after=LOADS)
def mind_has_the_methods(subject: Subject) -> None:
    mind = subject.slow()
    faults = slow_faults(mind)
    expect(not faults, "; ".join(faults))
    mind.close()


@check(
    "ponder returns at once, with a ticket of its own for each question.",
    needs=("slow",),
    after=("slow.mind-has-the-methods",),
)
def each_question_gets_a_ticket(subject: Subject) -> None:
    mind = subject.slow()
    tickets: list[Ticket] = []
    for seed in range(2):
        before = time.perf_counter()
        given = mind.ponder(drawn_questions(subject, QUESTIONS, seed), most_steps=STEPS)
        taken = time.perf_counter() - before
        expect(taken < AT_ONCE, f"ponder took {taken:.1f} seconds: it must begin to think and return")
        expect(isinstance(given, list | tuple), f"ponder gave a {type(given).__name__}, not a list of tickets")
        expect(len(given) == QUESTIONS, f"ponder gave {len(given)} tickets for {QUESTIONS} questions")
        tickets += given
    mind.close()
    expect(all(isinstance(ticket, str) for ticket in tickets), "a ticket must be a text")
    expect(len(set(tickets)) == len(tickets), "a ticket was given twice in the life of the mind")


@check(
    "collect gives each ticket's answer once, and returns at once when nothing is under way.",
    needs=("slow",),
    after=("slow.each-question-gets-a-ticket",),
)
def each_ticket_is_answered_once(subject: Subject) -> str:
    mind = subject.slow()
    before = time.perf_counter()
    expect(not list(mind.collect(timeout=AT_ONCE * 5)), "there was an answer before there was a question")
    expect(time.perf_counter() - before < AT_ONCE, "collect waited, though nothing was under way")
    before = time.perf_counter()
    tickets = mind.ponder(drawn_questions(subject, QUESTIONS, 0), most_steps=STEPS)
    first = list(mind.collect(timeout=0.0))
    expect(time.perf_counter() - before < AT_ONCE, "collect(timeout=0) waited")
    answers = [*first, *_collected(mind, len(tickets) - len(first))]
    seconds = time.perf_counter() - before
    wrong = [type(answer).__name__ for answer in answers if not isinstance(answer, Answer)]
    expect(not wrong, f"collect gave a {wrong[0] if wrong else ''}, not an Answer")
    told = sorted(answer.ticket for answer in answers)
    expect(told == sorted(tickets), f"of the tickets {sorted(tickets)}, these were answered: {told}")
    expect(not list(mind.collect(timeout=0.0)), "an answer came twice")
    mind.close()
    return f"{QUESTIONS} answers in {seconds:.2f} s"


@check(
    "Plans have at most as many steps as asked for, and begin with a possible action.",
    needs=("slow",),
    after=("slow.each-ticket-is-answered-once",),
)
def plans_can_be_taken(subject: Subject) -> None:
    plans = 0
    for seed, most_steps in enumerate((1, STEPS)):
        mind = subject.slow()
        questions = drawn_questions(subject, QUESTIONS, seed)
        asked = dict(zip(mind.ponder(questions, most_steps=most_steps), questions, strict=True))
        for answer in _collected(mind, len(asked)):
            if answer.plan is not None:
                possible = asked[answer.ticket].observation.action_mask[0]
                fault = fault_of(answer.plan, possible, subject.spec, most_steps)
                expect(not fault, f"a plan that cannot be taken: {fault}")
                plans += 1
        mind.close()
    expect(plans >= QUESTIONS, f"only {plans} of {2 * QUESTIONS} questions were answered with a plan")


@check(
    "Questions are not written into, and are kept no longer than it takes to answer them.",
    needs=("slow",),
    after=("slow.each-ticket-is-answered-once",),
)
def questions_stay_as_they_are(subject: Subject) -> None:
    mind = subject.slow()
    questions = drawn_questions(subject, QUESTIONS, 3)
    before = [question.digest() for question in questions]
    mind.ponder(questions, most_steps=STEPS)
    _collected(mind, QUESTIONS)
    mind.close()
    expect([question.digest() for question in questions] == before, "the observation of a question was written into")


@check(
    "What was forgotten is not answered; unknown tickets are ignored.",
    needs=("slow",),
    after=("slow.each-ticket-is-answered-once",),
)
def forgotten_tickets_are_not_answered(subject: Subject) -> None:
    mind = subject.slow()
    tickets = list(mind.ponder(drawn_questions(subject, QUESTIONS, 0), most_steps=STEPS))
    mind.forget([*tickets[:2], "nobody's"])
    told = {answer.ticket for answer in _collected(mind, QUESTIONS - 2)}
    mind.close()
    expect(not told & set(tickets[:2]), "an answer came to a ticket that was forgotten")
    expect(told == set(tickets[2:]), "forgetting some tickets lost the answers to others")


@check(
    "Equal questions have equal plans, also from another instance, where the manifest says that it is deterministic.",
    needs=("slow",),
    after=("slow.each-ticket-is-answered-once",),
)
def equal_questions_have_equal_plans(subject: Subject) -> None:
    manifest = None if subject.row is None else subject.row.manifest
    if manifest is not None and manifest.deterministic == "no":
        raise CheckSkip("its manifest says that it is not deterministic")
    told = []
    for _ in range(2):
        mind = subject.slow()
        tickets = list(mind.ponder(drawn_questions(subject, QUESTIONS, 1), most_steps=STEPS))
        plans = {answer.ticket: answer.plan for answer in _collected(mind, QUESTIONS)}
        told.append([plans.get(ticket) for ticket in tickets])
        mind.close()
    expect(told[0] == told[1], "the same questions were answered with other plans")


@check(
    "close may be called twice, and with questions under way.",
    needs=("slow",),
    after=("slow.mind-has-the-methods",),
)
def close_ends_what_is_under_way(subject: Subject) -> None:
    mind = subject.slow()
    mind.ponder(drawn_questions(subject, QUESTIONS, 0), most_steps=STEPS)
    before = time.perf_counter()
    mind.close()
    mind.close()
    expect(time.perf_counter() - before < AT_ONCE * 5, "close waited for what was under way")


def drawn_questions(subject: Subject, count: int, seed: int) -> list[Question]:
    """Questions about drawn observations, each of them another one."""
    batch, words = draw_batch(subject.spec, count, seed=100 + seed, starts=1.0), Words(subject.spec)
    questions = []
    for row in range(count):
        seen = batch.take(slice(row, row + 1)).copy()
        seen.active[:] = True
        seen.action_mask[0, 0] = True
        questions.append(
            Question(
                agent=f"agent {row}",
                tick=seed,
                observation=seen,
                words=words.short(seen),
                menu=words.choices(seen),
                choices=tuple(np.flatnonzero(seen.action_mask[0]).tolist()),
                fresh=True,
            )
        )
    return questions


def _collected(mind: SlowMind, count: int) -> list[Answer]:
    """So many answers, or those that come in time."""
    end, found = time.perf_counter() + PATIENCE, list[Answer]()
    while len(found) < count and time.perf_counter() < end:
        came = list(mind.collect(timeout=0.5))
        if not came:
            time.sleep(0.01)
        found += came
    return found
