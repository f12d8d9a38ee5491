"""Level 3: masks, empty slots, births, and one row's independence of the others."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from townlet.api import ObservationBatch, PolicyState
from townlet.envs import Engine
from townlet.errors import BackendContractError
from townlet.testing.check import Check, CheckFailure, CheckSkip, collect, expect
from townlet.testing.observations import draw_batch, draw_episode, read_only
from townlet.testing.subject import TOWN_TICKS, Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(3, "semantics", CHECKS)


@check("A town in which nobody lives is answered like any other.", after=("protocol.decision-has-the-right-shape",))
def an_empty_town_is_answered(subject: Subject) -> None:
    policy = subject.policy()
    state = policy.initial_state(4, 0)
    for explore in (False, True):
        state = policy.decide(ObservationBatch.empty(subject.spec, 4), state, explore=explore).state


@check(
    "An action that is masked is never chosen, greedily or exploring.", after=("semantics.an-empty-town-is-answered",)
)
def masked_actions_are_never_chosen(subject: Subject) -> None:
    policy = subject.policy()

    @settings(max_examples=25, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**31), st.integers(1, 24), st.booleans())
    def ask(seed: int, rows: int, explore: bool) -> None:
        state = policy.initial_state(rows, seed)
        for tick, batch in enumerate(draw_episode(subject.spec, rows, 4, seed)):
            decision = policy.decide(batch, state, explore=explore)
            state = decision.state
            legal = batch.action_mask[np.arange(rows), decision.actions] | ~batch.active
            if not legal.all():
                row = int((~legal).argmax())
                name = subject.spec.action_names[int(decision.actions[row])]
                expect(False, f"row {row} chose {name!r} at tick {tick} (explore={explore}) though it was masked")

    ask()


@check("A row that nobody lives in takes action 0.", after=("semantics.an-empty-town-is-answered",))
def empty_rows_wait(subject: Subject) -> None:
    policy = subject.policy()
    for explore, empty in ((False, 0.5), (True, 0.5), (True, 1.0)):
        batch = draw_batch(subject.spec, 32, seed=5, starts=0.2, empty=empty)
        decision = policy.decide(batch, policy.initial_state(32, 0), explore=explore)
        busy = decision.actions[~batch.active]
        expect(not busy.any(), f"{int((busy != 0).sum())} of {len(busy)} empty rows did something")


@check("Observations are not written into.", after=("protocol.decision-has-the-right-shape",))
def observations_are_not_written_into(subject: Subject) -> None:
    policy = subject.policy()
    batch = draw_batch(subject.spec, 16, seed=2, starts=0.3, empty=0.2)
    before = batch.copy()
    policy.decide(batch, policy.initial_state(16, 0), explore=True)
    for name in ("map", "features", "action_mask", "active", "episode_start"):
        same = np.array_equal(getattr(batch, name), getattr(before, name))
        expect(same, f"decide changed observations.{name} in place; work on a copy")
    policy.decide(read_only(batch), policy.initial_state(16, 0), explore=True)


@check(
    "Permuting the rows permutes the actions: a row does not depend on its place among others.",
    after=("protocol.decision-has-the-right-shape",),
)
def row_order_does_not_matter(subject: Subject) -> None:
    policy = subject.policy()
    order = np.random.Generator(np.random.PCG64(9)).permutation(24)
    for explore in (False, True):
        straight, shuffled = policy.initial_state(24, 4), _pick(policy.initial_state(24, 4), order)
        for batch in draw_episode(subject.spec, 24, 6, seed=21):
            a = policy.decide(batch, straight, explore=explore)
            b = policy.decide(batch.take(order), shuffled, explore=explore)
            wrong = np.flatnonzero(a.actions[order] != b.actions)
            expect(
                not len(wrong),
                f"{len(wrong)} of 24 rows chose otherwise when the rows stood in another order (explore={explore})",
            )
            straight, shuffled = a.state, b.state


@check(
    "A row chooses the same alone and among others.",
    after=("semantics.an-empty-town-is-answered", "semantics.row-order-does-not-matter"),
)
def a_row_alone_chooses_the_same(subject: Subject) -> None:
    policy = subject.policy()
    together, alone = policy.initial_state(12, 4), _pick(policy.initial_state(12, 4), np.array([7]))
    for batch in draw_episode(subject.spec, 12, 6, seed=33):
        a = policy.decide(batch, together, explore=True)
        b = policy.decide(batch.take(slice(7, 8)), alone, explore=True)
        expect(int(a.actions[7]) == int(b.actions[0]), "row 7 chose otherwise when it was asked alone")
        together, alone = a.state, b.state


@check(
    "A newcomer starts afresh: episode_start voids the row's memory (its random stream goes on).",
    after=("protocol.decision-has-the-right-shape",),
)
def births_void_memory(subject: Subject) -> None:
    policy = subject.policy()
    first = draw_batch(subject.spec, 16, seed=100, starts=1.0)
    second = draw_batch(subject.spec, 16, seed=101, starts=1.0)
    later = draw_batch(subject.spec, 16, seed=102)
    lived = policy.initial_state(16, 4)
    for batch in (first, *(draw_batch(subject.spec, 16, seed=200 + i) for i in range(5))):
        lived = policy.decide(batch, lived).state
    newborn = policy.initial_state(16, 4)
    for batch in (second, later):
        a = policy.decide(batch, lived)
        b = policy.decide(batch, newborn)
        wrong = int((a.actions != b.actions).sum())
        expect(not wrong, f"{wrong} of 16 newcomers acted on what their predecessors had seen")
        lived, newborn = a.state, b.state


@check(
    "A town in which people die and are born can be lived in: the engine takes every action.",
    after=(
        "semantics.masked-actions-are-never-chosen",
        "semantics.empty-rows-wait",
        "semantics.observations-are-not-written-into",
    ),
)
def a_real_town_goes_on(subject: Subject) -> str:
    town, policy = _town(subject), subject.policy()
    state = policy.initial_state(town.rows, 4)
    deaths = births = 0
    for tick in range(TOWN_TICKS):
        batch = town.observe()
        births += int(batch.episode_start.sum()) if tick else 0
        decision = policy.decide(batch, state, explore=bool(tick % 2))
        state = decision.state
        try:
            deaths += int(town.step(decision.actions).terminated.sum())
        except BackendContractError as error:
            raise CheckFailure(f"the town refused an action: {error}") from error
    if not (deaths and births):
        raise CheckSkip(f"the town was too peaceful: {deaths} lives ended and {births} began in {TOWN_TICKS} ticks")
    return f"{deaths} lives ended and {births} began in {TOWN_TICKS} ticks"


@check(
    "Observations are not kept: they are views of buffers that the town writes into next.",
    after=("semantics.a-real-town-goes-on", "semantics.births-void-memory"),
)
def observations_are_not_kept(subject: Subject) -> None:
    town, policy = _town(subject), subject.policy()
    views, copies = policy.initial_state(town.rows, 4), policy.initial_state(town.rows, 4)
    for tick in range(TOWN_TICKS // 2):
        batch = town.observe()
        apart = policy.decide(batch.copy(), copies)
        decision = policy.decide(batch, views)
        wrong = int((apart.actions != decision.actions).sum())
        expect(
            not wrong,
            f"{wrong} of {town.rows} rows chose otherwise at tick {tick} than on copies of the same observations: "
            "the state holds a view of them; copy what you remember",
        )
        views, copies = decision.state, apart.state
        town.step(decision.actions)


def _town(subject: Subject) -> Engine:
    if subject.town is None:
        raise CheckSkip("no town has these observations")
    town = subject.town()
    if town.spec.fingerprint() != subject.spec.fingerprint():
        raise CheckSkip("the town has other observations than the policy is made for")
    return town


def _pick(state: PolicyState, rows: NDArray[np.int64]) -> PolicyState:
    return state.with_arrays({name: array[rows].copy() for name, array in state.arrays().items()})
