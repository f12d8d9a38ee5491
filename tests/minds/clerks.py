"""Slow minds that answer by rule, and the towns that a test drives by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from townlet.api import Answer, ObservationBatch, ObservationSpec, Plan, PlanStep, Question, Usage
from townlet.config.patience import PatienceConfig
from townlet.minds import Patience, StubPolicy

TOY = ObservationSpec.of_names(
    "toy", features=("hunger", "last_chat", "friend1_familiarity"), actions=("wait", "north", "use", "chat")
)
WAIT, NORTH, USE, CHAT = range(4)


def plan(*steps: tuple[int, int], until=(), reasons: str = "so") -> Plan:
    return Plan(steps=tuple(PlanStep(action=a, ticks=t) for a, t in steps), until=until, reasons=reasons)


class Clerk:
    """Answers by a rule, after a number of looks into the post."""

    def __init__(self, rule: Callable[[Question], object], *, looks: int = 0, usage: Usage | None = None) -> None:
        self.rule, self.looks = rule, looks
        self.usage = usage or Usage(calls=1, tokens_in=100, tokens_out=10, cost=0.5)
        self.asked: list[Question] = []
        self.forgotten: list[str] = []
        self.under_way: dict[str, list] = {}
        self.closed = 0

    def ponder(self, questions: Sequence[Question], *, most_steps: int) -> Sequence[str]:
        tickets = [f"t{len(self.asked) + i}" for i in range(len(questions))]
        self.asked += questions
        self.under_way |= {t: [q, self.looks] for t, q in zip(tickets, questions, strict=True)}
        return tickets

    def collect(self, *, timeout: float) -> Sequence[Answer]:
        ready = [ticket for ticket, (_, left) in self.under_way.items() if left <= 0]
        for waiting in self.under_way.values():
            waiting[1] -= 1
        told = []
        for ticket in ready:
            answer = self.rule(self.under_way.pop(ticket)[0])
            wanted = {"failure": answer} if isinstance(answer, str) else {"plan": answer}
            told.append(Answer(ticket=ticket, usage=self.usage, **wanted))
        return told

    def forget(self, tickets: Sequence[str]) -> None:
        self.forgotten += tickets
        for ticket in tickets:
            self.under_way.pop(ticket, None)

    def fingerprint(self) -> str:
        return "clerk-1"

    def close(self) -> None:
        self.closed += 1


class Fields:
    """A few rows that a test moves from tick to tick."""

    def __init__(self, mind: object, rows: int = 1, *, seeds: Sequence[int] = (5,), clock=None, **settings) -> None:
        wanted = {"cadence": 1, "fallback": "stub", **settings}
        more = {} if clock is None else {"clock": clock}
        self.patience = Patience(mind, StubPolicy(), TOY, PatienceConfig(**wanted), name="clerk", **more)
        from townlet.api import stack_states

        self.state = stack_states([self.patience.initial_state(rows, seed) for seed in seeds])
        self.seen = ObservationBatch.empty(TOY, rows * len(seeds))
        self.seen.active[:] = True
        self.seen.action_mask[:] = True
        self.seen.features[:, 0] = 0.8
        self.seen.episode_start[:] = True

    def tick(self, *, explore: bool = False):
        decision = self.patience.decide(self.seen, self.state, explore=explore)
        self.state = decision.state
        self.seen.episode_start[:] = False
        return decision

    def ticks(self, count: int) -> list[list[int]]:
        return [self.tick().actions.tolist() for _ in range(count)]

    @property
    def ledger(self):
        from townlet.minds import Ledger

        arrays = self.state.arrays()
        return Ledger.of(arrays["tally"], arrays["cost"])
