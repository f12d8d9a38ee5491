"""What slow minds were asked, what came of it and what it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["COUNTS", "Ledger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The account of a slow mind. All of it is a function of questions and answers; seconds are kept elsewhere.

    Attributes:
        questions: put by agents; each ends as one of ``plans``, ``failures``, ``invalid``, ``late`` and ``void``, or
            is under way.
        shared: of them, those that were equal to another of the same town and tick and not asked for themselves.
        plans: taken up.
        failures: the mind gave no plan.
        invalid: the plan could not be taken.
        late: no answer came in time.
        void: the agent was gone when the answer came.
        calls: requests that the mind made.
        tokens_in: of the questions.
        tokens_out: of the answers.
        repaired: answers that could be read only after a repair.
        dropped: plans that were given up before their end.
        latency_ticks: from questions to their plans, summed.
        plan_ticks: decisions of agents by a plan.
        fallback_ticks: decisions of agents by the fallback.
        unasked: decisions for which an agent would have asked if the budget had not been spent.
        cost: in the backend's currency.
    """

    questions: int = 0
    shared: int = 0
    plans: int = 0
    failures: int = 0
    invalid: int = 0
    late: int = 0
    void: int = 0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    repaired: int = 0
    dropped: int = 0
    latency_ticks: int = 0
    plan_ticks: int = 0
    fallback_ticks: int = 0
    unasked: int = 0
    cost: float = 0.0

    @classmethod
    def of(cls, tally: NDArray[np.int64], cost: NDArray[np.float64]) -> Self:
        """From the counts of some rows: int64 ``[N, len(COUNTS)]``, and their cost, float64 ``[N]``."""
        sums = tally.sum(axis=0)
        return cls(**{name: int(sums[i]) for i, name in enumerate(COUNTS)}, cost=float(cost.sum()))

    @property
    def tokens(self) -> int:
        """In and out."""
        return self.tokens_in + self.tokens_out

    def __add__(self, other: Ledger) -> Ledger:
        return Ledger(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})

    def to_json(self) -> dict[str, Any]:
        """JSON-ready, by name; :meth:`from_json` reads it back."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote; what is not there is 0."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})

    def words(self) -> str:
        """In a line: what was asked, what came of it, what it took."""
        wrong = [f"{getattr(self, name)} {name}" for name in ("failures", "invalid", "late") if getattr(self, name)]
        decided = self.plan_ticks + self.fallback_ticks
        parts = [
            f"{self.questions} questions, {self.plans} plans" + (f" ({', '.join(wrong)})" if wrong else ""),
            f"{self.calls} calls, {self.tokens_in} tokens in, {self.tokens_out} out",
            f"{self.plan_ticks / max(decided, 1):.0%} of decisions by a plan",
        ]
        parts += [f"cost {self.cost:.4g}"] if self.cost else []
        parts += ["budget spent"] if self.unasked else []
        return "; ".join(parts)


COUNTS: tuple[str, ...] = tuple(each.name for each in fields(Ledger) if each.name != "cost")
"""The whole numbers of a ledger, in the order in which they are kept a row."""
