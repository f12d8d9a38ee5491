"""What a run is reported as: tables for people, one JSON document for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from townlet.cli.output import JSONValue, as_typed, counted, emit_json, warn
from townlet.minds.activation import warn_of_stub
from townlet.telemetry.kpis import uncounted

if TYPE_CHECKING:
    from townlet.cli.town.run_session import RunResult

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


def report(result: RunResult, *, as_json: bool) -> None:
    """Print the outcome: on stdout one JSON document, or tables."""
    if as_json:
        emit_json(document(result))
    else:
        _print(result)


def document(result: RunResult) -> dict[str, JSONValue]:
    """The outcome as ``townlet run --json`` prints it."""
    per_second = result.ticks / result.seconds if result.seconds > 0 else 0.0
    return {
        "run_id": result.run_id,
        "config_id": result.config.config_id,
        "seed": result.seed,
        "first_tick": result.first_tick,
        "ticks": result.ticks,
        "interrupted": result.interrupted,
        "failure": None if result.failure is None else str(result.failure),
        "policy": dict(result.policy),
        "kpis": result.kpis.summary(),
        "days": list(result.kpis.per_day()),
        "agents": dict(result.kpis.per_agent()),
        "recorded": None if result.recorded is None else str(result.recorded),
        "snapshots": [str(path) for path in result.snapshots],
        "seconds": round(result.seconds, 6),
        "ticks_per_second": round(per_second, 3),
        "warnings": list(result.warnings),
    }


def _print(result: RunResult) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE  # nobody's window: a number must not be cut to fit one
    kpis = result.kpis
    share = kpis.ticks / kpis.day_ticks
    state = "failed at" if result.failure else "interrupted at" if result.interrupted else "ran to"
    console.print(
        f"[bold]{result.config.name}[/bold], seed {result.seed}: {state} tick {kpis.ticks:,} ({share:.2f} days) "
        f"with {_mind(result.policy)}, {result.ticks / max(result.seconds, 1e-9):,.0f} ticks/s"
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
    if result.recorded is not None:
        console.print(f"recorded: {result.recorded}", soft_wrap=True)
    if result.snapshots:
        console.print(f"snapshots: {len(result.snapshots)}, the last one {result.snapshots[-1]}", soft_wrap=True)
        console.print(f"go on with:  townlet run --resume {as_typed(result.snapshots[-1])}", soft_wrap=True)
    if result.policy.get("active") == "stub" and result.policy.get("requested") != "stub":
        warn(warn_of_stub(result.policy))


def _mind(policy: Mapping[str, object]) -> str:
    active, requested = str(policy.get("active")), str(policy.get("requested"))
    if active == "stub" and requested != "stub":
        return f"[bold red]the stub instead of {requested}[/bold red]"
    possessed = policy.get("possessed")
    return f"{requested}, {possessed[0]} possessed" if isinstance(possessed, list) else requested


def _whole(console: Console, table: Table) -> None:
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
        table.add_row(name, *("-" if key in unknown else form.format(figures[key]) for key, _, form in _COLUMNS))
    return table
