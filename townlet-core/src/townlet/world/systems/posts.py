"""Posts: who works where, who may take a post over, who loses it."""

from __future__ import annotations

from townlet.world.chance import draw_index
from townlet.world.compiled import compiled
from townlet.world.names import EV_POST_TAKEN, EV_TAKEOVER, SHIFT_DUE, SHIFT_EXCUSED, SHIFT_OFF, STREAM_WORLD
from townlet.world.state import WorldState
from townlet.world.systems.ties import on_post_taken
from townlet.world.tables import Tables

__all__ = ["give_post", "hire", "leave_post", "post_here", "take_post"]


@compiled
def _covers(state: WorldState, tables: Tables, w: int, j: int) -> bool:
    """Whether the clock is inside the shift of post ``j``."""
    time = int(state.clock.tick[w]) % tables.rules.day_ticks
    return int(tables.posts.start[j]) <= time < int(tables.posts.end[j])


@compiled
def post_here(state: WorldState, tables: Tables, w: int, a: int, o: int) -> int:
    """The post that ``a`` would work in now at desk ``o``: its own; without one, a vacant or abandoned one; or -1."""
    agents = state.agents
    place = int(tables.map.object_place[o])
    if place < 0:
        return -1
    job = int(agents.job[w, a])
    if job >= 0:
        return job if tables.posts.desk[job] == o and _covers(state, tables, w, job) else -1
    for j in range(int(tables.posts.first[place]), int(tables.posts.first[place + 1])):
        if tables.posts.desk[j] != o or not _covers(state, tables, w, j):
            continue
        holder = int(state.posts.holder[w, j])
        if holder < 0:
            return j
        if (
            agents.shift_phase[w, holder] == SHIFT_DUE
            and int(agents.late_ticks[w, holder]) >= tables.rules.abandoned_after
        ):
            return j
    return -1


@compiled
def give_post(state: WorldState, tables: Tables, w: int, a: int, j: int) -> None:
    """Make ``a`` the holder of the vacant post ``j``; a shift already under way is not judged."""
    agents = state.agents
    state.posts.holder[w, j] = a
    agents.job[w, a] = j
    agents.absences[w, a] = 0
    agents.late_ticks[w, a] = 0
    agents.shift_worked[w, a] = 0
    agents.in_shift[w, a] = _covers(state, tables, w, j)
    agents.shift_phase[w, a] = SHIFT_EXCUSED if agents.in_shift[w, a] else SHIFT_OFF


@compiled
def leave_post(state: WorldState, w: int, a: int) -> None:
    """Make the post of ``a`` vacant, if it has one."""
    agents = state.agents
    job = int(agents.job[w, a])
    if job >= 0:
        state.posts.holder[w, job] = -1
    agents.job[w, a] = -1
    agents.in_shift[w, a] = False
    agents.on_site[w, a] = False
    agents.shift_phase[w, a] = SHIFT_OFF
    agents.late_ticks[w, a] = 0
    agents.shift_worked[w, a] = 0


@compiled
def take_post(state: WorldState, tables: Tables, w: int, a: int, j: int) -> None:
    """``a`` starts work in post ``j``; if it has no job, it takes the post over, and whoever held it resents that."""
    if state.agents.job[w, a] == j:
        return
    holder = int(state.posts.holder[w, j])
    if holder >= 0:
        leave_post(state, w, holder)
        state.events.amount[w, holder, EV_POST_TAKEN] += 1.0
        on_post_taken(state, w, a, holder)
    give_post(state, tables, w, a, j)
    state.agents.on_site[w, a] = True
    state.events.amount[w, a, EV_TAKEOVER] += 1.0


@compiled
def hire(state: WorldState, tables: Tables, w: int, a: int) -> None:
    """Give ``a`` one of the vacant posts near its home, by chance; none if all are taken."""
    of_home = tables.posts.of_home
    home = int(state.agents.home[w, a])
    vacant = 0
    for i in range(of_home.shape[1]):
        if of_home[home, i] >= 0 and state.posts.holder[w, int(of_home[home, i])] < 0:
            vacant += 1
    if vacant == 0:
        return
    chosen = draw_index(state.streams, w, STREAM_WORLD, vacant)
    for i in range(of_home.shape[1]):
        if of_home[home, i] >= 0 and state.posts.holder[w, int(of_home[home, i])] < 0:
            if chosen == 0:
                give_post(state, tables, w, a, int(of_home[home, i]))
                return
            chosen -= 1
