"""One decision of agents with a slow mind, step by step."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from townlet.api import Answer, BoolArray, Decision, ObservationBatch, Question, Thought
from townlet.minds.ledger import COUNTS
from townlet.minds.patience_plans import ending, fault_of, holding, spoken_to
from townlet.minds.patience_state import (
    PatientState,
    drop_plan,
    forget_question,
    keep_plan,
    keep_question,
    kept_question,
    reasons_of,
)
from townlet.rng import derive

if TYPE_CHECKING:
    from townlet.minds.patience import Patience

__all__ = ["Turn"]

_AT: Final = {name: i for i, name in enumerate(COUNTS)}
_SEEN = "seen_"
_MOST_TEXT = 2000
"""Characters that are kept of what a mind says."""


class Turn:
    """A decision under way: a copy of the state that its steps change.

    Args:
        patience: whose mind, fallback and settings these are.
        observations: of all rows.
        state: before the decision; stays as it is.
        explore: whether each question draws by itself.
    """

    def __init__(
        self, patience: Patience, observations: ObservationBatch, state: PatientState, *, explore: bool
    ) -> None:
        self._patience, self._settings = patience, patience.settings
        self._spec, self._mailbox = patience.spec, patience.mailbox
        self._seen, self._explore = observations, explore
        self._fallback = patience.fallback.decide(observations, state.fallback, explore=explore)
        # What questions were asked on is large, and changes only where one is put.
        self._own = {name: a if name.startswith(_SEEN) else a.copy() for name, a in state.own.items()}
        self._thoughts: list[Thought] = []
        self._spoken_to = np.zeros(observations.rows, np.bool_)
        self._put: list[int] = []

    # -- the steps

    def note_lives(self) -> None:
        """Whoever is gone or new has no plan, asked nothing and was told nothing."""
        own, seen = self._own, self._seen
        self._spoken_to, own["ties"] = spoken_to(own, seen, self._spec)
        self._spoken_to &= ~seen.episode_start
        for row in np.flatnonzero(seen.episode_start | ~seen.active).tolist():
            if own["number"][row]:
                self._count(row, "void")
                self._give_up([row])
            drop_plan(own, row)
            own["reasons"][row] = 0
            own["fresh"][row] = True
            own["next"][row] = own["tick"][row]

    def take_answers(self) -> None:
        """Take up plans that have come, give up questions that took too long, and put those that a resume left."""
        under_way = np.flatnonzero(self._own["number"]).tolist()
        if not under_way:
            return
        self._put_again(under_way)
        self._mailbox.gather()
        self._take(under_way)
        late = self._own["tick"] - self._own["asked"] > self._settings.deadline_ticks
        limit = f"no answer within {self._settings.deadline_ticks} ticks"
        self._give_up_late([row for row in under_way if self._own["number"][row] and late[row]], limit)

    def drop_plans(self) -> None:
        """End plans whose next step is impossible or whose conditions hold."""
        own, asked = self._own, self._seen.asked
        planned = (own["actions"][:, 0] >= 0) & asked
        if not planned.any():
            return
        rows = np.arange(len(planned))
        impossible = planned & ~self._seen.action_mask[rows, own["actions"][:, 0]]
        holds = holding(own, self._seen, self._spoken_to)
        for row in np.flatnonzero(planned & (impossible | (holds & own["armed"]).any(axis=1))).tolist():
            name = self._spec.action_names[int(own["actions"][row, 0])]
            why = f"{name} is not possible" if impossible[row] else ending(own, row, holds, self._spec)
            self._think(row, dropped=why)
            self._count(row, "dropped")
            drop_plan(own, row)
        own["armed"] |= ~holds

    def ask(self) -> None:
        """Put the questions of those who may ask now, as far as their town's budget goes."""
        own, seen = self._own, self._seen
        free = own["number"] == 0
        if self._patience.waits:
            free &= own["actions"][:, 0] < 0
        due = np.flatnonzero(free & seen.active & seen.asked & (own["tick"] >= own["next"]))
        if not len(due):
            return
        rows = self._affordable(due)
        if rows and not self._patience.waits:
            own |= {name: array.copy() for name, array in own.items() if name.startswith(_SEEN)}
        questions: dict[int, Question] = {}
        for row in rows:
            fresh = bool(own["fresh"][row])
            question = self._question(row, seen.take(slice(row, row + 1)).copy(), int(own["tick"][row]), fresh)
            number = self._number(row, question)
            self._count(row, "questions")
            if number in questions:
                self._count(row, "shared")
            questions[number] = question
            own["number"][row], own["asked"][row] = number, own["tick"][row]
            own["next"][row] = own["tick"][row] + self._settings.cadence
            own["fresh"][row] = False
            if not self._patience.waits:
                keep_question(own, row, seen, fresh)
        self._put = rows
        self._mailbox.ask(questions)

    def wait(self) -> None:
        """Until the questions of this decision are answered, or time is up."""
        if not self._put:
            return
        self._mailbox.wait([int(self._own["number"][row]) for row in self._put], self._settings.deadline_seconds)
        self._take(self._put)
        limit = f"no answer within {self._settings.deadline_seconds:g} seconds"
        self._give_up_late([row for row in self._put if self._own["number"][row]], limit)

    def decision(self) -> Decision:
        """What each row does, and the state after it."""
        own, asked = self._own, self._seen.asked
        led = (own["actions"][:, 0] >= 0) & asked
        actions = np.where(led, own["actions"][:, 0], self._fallback.actions).astype(np.int64)
        own["tally"][led, _AT["plan_ticks"]] += 1
        own["tally"][asked & ~led, _AT["fallback_ticks"]] += 1
        own["lasting"][led, 0] -= 1
        for row in np.flatnonzero(led & (own["lasting"][:, 0] == 0)).tolist():
            own["actions"][row, :-1], own["lasting"][row, :-1] = own["actions"][row, 1:], own["lasting"][row, 1:]
            own["actions"][row, -1], own["lasting"][row, -1] = -1, 0
            if own["actions"][row, 0] < 0:
                drop_plan(own, row)
        own["tick"] += 1
        return Decision(actions, PatientState(own, self._fallback.state), thoughts=tuple(self._thoughts))

    # -- questions

    def _question(self, row: int, seen: ObservationBatch, tick: int, fresh: bool) -> Question:
        words = self._patience.words
        slot, names = int(self._own["slot"][row]), self._patience.agent_names
        told = words.long(seen) if self._settings.words == "long" else words.short(seen)
        return Question(
            agent=names[slot] if slot < len(names) else f"agent {slot}",
            tick=tick,
            observation=seen,
            words=told,
            menu=words.choices(seen),
            choices=tuple(np.flatnonzero(seen.action_mask[0]).tolist()),
            fresh=fresh,
            last="" if fresh else reasons_of(self._own, row),
            seed=self._seed(row, tick) if self._explore else 0,
        )

    def _seed(self, row: int, tick: int) -> int:
        return int(derive(self._own["key"][row : row + 1], np.array([tick], np.uint64))[0] >> np.uint64(1))

    def _number(self, row: int, question: Question) -> int:
        """Of a question: the same for equal ones of a town and tick, in every process."""
        text = f"{self._own['town'][row]}:{question.tick}:{question.digest()}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") or 1

    def _put_again(self, rows: Iterable[int]) -> None:
        """Put questions that are under way by the state and unknown here: it was made by another process."""
        own, lost = self._own, [row for row in rows if not self._mailbox.knows(int(self._own["number"][row]))]
        questions = {}
        for row in lost:
            fresh = bool(own["seen_fresh"][row])
            question = self._question(row, kept_question(own, row), int(own["asked"][row]), fresh)
            questions[int(own["number"][row])] = question
        if questions:
            self._mailbox.ask(questions)

    def _affordable(self, due: NDArray[np.intp]) -> list[int]:
        """Those of the rows that their town's budget lets ask, in their order."""
        own, limits = self._own, self._settings
        allowed: list[int] = []
        for town in dict.fromkeys(own["town"][due].tolist()):
            mine = own["town"] == np.uint64(town)
            spent = own["tally"][mine].sum(axis=0)
            left = len(due)
            if limits.budget_questions is not None:
                left = max(0, limits.budget_questions - int(spent[_AT["questions"]]))
            tokens = int(spent[_AT["tokens_in"]] + spent[_AT["tokens_out"]])
            if limits.budget_tokens is not None and tokens >= limits.budget_tokens:
                left = 0
            if limits.budget_cost is not None and own["cost"][mine].sum() >= limits.budget_cost:
                left = 0
            rows = [row for row in due.tolist() if own["town"][row] == town]
            allowed += rows[:left]
            for row in rows[left:]:
                self._count(row, "unasked")
        return sorted(allowed)

    # -- answers

    def _take(self, rows: Iterable[int]) -> None:
        """Take up what has come for these rows; of rows that share a question the first has its account."""
        taken: dict[int, Answer | None] = {}
        for row in rows:
            number = int(self._own["number"][row])
            first = number not in taken
            if first:
                taken[number] = self._mailbox.take(number)
            answer = taken[number]
            if answer is not None:
                if first:
                    self._charge(row, answer)
                self._apply(row, answer)

    def _charge(self, row: int, answer: Answer) -> None:
        usage = answer.usage
        for name in ("calls", "tokens_in", "tokens_out"):
            self._count(row, name, int(getattr(usage, name)))
        self._count(row, "repaired", int(usage.repaired))
        self._own["cost"][row] += float(usage.cost)

    def _apply(self, row: int, answer: Answer) -> None:
        own = self._own
        asked, tick = int(own["asked"][row]), int(own["tick"][row])
        possible: BoolArray = self._seen.action_mask[row] if self._patience.waits else own["seen_mask"][row]
        fault = "" if answer.plan is None else fault_of(answer.plan, possible, self._spec, self._settings.most_steps)
        if answer.plan is None:
            self._count(row, "failures")
            self._think(row, failure=str(answer.failure)[:_MOST_TEXT])
        elif fault:
            self._count(row, "invalid")
            self._think(row, failure=f"the plan cannot be taken: {fault}")
        else:
            plan = replace(answer.plan, reasons=answer.plan.reasons[:_MOST_TEXT])
            keep_plan(own, row, plan, asked, self._spec)
            own["armed"][row] = ~holding(own, self._seen, np.zeros_like(self._spoken_to))[row]
            self._count(row, "plans")
            self._count(row, "latency_ticks", tick - asked)
            self._thoughts.append(Thought(row=row, asked=asked, plan=plan))
        forget_question(own, row)

    def _give_up_late(self, rows: list[int], why: str) -> None:
        for row in rows:
            self._count(row, "late")
            self._think(row, failure=why)
        self._give_up(rows)

    def _give_up(self, rows: list[int]) -> None:
        """The questions of these rows are wanted no longer, but where another row waits for the same."""
        numbers = {int(self._own["number"][row]) for row in rows}
        for row in rows:
            forget_question(self._own, row)
        self._mailbox.forget(sorted(numbers - {int(number) for number in self._own["number"]}))

    # -- the account

    def _count(self, row: int, name: str, by: int = 1) -> None:
        self._own["tally"][row, _AT[name]] += by

    def _think(self, row: int, *, failure: str = "", dropped: str = "") -> None:
        asked = self._own["planned" if dropped else "asked"][row]
        self._thoughts.append(Thought(row=row, asked=int(asked), failure=failure, dropped=dropped))
