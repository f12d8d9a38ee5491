"""Questions under way to one slow mind, and the answers that have come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from townlet.api import Answer, Question, SlowMind, Ticket
from townlet.errors import BackendContractError

__all__ = ["Mailbox"]

_LISTEN = 0.25
"""Seconds between two looks at the clock while a town waits."""
_IDLE = 0.01


class Mailbox:
    """Asks a slow mind by numbers that are functions of the questions, and holds it to the contract.

    Args:
        mind: who is asked.
        name: of its backend, for errors.
        most_steps: of a plan.
        clock: seconds; replaced in tests.
    """

    def __init__(
        self, mind: SlowMind, name: str, *, most_steps: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.mind = mind
        self._name, self._most_steps, self._clock = name, most_steps, clock
        self._tickets: dict[int, Ticket] = {}
        self._numbers: dict[Ticket, int] = {}
        self._answers: dict[int, Answer] = {}
        self._since: dict[int, float] = {}
        self._next_tick = float("-inf")
        self.seconds = 0.0
        """From questions to their answers, summed; depends on the machine."""
        self.answered = 0
        """Answers that came."""

    def knows(self, number: int) -> bool:
        """Whether the question is under way, or answered and not taken."""
        return number in self._tickets or number in self._answers

    def ask(self, questions: Mapping[int, Question]) -> None:
        """Put questions, all at once. Those that are known already are not put again.

        Raises:
            BackendContractError: if the mind does not give each a ticket of its own.
        """
        new = {number: question for number, question in questions.items() if not self.knows(number)}
        if not new:
            return
        tickets = self.mind.ponder(tuple(new.values()), most_steps=self._most_steps)
        if not isinstance(tickets, list | tuple) or len(tickets) != len(new):
            raise self._broken(f"gave {_counted(tickets)} for {len(new)} questions")
        now = self._clock()
        for number, ticket in zip(new, tickets, strict=True):
            if not isinstance(ticket, str) or ticket in self._numbers:
                raise self._broken(f"gave the ticket {ticket!r:.80}, which is not text or was given before")
            self._tickets[number], self._numbers[ticket], self._since[number] = ticket, number, now

    def gather(self, timeout: float = 0.0) -> None:
        """Take in what has come; waits at most ``timeout`` seconds for the first answer.

        Raises:
            BackendContractError: for anything that is not an answer.
        """
        if not self._tickets:
            return
        answers = self.mind.collect(timeout=timeout)
        if not isinstance(answers, list | tuple) or not all(isinstance(answer, Answer) for answer in answers):
            raise self._broken(f"collected {answers!r:.80}, which are not answers")
        now = self._clock()
        for answer in answers:
            number = self._numbers.pop(answer.ticket, None)
            if number is None:
                continue  # forgotten meanwhile
            del self._tickets[number]
            self._answers[number] = answer
            self.seconds += now - self._since.pop(number)
            self.answered += 1

    def wait(self, numbers: Iterable[int], seconds: float) -> None:
        """Until all of these are answered, but no longer than ``seconds``."""
        end = self._clock() + seconds
        while any(number in self._tickets for number in numbers):
            before = self._clock()
            if before >= end:
                return
            came = self.answered
            self.gather(min(_LISTEN, end - before))
            if self.answered == came and self._clock() - before < _IDLE:
                time.sleep(_IDLE)  # who returns at once with nothing would keep the core busy

    def keep_pace(self, tick_seconds: float) -> None:
        """Let time go by until the last tick has lasted as long as it should, and take in what comes meanwhile."""
        now = self._clock()
        end = max(self._next_tick, now)
        while (now := self._clock()) < end:
            if self._tickets:
                self.gather(min(_LISTEN, end - now))
            left = end - self._clock()
            if left > 0:
                time.sleep(min(_IDLE, left))
        self._next_tick = end + tick_seconds

    def take(self, number: int) -> Answer | None:
        """The answer, once; None while there is none."""
        return self._answers.pop(number, None)

    def forget(self, numbers: Iterable[int]) -> None:
        """These are wanted no longer."""
        gone = []
        for number in numbers:
            self._answers.pop(number, None)
            ticket = self._tickets.pop(number, None)
            if ticket is not None:
                del self._numbers[ticket], self._since[number]
                gone.append(ticket)
        if gone:
            self.mind.forget(tuple(gone))

    def _broken(self, what: str) -> BackendContractError:
        return BackendContractError(
            f"policy backend {self._name!r} broke the contract of slow minds: it {what}",
            details=(f"next:  townlet backends check {self._name}",),
        )


def _counted(tickets: object) -> str:
    return f"{len(tickets)} tickets" if isinstance(tickets, list | tuple) else f"a {type(tickets).__name__}"
