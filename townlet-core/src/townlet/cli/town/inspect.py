"""``townlet inspect``: one agent at one recorded tick."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from townlet.cli.completing import policies
from townlet.cli.options import debug_option, json_option
from townlet.cli.output import counted, emit, emit_json, warn, window
from townlet.cli.ranges import WholeRange
from townlet.cli.tables import emit_table
from townlet.visible import visible

if TYPE_CHECKING:
    from townlet.api import PolicyBackendProtocol
    from townlet.data import Dataset
    from townlet.evaluation.inspection import Inspection

__all__ = ["command"]

_SHOWN_CHANGES = 8
_GLYPHS = {"wall": "#", "facility": "o", "agents": "@", "queue_or_occupied": "+"}


@click.command("inspect", epilog="Example:  townlet inspect runs/first --agent alice --tick 512")
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--agent", required=True, metavar="NAME", help="Agent to look at.")
@click.option("--tick", type=WholeRange(min=0), required=True, help="Tick to look at.")
@click.option("--world", type=WholeRange(min=0), default=0, show_default=True, help="Number of the recorded town.")
@click.option(
    "--policy",
    shell_complete=policies,
    default=None,
    metavar="SPEC",
    help="Policy to ask for its scores (default: the recorded one); 'none' shows no scores.",
)
@click.option("--all", "everything", is_flag=True, help="Also show features that are zero.")
@json_option
@debug_option
def command(
    dataset: Path, agent: str, tick: int, world: int, policy: str | None, everything: bool, as_json: bool
) -> None:
    """Show what an agent saw at a tick of DATASET, what it could do, did, and what happened next.

    The policy is asked again for its scores, for this one observation: a mind with memory may have known more.

    JSON keys: those of Inspection (docs/reference/results.md).
    """
    from townlet.data import open_dataset
    from townlet.evaluation.inspection import inspect_tick

    opened = open_dataset(dataset)
    mind = _mind(opened, agent, world, policy)
    found = inspect_tick(opened, agent=agent, tick=tick, world=world, policy=mind)
    if as_json:
        emit_json(found.model_dump(mode="json"))
    else:
        _show(found, everything=everything)


def _mind(dataset: Dataset, agent: str, world: int, asked: str | None) -> PolicyBackendProtocol | None:
    if asked == "none":
        return None
    from townlet.errors import TownletError
    from townlet.evaluation.inspection import open_mind, player_of

    name = asked or player_of(dataset, agent, world)
    try:
        return open_mind(dataset, name)
    except TownletError as error:
        if asked is not None:
            raise
        warn(f"the recorded policy {name!r} cannot be asked again, so there are no scores: {error.summary}")
        return None


def _show(found: Inspection, *, everything: bool) -> None:
    state = "" if found.active else "  (nobody lives in this slot)"
    start = "  (first tick of a life)" if found.episode_start else ""
    emit(f"{visible(found.agent)}, town {found.world}, tick {found.tick}{state}{start}\n")
    if found.map:
        emit("what it saw around it (@ someone, o a facility, # a wall, + taken; it stands in the middle)")
        emit("\n".join(f"  {line}" for line in _picture(found.map)) + "\n")
    rows = [(name, f"{value:.3f}") for name, value in found.features.items() if everything or value != 0.0]
    columns = 3 if (window() or 80) >= 80 else 1
    height = -(-len(rows) // columns)
    cells = [rows[c * height : (c + 1) * height] for c in range(columns)]
    lines = [
        tuple(part for column in cells for part in (column[r] if r < len(column) else (" ", " ")))
        for r in range(height)
    ]
    emit_table(("feature", "value") * columns, lines)
    hidden = len(found.features) - len(rows)
    if hidden:
        emit(f"and {counted(hidden, 'feature that is', 'features that are')} 0: --all shows them")
    emit()
    choices = sorted(found.choices, key=lambda c: (-(c.probability or 0.0), not c.possible))
    scored = any(c.probability is not None for c in choices)
    emit_table(
        ("action", "possible", *(("probability",) if scored else ()), ""),
        [
            (
                c.action,
                "yes" if c.possible else "no",
                *(("" if c.probability is None else f"{c.probability:.3f}",) if scored else ()),
                "<- taken" if c.taken else "",
            )
            for c in choices
        ],
    )
    value = "" if found.value is None else f"; expected return {found.value:.3f}"
    emit(f"\nit chose {found.action!r}{value}; reward {found.reward:+.4f}")
    parts = {name: part for name, part in found.reward_parts.items() if part}
    if parts:
        emit("  of that: " + ", ".join(f"{visible(name)} {part:+.4f}" for name, part in parts.items()))
    if found.terminated:
        emit("  its life ended with this action")
    if found.changed:
        emit("\nwhat changed by the next tick")
        shown = list(found.changed.items())[:_SHOWN_CHANGES]
        emit_table(("feature", "before", "after"), [(n, f"{a:.3f}", f"{b:.3f}") for n, (a, b) in shown])


def _picture(channels: dict[str, list[list[int]]]) -> list[str]:
    height, width = len(next(iter(channels.values()))), len(next(iter(channels.values()))[0])
    cells = [["." for _ in range(width)] for _ in range(height)]
    for name, glyph in _GLYPHS.items():
        for y, line in enumerate(channels.get(name, [])):
            for x, value in enumerate(line):
                if value:
                    cells[y][x] = glyph
    cells[height // 2][width // 2] = "@"
    return [" ".join(line) for line in cells]
