"""What must always hold of a state. Used by tests, by snapshots when they are read, and by ``townlet run --check``.

Each check is vectorised over worlds and says world, agent or object, and what is wrong. Nothing is repaired.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.world.names import ACTIONS, EVENTS, EXIT_REASONS, GOALS, SHIFT_EXCUSED
from townlet.world.state import QUEUE_PLACES, WorldState, state_fields
from townlet.world.tables import Tables

__all__ = ["check", "money_balance"]

_MOST = 20  # messages of one check


def check(state: WorldState, tables: Tables) -> list[str]:
    """Everything that is wrong with ``state`` in a town of ``tables``, in words; an empty list if nothing is."""
    problems = list(_numbers(state, tables))
    if problems:  # numbers out of range would only make the other checks fail on indices
        return problems
    problems += [*_presence(state, tables), *_activities(state, tables), *_queues(state, tables)]
    problems += [*_posts(state), *_ties(state)]
    return problems


def money_balance(before: NDArray[np.float32], state: WorldState) -> NDArray[np.float64]:
    """Coins that each agent gained in the last tick and no event explains, float64 ``[W, A]``; should be 0.

    Args:
        before: ``agents.money`` before the tick, float32 ``[W, A]``.
        state: the state after it.
    """
    amount = {name: state.events.amount[:, :, i].astype(np.float64) for i, name in enumerate(EVENTS)}
    explained = (
        amount["wages"] + amount["starter"] - (amount["spent"] + amount["rent"] + amount["fee"] + amount["lost"])
    )
    result: NDArray[np.float64] = state.agents.money.astype(np.float64) - before - explained
    return result


def _where(bad: NDArray[np.bool_], text: str, values: NDArray[Any] | None = None) -> Iterator[str]:
    """A message for each true entry: ``text`` with ``{1}``, ``{2}`` for its indices (0: world), ``{v}`` its value."""
    for index in np.argwhere(bad)[:_MOST]:
        place = tuple(int(i) for i in index)
        value = None if values is None else values[place]
        yield f"world {place[0]}: " + text.format(*place, v=value)


def _numbers(state: WorldState, tables: Tables) -> Iterator[str]:
    agents, map_table = state.agents, tables.map
    height, width = map_table.walkable.shape
    count, objects, posts = agents.present.shape[1], len(map_table.object_kind), len(tables.posts.place)
    for name, _, array in state_fields(state):
        if array.dtype.kind == "f":
            bad = ~np.isfinite(array)
            yield from _where(bad, name + " is not finite")
    ranges: list[tuple[str, NDArray[Any], float, float]] = [
        ("agents.hunger", agents.hunger, 0, 1),
        ("agents.energy", agents.energy, 0, 1),
        ("agents.hygiene", agents.hygiene, 0, 1),
        ("agents.money", agents.money, 0, 1e9),
        ("agents.groceries", agents.groceries, 0, 32_767),
        ("agents.meals", agents.meals, 0, 32_767),
        ("agents.personality", agents.personality, -1, 1),
        ("agents.y", agents.y, -1, height - 1),
        ("agents.x", agents.x, -1, width - 1),
        ("agents.job", agents.job, -1, posts - 1),
        ("agents.activity", agents.activity, -1, len(tables.affordances.facility) - 1),
        ("agents.activity_left", agents.activity_left, 0, 2**31 - 1),
        ("agents.activity_object", agents.activity_object, -1, objects - 1),
        ("agents.queue_object", agents.queue_object, -1, objects - 1),
        ("agents.push_cooldown", agents.push_cooldown, 0, 32_767),
        ("agents.chat_cooldown", agents.chat_cooldown, 0, 32_767),
        ("agents.faint_left", agents.faint_left, 0, 32_767),
        ("agents.shift_phase", agents.shift_phase, 0, SHIFT_EXCUSED),
        ("agents.attendance", agents.attendance, 0, 1),
        ("agents.last_action", agents.last_action, 0, len(ACTIONS) - 1),
        ("agents.goal", agents.goal, 0, len(GOALS) - 1),
        ("agents.goal_left", agents.goal_left, 0, tables.rules.ask_every),
        ("agents.exit_reason", agents.exit_reason, 0, len(EXIT_REASONS) - 1),
        ("agents.respawn_in", agents.respawn_in, 0, 32_767),
        ("agents.last_meal_object", agents.last_meal_object, -1, objects - 1),
        ("objects.user", state.objects.user, -1, count - 1),
        ("objects.queue", state.objects.queue, -1, count - 1),
        ("objects.queue_length", state.objects.queue_length, 0, QUEUE_PLACES),
        ("objects.grace", state.objects.grace, 0, tables.rules.grace_ticks),
        ("objects.stock", state.objects.stock, 0, 1e7),
        ("posts.holder", state.posts.holder, -1, count - 1),
        ("ties.other", state.ties.other, -1, count - 1),
        ("ties.trust", state.ties.trust, -1, 1),
        ("ties.familiarity", state.ties.familiarity, -1, 1),
        ("ties.rivalry", state.ties.rivalry, -1, 1),
        ("outside.meeting", state.outside.meeting, -1, count - 1),
        ("outside.prices", state.outside.prices, 0, 1e6),
        ("occupancy", state.occupancy, -1, count - 1),
        ("clock.tick", state.clock.tick, 0, 2**53),
    ]
    for name, array, low, high in ranges:
        bad = (array < low) | (array > high)
        yield from _where(bad, name + (" of {1}" if array.ndim > 1 else "") + " is {v}, out of range", array)
    if not np.array_equal(agents.home, np.broadcast_to(map_table.slot_home, agents.home.shape)):
        yield "agents.home is not that of the town"


def _presence(state: WorldState, tables: Tables) -> Iterator[str]:
    """One agent to a tile, on ground that can be walked on; empty slots hold nothing."""
    agents, occupancy = state.agents, state.occupancy
    worlds, count = agents.present.shape
    w, a = np.indices((worlds, count))
    y, x = agents.y, agents.x
    here = occupancy[w, y, x] == a
    yield from _where(agents.present & ~here, "agent {1} is not on the tile where it stands")
    closed = tables.map.walkable[y, x] == 0
    yield from _where(agents.present & closed, "agent {1} stands where nobody can")
    taken = (occupancy >= 0).sum(axis=(1, 2))
    for world in np.flatnonzero(taken != agents.present.sum(axis=1)):
        yield f"world {world}: {taken[world]} tiles are taken by {agents.present[world].sum()} agents"
    away = ~agents.present
    for name in ("y", "x", "job", "activity", "activity_object", "queue_object"):
        array: NDArray[Any] = getattr(agents, name)
        yield from _where(away & (array != -1), "the empty slot {1} has " + name)
    yield from _where(away & (agents.money != 0), "the empty slot {1} has money")
    yield from _where(~away & (agents.respawn_in != 0), "agent {1} lives and is to be replaced")
    idle = away | (agents.faint_left > 0)
    yield from _where(idle & (agents.goal_left != 0), "agent {1} pursues a goal, away or fainted")


def _activities(state: WorldState, tables: Tables) -> Iterator[str]:
    """Who uses an object is in reach of it and the only one; nothing goes on without what it needs."""
    agents, objects, affordances = state.agents, state.objects, tables.affordances
    w, a = np.indices(agents.present.shape)
    o, k = agents.activity_object, agents.activity
    busy = k >= 0
    yield from _where(busy != (o >= 0), "agent {1} has an activity without an object, or the reverse")
    yield from _where(busy & (agents.activity_left < 1), "agent {1} has an activity with no time left")
    wrong = busy & (objects.user[w, o] != a)
    yield from _where(wrong, "agent {1} uses object {v}, which somebody else uses", o)
    reach = tables.map.use_object[agents.y, agents.x]
    yield from _where(busy & (reach != o), "agent {1} uses object {v} out of reach", o)
    kind = affordances.facility[k] != tables.map.object_kind[o]
    yield from _where(busy & kind, "agent {1} does affordance {v} at another kind of facility", k)
    w, number = np.indices(objects.user.shape)
    user = objects.user
    yield from _where(
        (user >= 0) & (agents.activity_object[w, user] != number), "object {1} is held by agent {v}, who is idle", user
    )
    closed = objects.closed_until > state.clock.tick[:, None]
    yield from _where(closed & (user >= 0), "object {1} is closed and used by agent {v}", user)
    flags = affordances.flags[k]
    off = ((flags & 1) != 0) & ~state.outside.power[:, None] | ((flags & 2) != 0) & ~state.outside.water[:, None]
    yield from _where(busy & off, "agent {1} goes on through an outage")
    off_shift = busy & ((flags & 4) != 0) & ~agents.in_shift
    yield from _where(off_shift, "agent {1} works outside its shift")


def _queues(state: WorldState, tables: Tables) -> Iterator[str]:
    """Queues have no gaps and no doubles, and are told the same by agents and objects."""
    agents, objects = state.agents, state.objects
    places = np.arange(QUEUE_PLACES)
    filled = places < objects.queue_length[:, :, None]
    yield from _where((objects.queue >= 0) != filled, "the queue of object {1} has a gap at {2}")
    member = np.where(filled, objects.queue, 0)
    w, o, _ = np.indices(objects.queue.shape)
    elsewhere = filled & (agents.queue_object[w, member] != o)
    yield from _where(elsewhere, "agent {v} is in the queue of object {1} without knowing", member)
    waiting = (agents.queue_object >= 0).sum(axis=1)
    lengths = objects.queue_length.sum(axis=1)
    for world in np.flatnonzero(waiting != lengths):
        yield f"world {world}: {waiting[world]} agents queue in lines of {lengths[world]}"
    queueing = agents.queue_object >= 0
    reach = tables.map.use_object[agents.y, agents.x]
    far = queueing & (reach != agents.queue_object)
    yield from _where(far, "agent {1} queues for object {v} out of reach", agents.queue_object)
    both = queueing & (agents.activity >= 0)
    yield from _where(both, "agent {1} queues and is busy")


def _posts(state: WorldState) -> Iterator[str]:
    """A post has one holder, who knows it."""
    agents, holder = state.agents, state.posts.holder
    w, a = np.indices(agents.present.shape)
    if holder.shape[1]:
        wrong = (agents.job >= 0) & (holder[w, agents.job] != a)
        yield from _where(wrong, "agent {1} has the post {v} of another", agents.job)
        w, j = np.indices(holder.shape)
        held = (holder >= 0) & (agents.job[w, holder] != j)
        yield from _where(held, "post {1} is held by agent {v}, who works elsewhere", holder)
    idle = agents.in_shift & (agents.job < 0)
    yield from _where(idle, "agent {1} is in a shift without a job")


def _ties(state: WorldState) -> Iterator[str]:
    """Nobody has a tie to itself, to an empty slot, or two to one agent."""
    other = state.ties.other
    w, a, _ = np.indices(other.shape)
    yield from _where((other >= 0) & (other == a), "agent {1} has a tie to itself")
    gone = (other >= 0) & ~state.agents.present[w, other]
    yield from _where(gone, "agent {1} has a tie to the empty slot {v}", other)
    ordered = np.sort(other, axis=2)
    double = (ordered[:, :, 1:] == ordered[:, :, :-1]) & (ordered[:, :, 1:] >= 0)
    yield from _where(double, "agent {1} has two ties to agent {v}", ordered[:, :, 1:])
