"""What a run is reported as: tables for people, one JSON document for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from townlet.cli.output import JSONValue, as_typed, counted, emit, emit_json, warn
from townlet.cli.tables import emit_table
from townlet.play.opening import warn_of_stub
from townlet.telemetry.kpis import uncounted
from townlet.visible import visible

if TYPE_CHECKING:
    from townlet.cli.town.session import TownRun
    from townlet.telemetry.kpis import TownKpis

__all__ = ["document", "report"]

_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("reward", "reward", "{:+.2f}"),
    ("self_sufficiency", "self-sufficient", "{:.0%}"),
    ("mean_need", "mean need", "{:.2f}"),
    ("attendance", "attendance", "{:.0%}"),
    ("late_share", "late", "{:.0%}"),
    ("wages", "wages", "{:.1f}"),
    ("finished_table", "meals", "{:.1f}"),
    ("exits", "lives ended", "{:.2f}"),
    ("finished_shower", "showers", "{:.1f}"),
    ("chats", "chats", "{:.1f}"),
    ("queue_conflicts", "queue conflicts", "{:.2f}"),
)
"""Key figure, heading, format."""

_UNITS = """\
self-sufficient: share of agents whose needs all stayed above 0.3
mean need: 0 (starving) to 1; attendance: share of shifts; late: share of arrivals
wages: coins; it and all others are per agent and day; -: nothing to count yet"""

Rows = dict[str, tuple[Mapping[str, float], NDArray[np.float64]]]
"""Figures to show and the sums that they were made of, by the name of the row."""

_MOST_DAYS, _MOST_AGENTS = 14, 24
"""Rows at most."""


def report(ran: TownRun, *, as_json: bool) -> None:
    """Print the outcome: on stdout one JSON document, or tables."""
    if as_json:
        emit_json(document(ran))
    else:
        _print(ran)


def document(ran: TownRun) -> dict[str, JSONValue]:
    """The outcome as ``townlet run --json`` prints it."""
    outcome = ran.outcome
    return {
        "run_id": ran.run_id,
        "config_id": outcome.job.config.config_id,
        "seed": outcome.job.seeds[0],
        "first_tick": outcome.first_tick,
        "ticks": outcome.ticks,
        "interrupted": outcome.interrupted,
        "failure": None if outcome.failure is None else str(outcome.failure),
        "policy": outcome.provenance.to_json(),
        "kpis": outcome.kpis.summary(),
        "days": list(outcome.kpis.per_day()),
        "agents": dict(outcome.kpis.per_agent()),
        "ledger": [each.to_json() for each in outcome.ledgers],
        "recorded": None if outcome.dataset is None else str(outcome.dataset),
        "snapshots": [str(path) for path in ran.snapshots],
        "seconds": round(outcome.timing.seconds, 6),
        "ticks_per_second": round(outcome.timing.ticks_per_second, 3),
        "warnings": list(ran.warnings),
    }


def _print(ran: TownRun) -> None:
    outcome, kpis = ran.outcome, ran.outcome.kpis
    state = "failed at" if outcome.failure else _ended(ran)
    emit(
        f"{visible(outcome.job.config.name)}, seed {outcome.job.seeds[0]}: {state} tick {kpis.ticks:,} "
        f"({kpis.ticks / kpis.day_ticks:.2f} days) with {visible(outcome.provenance.words())}, "
        f"{outcome.timing.ticks_per_second:,.0f} ticks/s"
    )
    emit()
    _tables(kpis)
    emit()
    emit(_UNITS)
    for account in outcome.ledgers:
        emit(f"{visible(account.mind)} was asked: {account.ledger.words()}")
    if outcome.dataset is not None:
        emit(f"recorded: {outcome.dataset}")
    if ran.snapshots:
        emit(f"snapshots: {len(ran.snapshots)}, the last one {ran.snapshots[-1]}")
        emit(f"resume with:  townlet run --resume {as_typed(ran.snapshots[-1])}")
    for told in (outcome.provenance, *outcome.provenance.minds):
        if told.active == "stub" and told.is_fallback:
            warn(warn_of_stub(told))
        for text in told.warnings:
            warn(text)


def _ended(ran: TownRun) -> str:
    if ran.left:
        return "ended at"
    return "interrupted at" if ran.outcome.interrupted else "ran to"


def _tables(kpis: TownKpis) -> None:
    """The days and their whole, then the agents, in one table: the columns are the same."""
    days: Rows = {f"day {int(day['day'])}": (day, kpis.days[d].sum(0)) for d, day in enumerate(kpis.per_day())}
    if days and kpis.ticks % kpis.day_ticks:
        last, figures = days.popitem()
        days[f"{last}, begun"] = figures
    if len(days) > _MOST_DAYS:
        emit(f"the last {_MOST_DAYS} of {kpis.ticks // kpis.day_ticks:,} days:")
        days = {name: days[name] for name in list(days)[-_MOST_DAYS:]}
    agents: Rows = {name: (row, kpis.agent_sums[0, a]) for a, (name, row) in enumerate(kpis.per_agent().items())}
    shown = dict(list(agents.items())[:_MOST_AGENTS])
    rows = [_cells(name, *figures) for name, figures in days.items()]
    rows.append(_cells("whole run", kpis.summary(), kpis.agent_sums.sum((0, 1))))
    whole = len(rows)
    rows += [_cells(name, *figures) for name, figures in shown.items()]
    emit_table(("", *(heading for _, heading, _ in _COLUMNS)), rows, rules=(whole - 1, whole))
    if len(agents) > len(shown):
        emit(f"and {counted(len(agents) - len(shown), 'more agent')}; --json has them all")


def _cells(name: str, figures: Mapping[str, float], sums: NDArray[np.float64]) -> tuple[str, ...]:
    unknown = uncounted(sums)
    return name, *("-" if key in unknown else form.format(figures[key]) for key, _, form in _COLUMNS)
