"""``Foreman``: gives work to workers, sees who is lost, and has their work done again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from townlet.config.execution import Mismatch
from townlet.errors import ExecutorError
from townlet.executors.crew import Crew, Hand, WorkerLostError, value_of
from townlet.executors.facts import Facts, facts_here, worker_differences
from townlet.executors.protocol import Headway, Watch, WorkerHeadway
from townlet.executors.worker import greet, tidy, warm

__all__ = ["Call", "Foreman"]

_TRIES = 4
"""Times that a piece of work is begun, each time after its worker was lost; it may be the piece that kills it."""
_LESS = (
    "if memory is short: fewer workers a machine (--workers), shorter towns (--days), or in training fewer towns a",
    "group (training.ppo.rollout.worlds)",
)
_GLANCE = 0.25
_FAREWELL = 3.0


@dataclass(frozen=True, slots=True)
class Call:
    """A piece of work.

    Attributes:
        function: of a module that workers have.
        arguments: given the worker, what it is called with.
        what: what people call it, such as ``piece 3``.
        ticks: town-ticks in it.
        place: number of the worker that does it if it can; None for any.
    """

    function: Callable[..., Any]
    arguments: Callable[[Hand], Sequence[Any]]
    what: str
    ticks: int = 0
    place: int | None = None


@dataclass(slots=True)
class _Post:
    """A worker's place."""

    number: int
    hand: Hand
    doing: str = "starting"
    call: int | None = None
    facts: Facts | None = None
    finished: int = 0
    label: str = field(default="")

    @property
    def free(self) -> bool:
        return self.doing == "waiting"


class Foreman:
    """Runs calls on the workers of a crew. Workers start when there is work, and stay until :meth:`close`.

    Args:
        crew: makes them.
        size: how many.
        mismatch: what happens to a worker that might give other results.
        start_seconds: how long the first one is waited for.
        say: is told what a person should know: differences that were let pass, workers that were lost, compiling.
    """

    def __init__(
        self, crew: Crew, size: int, *, mismatch: Mismatch, start_seconds: float, say: Callable[[str], None]
    ) -> None:
        self.crew = crew
        self.size = size
        self._mismatch = mismatch
        self._start_seconds = start_seconds
        self._say = say
        self._mine: Facts | None = None
        self._posts: dict[int, _Post] = {}
        self._lost = 0
        self._failed_starts = 0
        self._waited_since = 0.0
        self._told: set[str] = set()

    def run(
        self, calls: Sequence[Call], *, backends: frozenset[str] = frozenset(), watch: Watch | None = None
    ) -> Iterator[tuple[int, Any, Hand]]:
        """Do all of them. Gives number, result and worker of each when it is done, in any order.

        Whatever ends it early, an error of a call or the caller's own, ends what the workers are at.

        Args:
            calls: the work.
            backends: that it needs: a worker with other ones is refused before it is given any.
            watch: told how far it is.

        Raises:
            ExecutorError: no worker could be had, one differs, or a piece was lost too often.
        """
        waiting, tries, finished = list(range(len(calls))), Counter[int](), 0
        self._waited_since = time.monotonic()
        try:
            while finished < len(calls):
                self._hire(min(self.size, len(calls)), backends)
                self._assign(calls, waiting)
                for post in self._heard():
                    number = post.call
                    try:
                        value = value_of(post.hand.answer(), post.label)
                    except WorkerLostError as how:
                        self._mourn(post, how, calls, waiting, tries)
                        continue
                    if number is None:
                        self._greeted(post, value, backends)
                        continue
                    post.doing, post.call = "waiting", None
                    post.finished += 1
                    finished += 1
                    self._assign(calls, waiting)  # before the caller takes its time over the result
                    if watch is not None:  # whoever has all results may not come back for more
                        watch(self._headway(calls, waiting, finished))
                    yield number, value, post.hand
                    del value
                self._ask_for_patience()
                if watch is not None:
                    watch(self._headway(calls, waiting, finished))
        finally:
            for post in [post for post in self._posts.values() if post.call is not None]:
                self._dismiss(post)

    def staffed(self) -> tuple[int, ...]:
        """The places whose worker waits for work."""
        return tuple(sorted(number for number, post in self._posts.items() if post.free))

    def close(self) -> None:
        """End the workers, those that wait for work not without removing what they wrote."""
        idle = [post.hand for post in self._posts.values() if post.free]
        for hand in idle:
            hand.send(tidy, ())
        until = time.monotonic() + _FAREWELL
        while idle and time.monotonic() < until:
            gone = self.crew.wait(idle, 0.1)
            idle = [hand for hand in idle if hand not in gone]
        self._posts.clear()
        self.crew.close()

    # -- the steps of the loop

    def _hire(self, wanted: int, backends: frozenset[str]) -> None:
        for post in self._posts.values():
            if post.free:
                self._compare(post, backends)
        for number in range(wanted):
            if number not in self._posts:
                hand = self.crew.hire(number)
                self._posts[number] = _Post(number, hand, label=hand.name)
                hand.send(greet, ())

    def _assign(self, calls: Sequence[Call], waiting: list[int]) -> None:
        for post in self._posts.values():
            if not (post.free and waiting):
                continue
            mine = [n for n in waiting if calls[n].place in (None, post.number)]
            orphans = [n for n in waiting if not self._ready(calls[n].place)]
            for number in (*mine[:1], *orphans[:1]):
                waiting.remove(number)
                post.call, post.doing = number, calls[number].what
                post.hand.send(calls[number].function, calls[number].arguments(post.hand))
                break

    def _ready(self, place: int | None) -> bool:
        """Whether the worker that a call belongs to is there to do it, now or soon."""
        post = self._posts.get(-1 if place is None else place)
        return post is not None and post.doing not in ("starting", "compiling")

    def _heard(self) -> list[_Post]:
        asked = [post for post in self._posts.values() if not post.free]
        heard = self.crew.wait([post.hand for post in asked], _GLANCE)
        return [post for post in asked if post.hand in heard]

    def _greeted(self, post: _Post, value: Any, backends: frozenset[str]) -> None:
        if isinstance(value, Facts):
            post.facts = value
            post.label = f"{post.hand.name} on {value.node}"
            self._compare(post, backends)
            post.doing = "compiling"
            post.hand.send(warm, ())
            return
        if value > 1.0 and post.facts is not None and post.facts.node not in self._told:
            self._told.add(post.facts.node)
            self._say(f"{post.facts.node}: the rules of the town were compiled in {value:.0f} s, once for this machine")
        post.doing, self._failed_starts = "waiting", 0

    def _compare(self, post: _Post, backends: frozenset[str]) -> None:
        """Refuse a worker that might give other bytes than this process."""
        if self._mine is None:
            self._mine = facts_here()
        assert post.facts is not None
        found = worker_differences(self._mine, post.facts, backends)
        if not found:
            return
        if self._mismatch == "refuse":
            raise ExecutorError(
                f"{post.label} would not give the same results as this process",
                details=(
                    *found,
                    "install the same versions there, or let it pass, noted:  --set execution.mismatch=warn",
                ),
            )
        line = f"{post.label} may give other results: {'; '.join(found)}"
        if line not in self._told:
            self._told.add(line)
            self._say(line)

    def _mourn(
        self, post: _Post, how: WorkerLostError, calls: Sequence[Call], waiting: list[int], tries: Counter[int]
    ) -> None:
        """A worker was lost: its work is done again, by another one."""
        number = post.call
        self._dismiss(post)
        self._lost += 1
        if post.facts is not None:
            self._waited_since = time.monotonic()
        if number is None:
            self._failed_starts += 1
            if self._failed_starts >= _TRIES:
                raise ExecutorError(
                    "workers end as soon as they are started",
                    details=(f"the last one: {how}", self.crew.room(), *_LESS),
                )
            return
        tries[number] += 1
        if tries[number] >= _TRIES:
            raise ExecutorError(
                f"{calls[number].what} was given up: its worker was lost {tries[number]} times",
                details=(
                    f"the last one, {post.label}: {how}",
                    *_LESS,
                ),
            )
        waiting.insert(0, number)
        self._say(f"{post.label} was lost ({how}); {calls[number].what} is done again")

    def _dismiss(self, post: _Post) -> None:
        post.hand.end()
        self._posts.pop(post.number, None)

    def _ask_for_patience(self) -> None:
        """Give up where no worker came, at the beginning or in the place of those that were lost."""
        if any(post.facts is not None for post in self._posts.values()):
            return
        if time.monotonic() - self._waited_since > self._start_seconds:
            raise ExecutorError(
                f"no worker started within {self._start_seconds:g} s",
                details=(self.crew.room(), "ask for fewer or smaller workers, or wait longer: execution.start_seconds"),
            )

    def _headway(self, calls: Sequence[Call], waiting: Sequence[int], finished: int) -> Headway:
        told = [(post, 0 if post.call is None else post.hand.done()) for post in self._posts.values()]
        under_way = {post.call for post, _ in told if post.call is not None}
        rest = sum(calls[number].ticks for number in (*waiting, *under_way))
        total = sum(call.ticks for call in calls)
        workers = tuple(WorkerHeadway(post.label, post.doing, done, post.finished) for post, done in told)
        return Headway(
            done=total - rest + sum(done for _, done in told),
            total=total,
            pieces=finished,
            of=len(calls),
            workers=workers,
            lost=self._lost,
        )
