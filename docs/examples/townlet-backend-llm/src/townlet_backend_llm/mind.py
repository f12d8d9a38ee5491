"""The slow mind: questions become requests on threads, replies become plans."""

from __future__ import annotations

import hashlib
import json
import queue
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from townlet.api import Answer, ObservationSpec, Plan, Question, Usage
from townlet.errors import BackendRunError
from townlet_backend_llm.cassette import Cassette, Reply
from townlet_backend_llm.options import LLMOptions
from townlet_backend_llm.prompting import Prompter
from townlet_backend_llm.reading import Unreadable, read_plan
from townlet_backend_llm.service import Service

__all__ = ["LLMMind"]

_VERSION = 1
"""Changes with every change of what is asked or how answers are read; part of the fingerprint."""


class LLMMind:
    """Thinks in words. Implements :class:`townlet.api.SlowMind`.

    Args:
        spec: the observations that questions carry.
        options: which model, and how it is asked.

    Raises:
        ConfigError: if the prompt cannot be used.
    """

    def __init__(self, spec: ObservationSpec, options: LLMOptions, *, service: Service | None = None) -> None:
        self._names, self._options = spec.action_names, options
        self._prompter = Prompter(spec, options)
        self._service = service or Service(options)
        self._cassette = None if options.cassette is None else Cassette(options.cassette, options.cassette_mode)
        self._threads = ThreadPoolExecutor(options.concurrency, "townlet-llm")
        self._done: queue.SimpleQueue[tuple[str, Answer | BaseException]] = queue.SimpleQueue()
        self._under_way: set[str] = set()
        self._count = 0

    def ponder(self, questions: Sequence[Question], *, most_steps: int) -> Sequence[str]:
        """Hand each question to a thread."""
        tickets = []
        for question in questions:
            ticket = f"llm-{self._count}"
            self._count += 1
            self._under_way.add(ticket)
            tickets.append(ticket)
            self._threads.submit(self._think, ticket, question, most_steps)
        return tickets

    def collect(self, *, timeout: float) -> Sequence[Answer]:
        """What the threads have done by now.

        Raises:
            BackendRunError: where no question can be answered: an endpoint that is not there, a key that is refused, a
                cassette that does not hold the question.
        """
        found: list[Answer] = []
        while self._under_way:
            try:
                ticket, answer = self._done.get(block=not found and timeout > 0, timeout=timeout or None)
            except queue.Empty:
                break
            if ticket not in self._under_way:
                continue  # forgotten
            self._under_way.discard(ticket)
            if isinstance(answer, BaseException):
                raise answer
            found.append(answer)
        return found

    def forget(self, tickets: Sequence[str]) -> None:
        """Their answers are thrown away when they come."""
        self._under_way -= set(tickets)

    def fingerprint(self) -> str:
        """Digest of model, prompt and whatever else an answer depends on; not of the address of the model."""
        mattering = self._options.model_dump(include={"model", "temperature", "max_tokens", "answers"})
        text = json.dumps([_VERSION, mattering, self._prompter.digest], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def close(self) -> None:
        """End what is under way."""
        self._under_way.clear()
        self._service.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    # -- on a thread

    def _think(self, ticket: str, question: Question, most_steps: int) -> None:
        try:
            self._done.put((ticket, self._answer(ticket, question, most_steps)))
        except BaseException as error:  # noqa: BLE001 - whoever collects is told
            self._done.put((ticket, error))

    def _answer(self, ticket: str, question: Question, most_steps: int) -> Answer:
        body = self._prompter.request(question, most_steps)
        first = self._reply(body)
        if first.failure:
            return Answer(ticket=ticket, failure=first.failure, usage=self._usage(first))
        try:
            return Answer(ticket=ticket, plan=self._plan(first, question, most_steps), usage=self._usage(first))
        except Unreadable as fault:
            second = self._reply(self._prompter.repair(body, first.text, str(fault)))
        usage = self._usage(first, second)
        if second.failure:
            return Answer(ticket=ticket, failure=second.failure, usage=usage)
        try:
            return Answer(ticket=ticket, plan=self._plan(second, question, most_steps), usage=usage)
        except Unreadable as fault:
            return Answer(ticket=ticket, failure=f"the answer cannot be used: {fault}", usage=usage)

    def _plan(self, reply: Reply, question: Question, most_steps: int) -> Plan:
        return read_plan(reply.text, question, self._names, self._prompter.needs, most_steps)

    def _reply(self, body: dict[str, Any]) -> Reply:
        kept = None if self._cassette is None else self._cassette.find(body)
        if kept is not None:
            return kept
        try:
            reply = self._service.complete(body)
        except RuntimeError as error:  # closed meanwhile
            raise BackendRunError(f"the language model was closed while it was asked: {error}") from error
        if self._cassette is not None:
            self._cassette.keep(body, reply)
        return reply

    def _usage(self, *replies: Reply) -> Usage:
        tokens_in, tokens_out = sum(r.tokens_in for r in replies), sum(r.tokens_out for r in replies)
        cost = (tokens_in * self._options.price_in + tokens_out * self._options.price_out) / 1e6
        return Usage(
            calls=sum(reply.calls for reply in replies),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=cost,
            repaired=len(replies) > 1,
        )
