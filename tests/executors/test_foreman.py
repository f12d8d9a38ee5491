"""Who is given which work, and what happens where workers are lost; with workers that only pretend."""

from __future__ import annotations

import weakref
from dataclasses import replace

import pytest

from townlet.errors import ExecutorError, UsageError
from townlet.executors import foreman
from townlet.executors.crew import WorkerLostError, answered
from townlet.executors.facts import facts_here
from townlet.executors.foreman import Call, Foreman
from townlet.executors.worker import greet, tidy, warm


class PretendHand:
    def __init__(self, crew, number):
        self.name, self.crew, self.number = f"worker {number}", crew, number
        self.result, self.ended = None, False

    def send(self, function, arguments):
        self.crew.sent.append((self.number, getattr(function, "__name__", "?")))
        if function is greet:
            self.result = answered(lambda: self.crew.facts, ())
        elif function in (warm, tidy):
            self.result = answered(lambda: 0.0, ())
        else:
            self.result = answered(function, arguments)
            if self.crew.deaths and self.crew.deaths[0] == len(self.crew.sent):
                self.crew.deaths.pop(0)
                self.result = None

    def answer(self):
        if self.result is None or self.crew.stillborn:
            raise WorkerLostError("killed by SIGKILL")
        return self.result

    def done(self):
        return 1

    def end(self):
        self.ended = True


class PretendCrew:
    def __init__(self, deaths=(), stillborn=False, silent=False):
        self.sent, self.hired, self.deaths = [], [], list(deaths)
        self.stillborn, self.silent, self.facts, self.closed = stillborn, silent, facts_here(), False

    def hire(self, number):
        self.hired.append(PretendHand(self, number))
        return self.hired[-1]

    def wait(self, hands, seconds):
        return [] if self.silent else list(hands)

    def share(self, value):
        return value

    def room(self):
        return "there is none"

    def close(self):
        self.closed = True


def square(number):
    return number * number


def calls(numbers):
    return [Call(square, lambda _, n=n: (n,), f"piece {n}", ticks=10) for n in numbers]


@pytest.fixture
def foreman_of():
    told = []

    def make(crew, size=2, mismatch="refuse", start_seconds=30.0):
        made = Foreman(crew, size, mismatch=mismatch, start_seconds=start_seconds, say=told.append)
        made.told = told
        return made

    return make


def results(foreman, numbers, **options):
    return {number: value for number, value, _ in foreman.run(calls(numbers), **options)}


def test_everything_is_done_once(foreman_of):
    crew = PretendCrew()
    foreman = foreman_of(crew)
    assert results(foreman, range(7)) == {n: n * n for n in range(7)}
    assert len([name for _, name in crew.sent if name == "square"]) == 7
    assert len(crew.hired) == 2
    foreman.close()
    assert crew.closed


def test_no_more_workers_start_than_there_is_work_for(foreman_of):
    crew = PretendCrew()
    assert results(foreman_of(crew, size=9), range(2)) == {0: 0, 1: 1}
    assert len(crew.hired) == 2


def test_the_work_of_a_lost_worker_is_done_again_by_another(foreman_of):
    crew = PretendCrew(deaths=[6])
    foreman = foreman_of(crew)
    assert results(foreman, range(5)) == {n: n * n for n in range(5)}
    assert len([name for _, name in crew.sent if name == "square"]) == 6
    assert len(crew.hired) == 3
    assert any("was lost (killed by SIGKILL); piece" in line for line in foreman.told)


def test_a_piece_that_kills_every_worker_is_given_up(foreman_of):
    with pytest.raises(ExecutorError, match="piece 0 was given up: its worker was lost 4 times"):
        results(foreman_of(PretendCrew(deaths=[3, 6, 9, 12]), size=1), range(1))


def test_workers_that_end_at_once_are_not_started_for_ever(foreman_of):
    crew = PretendCrew(stillborn=True)
    with pytest.raises(ExecutorError, match="workers end as soon as they are started"):
        results(foreman_of(crew), range(3))
    assert len(crew.hired) < 10


def test_where_no_worker_starts_it_says_what_there_is(foreman_of):
    with pytest.raises(ExecutorError, match="no worker started within") as caught:
        results(foreman_of(PretendCrew(silent=True), start_seconds=0.2), range(3))
    assert "there is none" in caught.value.details


def test_who_comes_in_the_place_of_the_last_worker_has_its_own_time_to_start(foreman_of, monkeypatch):
    """However long the work went on before."""
    clock = [0.0]
    monkeypatch.setattr(foreman.time, "monotonic", lambda: clock[0])
    crew = PretendCrew(deaths=[5])
    wait = crew.wait

    def slowly(hands, seconds):
        if len(crew.hired) == 2 and len(crew.sent) == 6:  # the one in its place is asked to greet, and takes its time
            crew.late = getattr(crew, "late", 0) + 1
            clock[0] += 10.0
            return [] if crew.late < 3 else wait(hands, seconds)
        clock[0] += 1000.0
        return wait(hands, seconds)

    crew.wait = slowly
    assert results(foreman_of(crew, size=1, start_seconds=100.0), range(3)) == {0: 0, 1: 1, 2: 4}
    assert len(crew.hired) == 2


def test_a_worker_of_another_kind_is_refused_before_it_is_given_work(foreman_of):
    crew = PretendCrew()
    crew.facts = replace(crew.facts, numpy="1.0")
    with pytest.raises(ExecutorError, match="would not give the same results") as caught:
        results(foreman_of(crew), range(3))
    assert any("NumPy is" in line and "and 1.0 there" in line for line in caught.value.details)
    assert {name for _, name in crew.sent} == {"greet"}


def test_by_choice_it_is_told_and_let_pass(foreman_of):
    crew = PretendCrew()
    crew.facts = replace(crew.facts, features=("sse",))
    foreman = foreman_of(crew, mismatch="warn")
    assert results(foreman, range(3)) == {0: 0, 1: 1, 2: 4}
    assert sum("may give other results" in line for line in foreman.told) == 2


def test_a_backend_that_a_worker_lacks_is_named(foreman_of):
    crew = PretendCrew()
    (name,) = [each for each in crew.facts.backends if each.endswith(":scripted")]
    foreman = foreman_of(crew)
    crew.facts = replace(crew.facts, backends={})
    assert results(foreman, range(2)) == {0: 0, 1: 1}  # nothing asks for it
    with pytest.raises(ExecutorError) as caught:
        results(foreman, range(2), backends=frozenset([name]))
    assert "not installed there" in caught.value.details[0]


def test_an_error_comes_through_and_ends_what_is_under_way(foreman_of):
    def refuse():
        raise UsageError("not like this", details=("but like that",))

    crew = PretendCrew()
    work = [Call(refuse, lambda _: (), "piece 0"), *calls(range(3))]
    with pytest.raises(UsageError, match="not like this") as caught:
        list(foreman_of(crew).run(work))
    assert caught.value.details == ("but like that",)


def test_whoever_stops_listening_ends_what_is_under_way(foreman_of):
    crew = PretendCrew()
    foreman = foreman_of(crew)
    running = foreman.run(calls(range(8)))
    next(running)
    running.close()
    assert any(hand.ended for hand in crew.hired)


def test_it_tells_how_far_it_is(foreman_of):
    told = []
    results(foreman_of(PretendCrew()), range(4), watch=told.append)
    assert told[-1].pieces == told[-1].of == 4
    assert told[-1].done == told[-1].total == 40
    assert [worker.name for worker in told[-1].workers] == [f"worker {n} on {facts_here().node}" for n in range(2)]


class Large:
    """Something that can be seen to be gone."""


class Frugal(PretendHand):
    """Makes its result when it is asked for it; the one before must be gone by then."""

    before = None

    def send(self, function, arguments):
        super().send(function, arguments)
        self.large = function is square

    def answer(self):
        answer = super().answer()
        if not self.large:
            return answer
        assert self.before is None or self.before() is None, "the result before is still in memory"
        made = Large()
        self.before = weakref.ref(made)
        return replace(answer, value=made)


def test_a_result_is_let_go_before_the_next_one_is_fetched(foreman_of, monkeypatch):
    crew = PretendCrew()
    monkeypatch.setattr(crew, "hire", lambda number: Frugal(crew, number))
    seen = 0
    for _, value, _ in foreman_of(crew, size=1).run(calls(range(3))):
        assert isinstance(value, Large)
        seen += 1
        del value
    assert seen == 3
