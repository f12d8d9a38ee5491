"""Shifts: who is due, on time, late or absent; what lateness costs; who loses the job."""

from __future__ import annotations

from townlet.world.compiled import compiled
from townlet.world.names import (
    EV_ABSENT,
    EV_ATTENDED,
    EV_FEE,
    EV_JOB_LOST,
    EV_LATE,
    EV_LATE_TICKS,
    EV_ON_TIME,
    FLAG_IN_SHIFT,
    SHIFT_DUE,
    SHIFT_EXCUSED,
    SHIFT_LATE,
    SHIFT_OFF,
    SHIFT_ON_TIME,
)
from townlet.world.state import WorldState
from townlet.world.systems.activities import stop_activity
from townlet.world.systems.posts import leave_post
from townlet.world.tables import Tables

__all__ = ["run_shifts"]


@compiled
def run_shifts(state: WorldState, tables: Tables, w: int) -> None:
    """Begin and end shifts by the clock, and take notice of who is there."""
    agents, posts = state.agents, tables.posts
    time = int(state.clock.tick[w]) % tables.rules.day_ticks
    for a in range(agents.present.shape[1]):
        job = int(agents.job[w, a])
        if job < 0:
            continue
        y, x = int(agents.y[w, a]), int(agents.x[w, a])
        agents.on_site[w, a] = tables.map.place_at[y, x] == posts.place[job]
        inside = int(posts.start[job]) <= time < int(posts.end[job])
        if inside and not agents.in_shift[w, a]:
            agents.in_shift[w, a] = True
            agents.shift_phase[w, a] = SHIFT_DUE
            agents.late_ticks[w, a] = 0
            agents.shift_worked[w, a] = 0
        if inside and agents.shift_phase[w, a] == SHIFT_DUE:
            _wait_for(state, tables, w, a)
        if not inside and agents.in_shift[w, a]:
            _end_shift(state, tables, w, a, job)


@compiled
def _wait_for(state: WorldState, tables: Tables, w: int, a: int) -> None:
    """One who is due: there now, or one tick later still."""
    agents, amount = state.agents, state.events.amount
    if not agents.on_site[w, a]:
        agents.late_ticks[w, a] += 1
        return
    late = int(agents.late_ticks[w, a])
    if late <= tables.rules.late_grace:
        agents.shift_phase[w, a] = SHIFT_ON_TIME
        amount[w, a, EV_ON_TIME] += 1.0
        return
    agents.shift_phase[w, a] = SHIFT_LATE
    amount[w, a, EV_LATE] += 1.0
    amount[w, a, EV_LATE_TICKS] += float(late)
    before = float(agents.money[w, a])
    agents.money[w, a] = max(0.0, before - tables.rules.late_fee)
    amount[w, a, EV_FEE] += before - float(agents.money[w, a])


@compiled
def _end_shift(state: WorldState, tables: Tables, w: int, a: int, job: int) -> None:
    """Work stops, the shift is judged, and too many absences in a row cost the job."""
    agents, amount, rules = state.agents, state.events.amount, tables.rules
    k = int(agents.activity[w, a])
    if k >= 0 and int(tables.affordances.flags[k]) & FLAG_IN_SHIFT != 0:
        state.events.finished[w, a] = k
        stop_activity(state, tables, w, a)
    length = int(tables.posts.end[job]) - int(tables.posts.start[job])
    attended = float(agents.shift_worked[w, a]) >= rules.attended_share * float(length)
    judged = agents.shift_phase[w, a] != SHIFT_EXCUSED
    agents.in_shift[w, a] = False
    agents.shift_phase[w, a] = SHIFT_OFF
    agents.late_ticks[w, a] = 0
    agents.shift_worked[w, a] = 0
    if not judged:
        return
    memory = rules.attendance_memory
    new = 1.0 if attended else 0.0
    agents.attendance[w, a] = memory * float(agents.attendance[w, a]) + (1.0 - memory) * new
    if attended:
        amount[w, a, EV_ATTENDED] += 1.0
        agents.absences[w, a] = 0
        return
    amount[w, a, EV_ABSENT] += 1.0
    agents.absences[w, a] += 1
    if agents.absences[w, a] >= rules.absences_allowed:
        leave_post(state, w, a)
        amount[w, a, EV_JOB_LOST] += 1.0
