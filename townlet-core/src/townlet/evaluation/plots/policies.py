"""How minds compare and how they learned: forest plots, learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from townlet.evaluation.names import higher_is_better, label
from townlet.evaluation.plots.style import COLOURS, drawn_alike, named, new_figure, title
from townlet.evaluation.results import EvaluationResult, PairwiseComparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Curve", "Gate", "comparison_plot", "estimates_plot", "learning_curves"]

BETTER, WORSE, NEITHER = COLOURS[2], COLOURS[1], "#777777"


@dataclass(frozen=True, slots=True)
class Curve:
    """One quantity over training: ``x`` and ``y`` float64 ``[P]``; ``unit`` is written on the axis."""

    title: str
    unit: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gate:
    """A decision during training: at ``x``, with its outcome (``PASS``, ``HOLD``, ``FAIL``)."""

    x: float
    outcome: str


@drawn_alike()
def comparison_plot(comparison: PairwiseComparison, names: Sequence[str]) -> Figure:
    """B minus A in units of A-and-B's spread over seeds, a row a figure: right of the line is more.

    Each row is scaled by the half-width of its own interval or its mean, whichever is larger, so that figures of
    different units share an axis; the numbers beside the rows are in the figure's own unit.
    """
    shown = [name for name in names if name in comparison.differences]
    figure, (ax,) = new_figure(width=8.4, height=0.42 * len(shown) + 1.3)
    for row, name in enumerate(shown):
        found = comparison.differences[name]
        scale = max(abs(found.mean), abs(found.high), abs(found.low), 1e-12)
        colour = {"better": BETTER, "worse": WORSE}.get(found.verdict, NEITHER)
        ax.plot([found.low / scale, found.high / scale], [row, row], color=colour, lw=2.5, solid_capstyle="butt")
        marker = {"better": "o", "worse": "s"}.get(found.verdict, "D")
        ax.plot(found.mean / scale, row, marker=marker, color=colour, markersize=7)
        text = f"{found.mean:+.3g}  [{found.low:+.3g}, {found.high:+.3g}]"
        ax.text(1.12, row, text, va="center", fontsize=8, color=colour, family="monospace")
    ax.axvline(0, color="black", lw=0.8)
    ax.set_yticks(range(len(shown)), labels=[_arrow(name) for name in shown])
    ax.invert_yaxis()
    ax.set_xlim(-1.08, 1.08)
    ax.set_xticks([-1, 0, 1], labels=["less", "no difference", "more"])
    for name, colour, marker in (("better", BETTER, "o"), ("worse", WORSE, "s"), ("no clear difference", NEITHER, "D")):
        ax.plot([], [], color=colour, marker=marker, label=name)
    ax.legend(frameon=False, ncols=3, loc="upper left", bbox_to_anchor=(0, -0.1 - 0.4 / max(len(shown), 1)), fontsize=8)
    title(ax, f"{named(comparison.b)} minus {named(comparison.a)}, 95 % intervals")
    return figure


@drawn_alike()
def estimates_plot(evaluations: Sequence[EvaluationResult], names: Sequence[str]) -> Figure:
    """Each policy's estimate with its interval, one small axes a figure."""
    columns = min(len(names), 3)
    figure, axes = new_figure(-(-len(names) // columns), columns, width=3.4, height=0.32 * len(evaluations) + 1.2)
    for index, (ax, name) in enumerate(zip(axes, names, strict=False)):
        for row, evaluation in enumerate(evaluations):
            found = evaluation.kpis[name]
            colour = COLOURS[row % len(COLOURS)]
            ax.plot([found.low, found.high], [row, row], color=colour, lw=3, solid_capstyle="butt")
            ax.plot(found.mean, row, "o", color=colour)
        labels = [named(e.policy) for e in evaluations] if index % columns == 0 else [""] * len(evaluations)
        ax.set_yticks(range(len(evaluations)), labels=labels)
        ax.set_ylim(len(evaluations) - 0.5, -0.5)
        if all(e.kpis[name].low == e.kpis[name].high == 0.0 for e in evaluations):
            ax.set_xlim(-0.05, 1.05)  # a scale around nothing would show thousandths of it
        title(ax, label(name))
    for ax in axes[len(names) :]:
        ax.set_visible(False)
    return figure


@drawn_alike()
def learning_curves(curves: Mapping[str, Sequence[Curve]], x_name: str, gates: Sequence[Gate] = ()) -> Figure:
    """Quantities over training, one axes a title, one line a run.

    Args:
        curves: name of a run to its curves; curves of the same title share an axes.
        x_name: what is counted along the axis, in whole numbers.
        gates: decisions to mark on every axes.
    """
    titles = list(dict.fromkeys(curve.title for run in curves.values() for curve in run))
    columns = min(max(len(titles), 1), 2)
    figure, axes = new_figure(-(-max(len(titles), 1) // columns), columns, width=4.8, height=2.5)
    for ax, quantity in zip(axes, titles, strict=False):
        unit = ""
        for colour, (run, mine) in zip(COLOURS, curves.items(), strict=False):
            for curve in mine:
                if curve.title == quantity:
                    dot = "o" if len(curve.x) == 1 else None  # a line of one point cannot be seen
                    ax.plot(curve.x, curve.y, color=colour, lw=1.4, marker=dot, label=named(run))
                    unit = curve.unit
        for gate in gates:
            colour = {"PASS": BETTER, "FAIL": WORSE}.get(gate.outcome, NEITHER)
            ax.axvline(gate.x, color=colour, lw=1, ls={"PASS": "-", "FAIL": ":"}.get(gate.outcome, "--"))
        title(ax, quantity)
        ax.set_ylabel(named(unit))
        ax.set_xlabel(named(x_name))
        ax.locator_params(axis="x", integer=True)
    for ax in axes[len(titles) :]:
        ax.set_visible(False)
    outcomes = list(dict.fromkeys(gate.outcome for gate in gates))
    for outcome in outcomes:
        colour = {"PASS": BETTER, "FAIL": WORSE}.get(outcome, NEITHER)
        axes[0].plot(
            [], [], color=colour, ls={"PASS": "-", "FAIL": ":"}.get(outcome, "--"), label=f"gate: {named(outcome)}"
        )
    if len(curves) > 1 or outcomes:
        axes[0].legend(frameon=False, fontsize=8)
    return figure


def _arrow(name: str) -> str:
    return f"{label(name)} {'(more is better)' if higher_is_better(name) else '(less is better)'}"
