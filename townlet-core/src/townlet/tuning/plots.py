"""Plots of a study: how the best trial improved, and what mattered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from townlet.evaluation.names import word
from townlet.evaluation.plots.style import COLOURS, drawn_alike, named, new_figure, title
from townlet.tuning.journal import Trial
from townlet.tuning.results import TuningResult
from townlet.tuning.space import OPTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["study_plot"]

_SHOWN = 16
"""Settings in the picture at most, those that mattered most."""


@drawn_alike()
def study_plot(result: TuningResult, trials: Sequence[Trial], *, maximise: bool) -> Figure:
    """Every trial with the best so far, and how much each setting mattered.

    Raises:
        UsageError: without matplotlib.
    """
    figure, (left, right) = new_figure(1, 2, width=5.4, height=3.8)
    _history(left, result, trials, maximise)
    _mattered(right, result)
    return figure


def _history(ax: Axes, result: TuningResult, trials: Sequence[Trial], maximise: bool) -> None:
    told = [trial for trial in trials if trial.objective is not None]
    for kept, colour, name in ((True, COLOURS[0], "meets the constraints"), (False, COLOURS[4], "does not")):
        some = [trial for trial in told if (trial.shortfall == 0.0) == kept]
        ax.plot(
            [t.number for t in some],
            [float(t.objective or 0.0) for t in some],
            ".",
            color=colour,
            markersize=4,
            label=name,
        )
    best: list[tuple[int, float]] = []
    for end in range(1, len(told) + 1):
        top = min(told[:end], key=lambda trial: trial.rank(maximise=maximise))
        best.append((told[end - 1].number, float(top.objective or 0.0)))
    ax.step(*zip(*best, strict=True), where="post", color=COLOURS[6], lw=1.2, label="best so far")
    heights = sorted(float(trial.objective or 0.0) for trial in told)
    spread = heights[-1] - heights[len(heights) // 4] or 1.0
    if maximise:  # the worst trials would take all the room
        ax.set_ylim(heights[len(heights) // 4] - 0.5 * spread, heights[-1] + 0.1 * spread)
    ax.set_xlabel("trial")
    ax.locator_params(axis="x", integer=True)
    ax.legend(frameon=False, fontsize=8, loc="lower right")
    title(ax, f"{word(result.objective)} on the towns tuned on")


def _mattered(ax: Axes, result: TuningResult) -> None:
    shown = [setting for setting in result.settings if setting.importance is not None][:_SHOWN]
    names = [named(setting.key.removeprefix(f"{OPTIONS}.")) for setting in shown]
    ax.barh(range(len(shown)), [setting.importance or 0.0 for setting in shown], color=COLOURS[0], height=0.6)
    ax.set_yticks(range(len(shown)), labels=names, fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("share of the whole")
    title(ax, "what mattered" if shown else "too few trials to say what mattered")
    if not shown:
        ax.set_axis_off()
