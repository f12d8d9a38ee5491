"""Minds that take seconds: what core asks of one that answers late, and what it answers.

A slow mind is a policy backend with the capability ``slow``. It is not asked on each tick: core hands it questions
and is given a ticket for each, steps on or waits, and collects whatever answers have come. An answer is a plan of a
few actions with the conditions under which the rest of it is dropped, and its reasons in words. What is done with
late, wrong or missing answers is core's affair, and so are deadlines and budgets; the backend never sees a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from townlet.api.batch import ObservationBatch
from townlet.errors import ContractError

__all__ = ["Answer", "Condition", "Plan", "PlanStep", "Question", "SlowMind", "Ticket", "Usage"]

Ticket = str
"""Names a question under way; made by the backend, unique within its life, and kept over a save and a resume."""

ConditionKind = Literal["impossible", "feature_below", "feature_above", "spoken_to"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One row's situation, put to a slow mind. It holds everything the answer may depend on.

    Attributes:
        row: the row asked for.
        agent: name of the agent.
        tick: of the observation, counted from the start of the town.
        observation: one row, copied: it is the asker's to keep.
        words: the observation in deterministic English, as long as was asked for.
        choices: the actions possible now, as indices into ``ObservationSpec.action_names``; never empty.
        fresh: the agent's life begins here, so nothing that was said before concerns it.
        last: reasons of the plan before, or empty.
        seed: for whatever the mind draws in answering; a function of the town's seed, the row and the tick.
    """

    row: int
    agent: str
    tick: int
    observation: ObservationBatch
    words: str
    choices: tuple[int, ...]
    fresh: bool = False
    last: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.observation.rows != 1:
            raise ContractError(f"Question.observation must be one row, found {self.observation.rows}")
        if not self.choices or any(choice < 0 for choice in self.choices):
            raise ContractError(f"Question.choices must name at least one action, found {self.choices}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that ends a plan before its last step: the agent is asked again.

    Attributes:
        kind: ``impossible``: the next step is masked (always holds, whether said or not); ``feature_below`` and
            ``feature_above``: a feature passes ``limit``; ``spoken_to``: somebody began to talk with the agent.
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
        ticks: for how many ticks it is taken, at least 1; it is masked like any other on each of them.
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
        until: conditions that end it early.
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
    """What an answer took, for the ledger.

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


@runtime_checkable
class SlowMind(Protocol):
    """What a policy of a backend with the capability ``slow`` adds. Core asks it on the driver only."""

    def ponder(self, questions: Sequence[Question], *, most_steps: int) -> Sequence[Ticket]:
        """Begin to think about some questions; returns at once, a ticket for each, in their order.

        Args:
            questions: of any number of rows; equal ones may be answered once.
            most_steps: steps that core takes of a plan, at most.
        """
        ...

    def collect(self, *, wait: bool) -> Sequence[Answer]:
        """Answers that have come since the last call, in any order; each ticket is answered once.

        Args:
            wait: return only when there is at least one, or nothing is under way.
        """
        ...

    def forget(self, tickets: Sequence[Ticket]) -> None:
        """These answers are no longer wanted (too late, or the agent is gone); unknown tickets are ignored."""
        ...
