"""Minds that take seconds: what core asks of one that answers late, and what it answers.

A slow mind is what a policy backend with the capability ``slow`` creates. It is not asked on each tick: core hands it
questions and is given a ticket for each, steps on or waits, and collects whatever answers have come. An answer is a
plan of a few actions with the conditions under which the rest of it is dropped, and its reasons in words. What is done
with late, wrong or missing answers is core's affair, and so are deadlines and budgets
(:class:`townlet.minds.Patience`); the mind holds nothing of the town between a question and its answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from townlet.api.batch import ObservationBatch
from townlet.errors import ContractError

__all__ = ["MOST_USED", "Answer", "Condition", "Plan", "PlanStep", "Question", "SlowMind", "Thought", "Ticket", "Usage"]

MOST_USED = 2**40
"""Calls or tokens that one answer may have taken: a ledger adds up millions of answers in 64 bits."""

Ticket = str
"""Names a question under way; made by the mind, unique within its life."""

ConditionKind = Literal["impossible", "feature_below", "feature_above", "spoken_to"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One agent's situation, put to a slow mind. It holds everything that the answer may depend on.

    Attributes:
        agent: its name, for logs; the answer must not depend on it.
        tick: of the observation, counted from the start of the town; for logs, too.
        observation: one row, copied: it is the asker's to keep.
        words: the observation in deterministic English, in the short or the long form.
        menu: the actions possible now in words, one line each, with their indices.
        choices: the same as indices into ``ObservationSpec.action_names``; never empty.
        fresh: the agent's life begins here, so nothing that was said before concerns it.
        last: reasons of the plan before, or empty.
        seed: for whatever the mind draws in answering; 0 where the best answer is wanted and none is drawn.
    """

    agent: str
    tick: int
    observation: ObservationBatch
    words: str
    menu: tuple[str, ...]
    choices: tuple[int, ...]
    fresh: bool = False
    last: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.observation.rows != 1:
            raise ContractError(f"Question.observation must be one row, found {self.observation.rows}")
        if not self.choices or any(choice < 0 for choice in self.choices):
            raise ContractError(f"Question.choices must name at least one action, found {self.choices}")
        if len(self.menu) != len(self.choices):
            raise ContractError(f"Question.menu must have a line for each of {self.choices}, found {self.menu}")

    def digest(self) -> str:
        """SHA-256 (hex) of everything that the answer may depend on: questions of one digest are equal."""
        told = hashlib.sha256(
            "\x1f".join([self.words, *self.menu, self.last, f"{self.choices} {self.fresh} {self.seed}"]).encode()
        )
        for array in (self.observation.map, self.observation.features, self.observation.action_mask):
            told.update(array.tobytes())
        return told.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that ends a plan before its last step: the agent is asked again as soon as its cadence allows.

    A condition that holds already when the plan is taken counts from when it has ceased to hold.

    Attributes:
        kind: ``impossible``: the next step is masked (always ends a plan, whether said or not); ``feature_below`` and
            ``feature_above``: a feature passes ``limit``; ``spoken_to``: somebody talked with the agent, as far as it
            shows: one of the four people in its observation became more familiar, and it did not begin to chat.
        feature: name in ``ObservationSpec.feature_names``, for the two kinds that look at one.
        limit: in the units of the observation.
    """

    kind: ConditionKind
    feature: str = ""
    limit: float = 0.0

    def __post_init__(self) -> None:
        if self.kind.startswith("feature_") != bool(self.feature):
            raise ContractError(f"a condition {self.kind!r} with the feature {self.feature!r} says nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """A part of a plan.

    Attributes:
        action: index into ``ObservationSpec.action_names``.
        ticks: how many times in a row the agent decides for it, at least 1: ticks, where everybody decides on each
            tick. It is masked like any other action each time.
    """

    action: int
    ticks: int = 1

    def __post_init__(self) -> None:
        if self.action < 0 or self.ticks < 1:
            raise ContractError(f"a step needs an action and at least one tick, found {self.action}, {self.ticks}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do next. The first step must be possible on the observation asked about.

    Attributes:
        steps: at least one, in order, at most as many as core asked for.
        until: conditions that end it early, at most eight.
        reasons: why, in the mind's own words; kept in recordings as plain text, never interpreted.
    """

    steps: tuple[PlanStep, ...]
    until: tuple[Condition, ...] = ()
    reasons: str = ""

    def __post_init__(self) -> None:
        if not self.steps:
            raise ContractError("a plan needs at least one step; an answer without a plan is a refusal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an answer took, for the ledger; each number at most :data:`MOST_USED`.

    Attributes:
        calls: requests made for it, repairs and retries included.
        tokens_in: tokens of the questions.
        tokens_out: tokens of the answers.
        cost: in the currency of the backend's own options; 0 where it is not known.
        repaired: whether what came first could not be read.
    """

    calls: int = 1
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    repaired: bool = False

    def __post_init__(self) -> None:
        counts = (self.calls, self.tokens_in, self.tokens_out)
        if not all(0 <= count <= MOST_USED for count in counts) or not 0.0 <= self.cost < float("inf"):
            raise ContractError(
                f"what an answer took must be from 0 to {MOST_USED}, and its cost finite: {self!r:.200}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a question: a plan, or why there is none.

    Attributes:
        ticket: of the question.
        plan: None where the mind failed or refused.
        failure: why, in words; empty with a plan.
        usage: what it took.
    """

    ticket: Ticket
    plan: Plan | None = None
    failure: str = ""
    usage: Usage = field(default_factory=Usage)

    def __post_init__(self) -> None:
        if (self.plan is None) != bool(self.failure):
            raise ContractError("an answer holds either a plan or the failure in words")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """What became known of a row's mind on a tick: it has a plan, it has none, or it dropped the one it had.

    Attributes:
        row: of the observations that were decided on.
        asked: tick of the question; the answer came on the tick of the decision that carries the thought.
        plan: taken up on this tick, or None.
        failure: why no plan came of the question, in words; or empty.
        dropped: why the plan was given up before its end, in words; or empty.
    """

    row: int
    asked: int
    plan: Plan | None = None
    failure: str = ""
    dropped: str = ""

    def __post_init__(self) -> None:
        if [self.plan is not None, bool(self.failure), bool(self.dropped)].count(True) != 1:
            raise ContractError("a thought is a plan, the failure to have one, or the end of one")


@runtime_checkable
class SlowMind(Protocol):
    """What a backend with the capability ``slow`` creates instead of a policy. Core asks it on the driver only.

    Every method returns at once, but ``collect`` with a timeout. An answer is a function of the question and of what
    the mind is (:meth:`fingerprint`), as far as whatever it asks in turn allows.
    """

    def ponder(self, questions: Sequence[Question], *, most_steps: int) -> Sequence[Ticket]:
        """Begin to think about some questions; returns at once, a ticket of its own for each, in their order.

        Args:
            questions: of any number of agents and towns.
            most_steps: steps that core takes of a plan, at most.
        """
        ...

    def collect(self, *, timeout: float) -> Sequence[Answer]:
        """Answers that have come since the last call, in any order; each ticket is answered once.

        Args:
            timeout: seconds to wait for the first one, if there is none and something is under way; 0 returns at once.
        """
        ...

    def forget(self, tickets: Sequence[Ticket]) -> None:
        """These answers are no longer wanted (too late, or the agent is gone); unknown tickets are ignored."""
        ...

    def fingerprint(self) -> str:
        """Identity of the behaviour: model, prompts and options, as far as answers depend on them."""
        ...

    def close(self) -> None:
        """Drop what is under way and free what is held outside Python. May be called twice."""
        ...
