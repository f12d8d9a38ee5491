"""What a run is reported as: tables for people, one JSON document for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from townlet.cli.output import JSONValue, as_typed, counted, emit_json, warn
from townlet.cli.painting import VisibleConsole
from townlet.play import Provenance
from townlet.play.opening import warn_of_stub
from townlet.telemetry.kpis import uncounted
from townlet.visible import visible

if TYPE_CHECKING:
    from townlet.cli.town.session import TownRun

__all__ = ["document", "report"]

_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("self_sufficiency", "suffice", "{:.0%}"),
    ("mean_need", "need", "{:.2f}"),
    ("attendance", "attend", "{:.0%}"),
    ("late_share", "late", "{:.0%}"),
    ("wages", "wages", "{:.1f}"),
    ("finished_table", "meals", "{:.1f}"),
    ("finished_shower", "wash", "{:.1f}"),
    ("chats", "chats", "{:.1f}"),
    ("queue_conflicts", "pushes", "{:.2f}"),
    ("exits", "exits", "{:.2f}"),
    ("reward", "reward", "{:+.2f}"),
)
"""Key figure, heading, format. Shares are of agents or shifts, the rest is per agent and day."""

Rows = Mapping[str, tuple[Mapping[str, float], NDArray[np.float64]]]
"""Figures to show and the sums that they were made of, by the name of the row."""

_MOST_DAYS, _MOST_AGENTS, _WIDE = 14, 24, 160
"""Rows of the tables at most, and columns of text where there is no terminal."""


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
    console = VisibleConsole(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE  # there is no window, so no number is cut to fit one
    outcome, kpis = ran.outcome, ran.outcome.kpis
    share = kpis.ticks / kpis.day_ticks
    state = "failed at" if outcome.failure else "interrupted at" if outcome.interrupted else "ran to"
    console.print(
        f"[bold]{escape(outcome.job.config.name)}[/bold], seed {outcome.job.seeds[0]}: {state} tick {kpis.ticks:,} "
        f"({share:.2f} days) with {_mind(outcome.provenance)}, {outcome.timing.ticks_per_second:,.0f} ticks/s"
    )
    days = {f"day {int(day['day'])}": (day, kpis.days[d].sum(0)) for d, day in enumerate(kpis.per_day())}
    if days and kpis.ticks % kpis.day_ticks:
        last, figures = days.popitem()
        days[f"{last}, begun"] = figures
    if len(days) > _MOST_DAYS:
        kept = list(days)[-_MOST_DAYS:]
        console.print(f"the last {_MOST_DAYS} of {len(days)} days:")
        days = {name: days[name] for name in kept}
    console.print()
    _whole(console, _table({**days, "whole run": (kpis.summary(), kpis.agent_sums.sum((0, 1)))}, total=True))
    agents = {name: (row, kpis.agent_sums[0, a]) for a, (name, row) in enumerate(kpis.per_agent().items())}
    console.print()
    _whole(console, _table(dict(list(agents.items())[:_MOST_AGENTS])))
    if len(agents) > _MOST_AGENTS:
        console.print(f"and {counted(len(agents) - _MOST_AGENTS, 'more agent')}; --json has them all")
    console.print()
    console.print(
        "suffice: share of agents with no need ever at 0.3 or below; attend, late: shares of shifts, - before the "
        "first; need: mean level; all others per agent and day",
        style="dim",
    )
    for account in outcome.ledgers:
        console.print(f"{visible(account.mind)} was asked: {account.ledger.words()}", markup=False, soft_wrap=True)
    if outcome.dataset is not None:
        console.print(f"recorded: {outcome.dataset}", markup=False, soft_wrap=True)
    if ran.snapshots:
        console.print(
            f"snapshots: {len(ran.snapshots)}, the last one {ran.snapshots[-1]}", markup=False, soft_wrap=True
        )
        console.print(f"resume with:  townlet run --resume {as_typed(ran.snapshots[-1])}", markup=False, soft_wrap=True)
    for told in (outcome.provenance, *outcome.provenance.minds):
        if told.active == "stub" and told.is_fallback:
            warn(warn_of_stub(told))
        for text in told.warnings:
            warn(text)


def _mind(told: Provenance) -> str:
    if told.active == "stub" and told.is_fallback:
        return f"[bold red]the stub instead of {escape(visible(told.requested))}[/bold red]"
    return escape(visible(told.words()))


def _whole(console: VisibleConsole, table: Table) -> None:
    """Print the table as wide as it is: in a narrow window lines break, but no number is cut."""
    natural = Measurement.get(console, console.options.update(max_width=_WIDE), table).maximum
    window, console.width = console.width, max(console.width, natural)
    console.print(table, crop=False)
    console.width = window


def _table(rows: Rows, *, total: bool = False) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    table.add_column("", no_wrap=True)
    for _, heading, _ in _COLUMNS:
        table.add_column(heading, justify="right", no_wrap=True)
    for number, (name, (figures, sums)) in enumerate(rows.items()):
        if total and number == len(rows) - 1:
            table.add_section()
        unknown = uncounted(sums)
        table.add_row(
            escape(visible(name)), *("-" if key in unknown else form.format(figures[key]) for key, _, form in _COLUMNS)
        )
    return table
